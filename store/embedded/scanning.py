"""A namespace read from end to end, a page at a time, while others write to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from store.embedded import changes, filtering, records
from store.embedded.changes import State
from store.embedded.database import Database
from store.errors import DamagedRecord
from store.filters import Filter
from store.rows import Place, Placed
from store.types import Record

__all__ = ["scan"]


def scan(
    database: Database, namespace: str, where: Filter | None, size: int
) -> Iterator[Record | DamagedRecord]:
    """What matches, in the order of (source, position, key); of what is damaged, what can still be
    read of it decides.

    Args:
        size: Records of a page. Each page is read in a transaction of its own.
    """
    place: Place = records.BEFORE_ALL
    chosen = _All() if where is None else _Chosen(where)
    while True:
        with database.reading() as connection:
            state = changes.read_state(connection, namespace)
            page = [] if state is None else chosen.behind(place, connection, state, size)
        for found in (placed.found for placed in page):
            # An index may be damaged, and a record would say so itself: it has the last word.
            readable = found if isinstance(found, Record) else found.remains
            if where is None or where.matches(readable):
                yield found
        if len(page) < size:
            return
        place = page[-1].place


class _All:
    """All records of a namespace."""

    def behind(
        self, place: Place, connection: sqlite3.Connection, state: State, size: int
    ) -> list[Placed]:
        """The next ``size`` behind a place."""
        return records.scan_page(connection, state.id, place, size)


class _Chosen:
    """The records that a filter leaves: looked up once, and again when somebody wrote meanwhile."""

    def __init__(self, where: Filter) -> None:
        self._where = where
        self._seq = -1
        self._ids: list[int] = []

    def behind(
        self, place: Place, connection: sqlite3.Connection, state: State, size: int
    ) -> list[Placed]:
        """The next ``size`` behind a place."""
        if state.seq != self._seq:
            ids = filtering.chosen(connection, state.id, self._where)
            self._ids = records.in_order(connection, ids.tolist(), place)
            self._seq = state.seq
        page, self._ids = self._ids[:size], self._ids[size:]
        return records.placed(connection, page)
