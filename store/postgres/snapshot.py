"""Questions to PostgreSQL in one transaction, as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from remem.store.engine import Page, UnknownNamespace
from remem.store.filters import Filter
from remem.store.postgres import records
from remem.store.postgres.driver import Connection, namespace_id, read_meta
from remem.store.postgres.filters import condition
from remem.store.postgres.search import Head, answer, open_search, rarity, read_head
from remem.store.rows import Place
from remem.store.spaces import Meta, check_same
from remem.store.types import Dense, Entry, Hit, Leg, Record, SourceInfo, Space, Span


class PostgresSnapshot:
    """Keeps ``remem.store.engine.Snapshot``. What it has read once it does not read again.

    Args:
        begin: Gives the connection, in a transaction that begins when it is first called: who asks
            for nothing makes none.
        grown: Called with the head of each namespace that is searched: it may want an index.
    """

    def __init__(self, begin: Callable[[], Connection[Any]], grown: Callable[[Head], None]) -> None:
        self.begin = begin
        self.grown = grown
        self._namespaces: dict[str, PostgresNamespace] = {}

    @cached_property
    def meta(self) -> Meta:
        return read_meta(self.begin())

    def namespace(self, name: str) -> PostgresNamespace:
        """See ``Snapshot.namespace``; looked up with the first question."""
        return self._namespaces.setdefault(name, PostgresNamespace(self, name))


class PostgresNamespace:
    """Keeps ``remem.store.engine.Namespace``."""

    def __init__(self, snapshot: PostgresSnapshot, name: str) -> None:
        self._snapshot = snapshot
        self._name = name
        self._looked_up: tuple[int | None] | None = None
        self._head: Head | None = None

    def get(self, keys: Sequence[str]) -> dict[str, Record]:
        return {key: record for key, (_, record) in self._by_key(keys).items()}

    def entries(self, keys: Sequence[str], space: Space) -> dict[str, Entry]:
        found = self._by_key(keys)
        if not found:
            return {}
        meta = self._snapshot.meta
        check_same(meta.adopted, space)
        by_id = dict(found.values())
        views = records.load_views(self._begin(), meta.generation, self._number, by_id, meta.space)
        return {key: Entry(record, views[i]) for key, (i, record) in found.items()}

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        return records.predecessors(self._begin(), self._number, keys)

    def page(self, where: Filter | None, after: Place | None, limit: int) -> Page:
        there = records.scan_page(self._begin(), self._number, after, condition(where), limit)
        following = there[-1].place if len(there) == limit else None
        return Page([placed.found for placed in there], following)

    def neighbors(self, span: Span, now: int) -> list[Record]:
        return records.neighbors(self._begin(), self._number, span, now)

    def search(
        self, legs: Sequence[Leg], k: int, where: Filter | None, now: int, space: Space
    ) -> list[list[Hit]]:
        head = self._opened(now)
        if any(isinstance(leg, Dense) for leg in legs):
            check_same(self._snapshot.meta.adopted, space)
        return answer(self._begin(), head, legs, k, where, now)

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        return rarity(self._begin(), self._opened(now), view, tokens)

    def count(self, where: Filter | None) -> int:
        return records.count(self._begin(), self._number, condition(where))

    def sources(self) -> list[SourceInfo]:
        return records.sources(self._begin(), self._number)

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        """See ``Namespace.tally``."""
        return records.tally(self._begin(), self._number, edges, now)

    def _begin(self) -> Connection[Any]:
        return self._snapshot.begin()

    @property
    def _number(self) -> int:
        if self._looked_up is None:
            self._looked_up = (namespace_id(self._begin(), self._name),)
        (number,) = self._looked_up
        if number is None:
            raise UnknownNamespace(self._name)
        return number

    def _by_key(self, keys: Sequence[str]) -> dict[str, tuple[int, Record]]:
        """Ids and records by key; together with the number of the namespace, if that is new."""
        if self._looked_up is not None:
            return records.load_by_key(self._begin(), self._number, keys)
        number, found = records.load_by_name(self._begin(), self._name, keys)
        self._looked_up = (number,)
        return found

    def _opened(self, now: int) -> Head:
        """Facts about the namespace that a search needs; read once."""
        if self._head is None:
            if self._looked_up != (None,):
                self._snapshot.meta, found = open_search(self._begin(), self._name)
                self._looked_up = (found,)
            number = self._number
            self._head = read_head(self._begin(), self._snapshot.meta, number, now)
            self._snapshot.grown(self._head)
        return self._head
