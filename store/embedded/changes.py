"""The log that derived indexes follow, and the state of a namespace that goes with it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from remem.store.arrays import Halves, Ids
from remem.store.embedded.database import insert
from remem.store.embedded.records import fetch_ids
from remem.store.errors import CorruptStore


@dataclass(frozen=True, slots=True)
class State:
    """State of a namespace; see ``schema`` for the columns."""

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
    """True if the log has changes after ``since`` and before ``before``."""
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


# What this process has just written, so that its indexes need not read it back.
#
# Reading a record's texts and vectors takes as long as indexing them. This is a shortcut and
# nothing else: an index takes what is kept here only where the log says that nothing came in
# between, and reads whatever is not kept.

_MOST = 32_768
"""Records kept at a time, over all namespaces: some 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """Records that one transaction added.

    Attributes:
        namespace: Id of theirs.
        generation: Of their vectors.
        first, last: The first and the last change that the log has of it; those in between too.
        ids: Shape (n,); without those of records that are history from the beginning.
        vectors: Unit vectors, float16, shape (n, views, dim).
        texts: For each view n texts.
    """

    namespace: int
    generation: int
    first: int
    last: int
    ids: Ids
    vectors: Halves
    texts: Mapping[str, Sequence[str]]


class Additions:
    """Those that are kept. Thread-safe."""

    def __init__(self) -> None:
        self._kept: dict[int, list[Addition]] = {}  # by namespace
        self._records = 0
        self._guard = threading.Lock()

    def keep(self, addition: Addition) -> None:
        """Keep one until it is taken; if there are too many, forget what was kept before."""
        with self._guard:
            if self._records + len(addition.ids) > _MOST:
                self._kept, self._records = {}, 0
            self._kept.setdefault(addition.namespace, []).append(addition)
            self._records += len(addition.ids)

    def take(self, namespace: int, through: int) -> list[Addition]:
        """A namespace's additions up to a change, oldest first, which are no longer kept."""
        with self._guard:
            kept = self._kept.pop(namespace, [])
            taken = [addition for addition in kept if addition.last <= through]
            if later := [addition for addition in kept if addition.last > through]:
                self._kept[namespace] = later
            self._records -= sum(len(addition.ids) for addition in taken)
        return sorted(taken, key=lambda addition: addition.first)
