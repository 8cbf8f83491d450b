"""The log that derived indexes follow, and the state of a namespace that goes with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from store.embedded.arrays import Ids
from store.embedded.inserting import insert
from store.embedded.records import fetch_ids
from store.errors import CorruptStore

__all__ = [
    "State",
    "any_between",
    "append",
    "create",
    "mark_purged",
    "name_of",
    "purges_finished",
    "read_state",
    "touched",
    "trim",
    "unfinished_purges",
]


@dataclass(frozen=True, slots=True)
class State:
    """Where a namespace stands; see ``schema`` for the columns."""

    id: int
    seq: int
    trimmed: int
    purged: int


def read_state(connection: sqlite3.Connection, namespace: str) -> State | None:
    """The state of a namespace, None if nothing was ever written to it."""
    row = connection.execute(
        "SELECT id, seq, trimmed, purged FROM namespaces WHERE name = ?", (namespace,)
    ).fetchone()
    if row is not None and not all(isinstance(number, int) for number in row):
        raise CorruptStore(
            f"the log of the namespace {namespace!r} is damaged: restore a backup or an export"
        )
    return None if row is None else State(*row)


def name_of(connection: sqlite3.Connection, namespace: int) -> str:
    """The name of a namespace that there is."""
    row = connection.execute("SELECT name FROM namespaces WHERE id = ?", (namespace,)).fetchone()
    return str(row[0])


def create(connection: sqlite3.Connection, namespace: str) -> State:
    """The state of a namespace, made if it is new."""
    connection.execute("INSERT OR IGNORE INTO namespaces (name) VALUES (?)", (namespace,))
    state = read_state(connection, namespace)
    assert state is not None  # inserted above, in the same transaction
    return state


def append(connection: sqlite3.Connection, namespace: int, ids: Sequence[int]) -> int:
    """Log that these records changed; the number of the first of these changes, which follow each
    other: nobody else writes while a transaction does."""
    values = list(chain.from_iterable(zip(repeat(namespace), ids)))
    insert(connection, "INSERT INTO changes (namespace, record)", 2, values)
    connection.execute(
        "UPDATE namespaces SET seq = coalesce("
        "(SELECT max(seq) FROM changes WHERE namespace = :id), seq) WHERE id = :id",
        {"id": namespace},
    )
    (last,) = connection.execute("SELECT seq FROM namespaces WHERE id = ?", (namespace,)).fetchone()
    return int(last) - len(ids) + 1


def any_between(connection: sqlite3.Connection, namespace: int, since: int, before: int) -> bool:
    """Whether the log has changes after ``since`` and before ``before``."""
    row = connection.execute(
        "SELECT 1 FROM changes WHERE namespace = ? AND seq > ? AND seq < ? LIMIT 1",
        (namespace, since, before),
    ).fetchone()
    return row is not None


def touched(connection: sqlite3.Connection, namespace: int, since: int) -> Ids:
    """Ids of the records that changed after ``since``, ascending, each once."""
    return fetch_ids(
        connection,
        "SELECT DISTINCT record AS id FROM changes WHERE namespace = ? AND seq > ?",
        (namespace, since),
    )


def trim(connection: sqlite3.Connection, namespace: int, through: int) -> None:
    """Drop the log up to ``through``. Who has not followed it that far starts from a snapshot."""
    connection.execute("DELETE FROM changes WHERE namespace = ? AND seq <= ?", (namespace, through))
    connection.execute(
        "UPDATE namespaces SET trimmed = max(trimmed, ?) WHERE id = ?", (through, namespace)
    )


def mark_purged(connection: sqlite3.Connection, namespace: int) -> None:
    """Note that traces of what was just deleted must be removed from all files.

    A namespace that is left empty goes too: its name may be a person's.
    """
    connection.execute("UPDATE namespaces SET purged = seq WHERE id = ?", (namespace,))
    connection.execute(
        "INSERT OR REPLACE INTO purges SELECT id, seq FROM namespaces WHERE id = ?", (namespace,)
    )
    empty = "NOT EXISTS (SELECT 1 FROM records WHERE namespace = ?)"
    connection.execute(f"DELETE FROM changes WHERE namespace = ? AND {empty}", (namespace,) * 2)
    connection.execute(f"DELETE FROM namespaces WHERE id = ? AND {empty}", (namespace,) * 2)


def unfinished_purges(connection: sqlite3.Connection) -> dict[int, int]:
    """Id of each namespace whose files may hold traces of purged records -> its newest purge."""
    return dict(connection.execute("SELECT namespace, seq FROM purges"))


def purges_finished(connection: sqlite3.Connection, purges: Mapping[int, int]) -> None:
    """Note that no file holds traces of these any more; a later purge stays to be done."""
    connection.executemany("DELETE FROM purges WHERE namespace = ? AND seq = ?", purges.items())
