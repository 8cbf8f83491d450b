"""PostgreSQL's errors in our words."""

from __future__ import annotations

from store.errors import (
    CorruptStore,
    InvalidInput,
    RememError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    UpstreamError,
)
from store.postgres.driver import errors, psycopg

__all__ = ["connection_was_lost", "translated", "try_again"]

_GONE = (
    *("57P01", "57P02", "57P03"),  # the server is stopping, has crashed, or is starting
    *("57P05", "25P03"),  # it closed a connection that was silent for too long
)

_CANCELLED = "{url} cancelled the request ({reason}); raise its time-out"

_SENTENCES: dict[str, tuple[type[RememError], str]] = {
    "53100": (StoreFull, "the disk of {url} is full: make space on the server and try again"),
    "25006": (
        StoreReadOnly,
        "{url} takes no writes, as a replica or by its settings: give the URL of the primary",
    ),
    "42501": (
        StoreReadOnly,
        "the user of {url} lacks a right ({reason}): have the owner grant it, or connect as owner",
    ),
    "55P03": (StoreLocked, "another writer kept {url} busy for too long; try again later"),
    "53300": (
        UpstreamError,
        "{url} has no connection left: raise max_connections or put a pooler in front of it",
    ),
    "54000": (
        InvalidInput,
        "a name is too long for PostgreSQL ({reason}): keep names below 1,300 bytes",
    ),
    "XX001": (CorruptStore, "{url} is damaged ({reason}): restore a backup or an export"),
    "XX002": (CorruptStore, "an index of {url} is damaged ({reason}): run REINDEX DATABASE there"),
    "42P01": (CorruptStore, "{url} lacks a table ({reason}): restore a backup or an export"),
    "57014": (StoreLocked, _CANCELLED),
    "25P04": (StoreLocked, _CANCELLED),
}


def connection_was_lost(error: psycopg.Error) -> bool:
    """Whether the request may be repeated on another connection."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state.startswith("08") or state in _GONE


def try_again(error: psycopg.Error) -> bool:
    """Whether the same request can succeed at once: two transactions were in each other's way, or
    a reindex dropped the vectors that a search was about to read."""
    return isinstance(
        error, (errors.SerializationFailure, errors.DeadlockDetected, errors.UndefinedTable)
    )


def translated(error: psycopg.Error, url: str) -> RememError:
    """What went wrong, and what to do about it.

    Args:
        url: Of the database, without a password.
    """
    reason = str(error.diag.message_primary or error).strip().replace("\n", " ")
    if connection_was_lost(error):
        return _unreachable(reason, url)
    kind, sentence = _SENTENCES.get(
        error.sqlstate or "",
        (RememError, "{url}: PostgreSQL refused the request ({reason}); please report this"),
    )
    return kind(sentence.format(url=url, reason=reason))


def _unreachable(reason: str, url: str) -> UpstreamError:
    # libpq gives connection errors no code, only words.
    if "password" in reason:
        return UpstreamError(f"{url} refused the password: put the right one into the URL")
    if "does not exist" in reason and "database" in reason:
        return UpstreamError(f"there is no database at {url}: create it with createdb")
    return UpstreamError(
        f"no PostgreSQL server answers at {url} ({reason}): start it, or correct the URL"
    )
