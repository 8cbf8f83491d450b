"""The one place that imports psycopg, which is an optional package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store import digests
from remem.store.errors import (
    CorruptStore,
    InvalidInput,
    MissingDependency,
    RememError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    UpstreamError,
)
from remem.store.spaces import Meta, meta_of, to_json
from remem.store.types import Space

__all__ = ["Connection", "Cursor", "conninfo", "errors", "psycopg", "psycopg_pool"]


try:
    import psycopg
    import psycopg_pool
    from psycopg import Connection, Cursor, conninfo, errors
except ImportError as missing:
    raise MissingDependency("a store in PostgreSQL", "'remem[postgres]'") from missing


# PostgreSQL's errors in our words.
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
    """True if the connection was lost, so that the request may be repeated on another one."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError)
    return state.startswith("08") or state in _GONE


def try_again(error: psycopg.Error) -> bool:
    """True if the same request can succeed at once: two transactions were in each other's way, or a
    reindex dropped the vectors that a search was about to read."""
    return isinstance(
        error, (errors.SerializationFailure, errors.DeadlockDetected, errors.UndefinedTable)
    )


def translated(error: psycopg.Error, url: str) -> RememError:
    """The same error as one of ours, which says what to do about it.

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


# Strings as PostgreSQL can hold them: its text knows every character but NUL.
#
# NUL becomes U+0001 U+0001, and U+0001 itself U+0001 U+0002. Texts without them, which is nearly
# all, stay as they are, and no two strings change their order.
def escape(text: str) -> str:
    """The text without NUL."""
    if "\x00" not in text and "\x01" not in text:
        return text
    return text.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")


def unescape(text: str) -> str:
    """The text that was escaped."""
    if "\x01" not in text:
        return text
    return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def escape_all(values: Iterable[Any]) -> list[Any]:
    """Values of a row, those that are strings escaped."""
    return [escape(value) if isinstance(value, str) else value for value in values]


def unescape_all(values: Iterable[Any]) -> list[Any]:
    """Values of a row, those that are strings as they were."""
    return [unescape(value) if isinstance(value, str) else value for value in values]


# Rows in bulk, by COPY in its binary format.
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"


def copy_rows(
    connection: Connection[Any],
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Append rows to a table; no rows are not worth a request.

    Args:
        columns: Name and type of each column of ``rows``.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    names = ", ".join(name for name, _ in columns)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in chain([first], rows):
            copy.write_row(row)


def copy_vectors(
    connection: Connection[Any],
    table: str,
    namespace: int,
    ids: Sequence[int],
    live: NDArray[np.bool_],
    vectors: NDArray[np.float32],
) -> None:
    """Append vectors, shape (n, dim), to a table of (namespace, record, live, vector, digest)."""
    dim = vectors.shape[1]
    # A row is the number of its fields, then each field behind its length. Laid out by NumPy this
    # takes 9 microseconds a vector of 384 dimensions; as text it would take 100.
    layout = np.dtype(
        [
            *[("fields", ">i2"), ("n1", ">i4"), ("namespace", ">i4"), ("n2", ">i4")],
            *[("record", ">i8"), ("n3", ">i4"), ("live", "i1"), ("n4", ">i4")],
            *[("dim", ">i2"), ("unused", ">i2"), ("vector", ">f2", (dim,))],
            *[("n5", ">i4"), ("digest", f"V{digests.SIZE}")],
        ]
    )
    rows = np.zeros(len(ids), layout)
    rows["fields"], rows["n1"], rows["n2"], rows["n3"], rows["n4"] = 5, 4, 8, 1, 4 + 2 * dim
    rows["namespace"], rows["record"], rows["live"] = namespace, ids, live
    rows["dim"], rows["vector"], rows["n5"] = dim, vectors, digests.SIZE
    rows["digest"] = [
        digests.of_bytes(i, vector.tobytes()) for i, vector in zip(ids, rows["vector"], strict=True)
    ]
    copy_packed(connection, f"{table} (namespace, record, live, vector, digest)", rows.tobytes())


def copy_packed(connection: Connection[Any], columns: str, rows: bytes) -> None:
    """Append rows that are laid out as COPY takes them.

    Args:
        columns: The table and, in brackets, its columns.
    """
    statement = f"COPY {columns} FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER + rows + _END)


def digest_of_halves(record: int, sent: bytes) -> bytes:
    """The digest of a record's vector, from what ``halfvec_send`` gives for it."""
    return digests.of_bytes(record, sent[4:])


def halves(sent: Sequence[bytes], dim: int) -> NDArray[np.float32]:
    """Vectors, shape (n, dim), from what ``halfvec_send`` gives for each."""
    return (
        np.frombuffer(b"".join(data[4:] for data in sent), ">f2")
        .astype(np.float32)
        .reshape(-1, dim)
    )


# Facts about the store as a whole, and the heads of its namespaces.

META = "(SELECT coalesce(json_object_agg(name, value), '{}') FROM remem.meta)"
"""SQL expression for the rows of the table ``meta``, as JSON that ``meta_of`` takes."""


def read_meta(connection: Connection[Any]) -> Meta:
    """Read the table ``meta``."""
    return meta_of(dict(connection.execute("SELECT name, value FROM remem.meta").fetchall()))


def write_space(connection: Connection[Any], space: Space, generation: int) -> None:
    """Make ``generation`` the one in use."""
    _put(connection, "space", to_json(space))
    _put(connection, "generation", str(generation))


def write_next(connection: Connection[Any], space: Space) -> None:
    """Say what the next generation is filled with."""
    _put(connection, "next_space", to_json(space))


def clear_next(connection: Connection[Any]) -> None:
    """Say that no generation is being filled."""
    connection.execute("DELETE FROM remem.meta WHERE name = 'next_space'")


def namespace_id(connection: Connection[Any], name: str) -> int | None:
    """The number of a namespace; None if it is unknown."""
    row = connection.execute("SELECT id FROM remem.namespaces WHERE name = %s", [name]).fetchone()
    return row and int(row[0])


@dataclass(frozen=True, slots=True)
class Opened:
    """A namespace that a writer has for itself.

    Attributes:
        number: Of the namespace.
        ids: Of records to come, ascending; nobody else has them.
    """

    number: int
    name: str
    meta: Meta
    ids: Sequence[int]


def open_namespace(connection: Connection[Any], name: str, coming: int) -> Opened:
    """A namespace, made if it is new, locked until the transaction ends.

    Args:
        coming: How many records may be added to it.
    """
    while True:
        row = connection.execute(
            f"""SELECT id, {META},
                    ARRAY(SELECT nextval('remem.record_ids') FROM generate_series(1, %s))
                FROM remem.namespaces WHERE name = %s FOR UPDATE""",
            [coming, name],
        ).fetchone()
        if row is not None:
            return Opened(row[0], name, meta_of(row[1]), row[2])
        connection.execute(
            "INSERT INTO remem.namespaces (name) VALUES (%s) ON CONFLICT DO NOTHING", [name]
        )


def namespaces(connection: Connection[Any]) -> list[tuple[str, int]]:
    """Names, sorted, and numbers of all namespaces that hold records."""
    rows = connection.execute(
        """SELECT name, id FROM remem.namespaces n
            WHERE EXISTS (SELECT FROM remem.records WHERE namespace = n.id) ORDER BY name"""
    )
    return rows.fetchall()


def lock_namespace(connection: Connection[Any], namespace: int) -> None:
    """Keep all other writers out of a namespace until the transaction ends."""
    connection.execute("SELECT FROM remem.namespaces WHERE id = %s FOR UPDATE", [namespace])


def _put(connection: Connection[Any], name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO remem.meta VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET "
        "value = excluded.value",
        [name, value],
    )
