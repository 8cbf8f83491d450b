"""``PostgresReader``: what can be asked of the store, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from remem.store.base import OnDamage, current_at, log_damage, whole
from remem.store.filters import Filter
from remem.store.fulltext import ranking
from remem.store.postgres import records
from remem.store.postgres.driver import Connection, namespace_id, read_meta
from remem.store.postgres.filters import condition
from remem.store.postgres.search import Head, answer, open_search, rarity, read_head
from remem.store.rows import Place, Placed, to_micros
from remem.store.spaces import Meta, check_same
from remem.store.types import Dense, Entry, Hit, Leg, Record, SourceInfo, Space
from remem.store.validation import (
    check_filter,
    check_k,
    check_keys,
    check_leg,
    check_name,
    check_span,
    check_view,
)

_SCAN_PAGE = 500


class PostgresReader:
    """The reading half of a ``PostgresStore``, as of one moment; see ``Reader``.

    Args:
        begin: Gives the connection, in a transaction that begins when it is first called: who asks
            for nothing makes none.
        space: What the store knows to be its space.
        clock: What time it is.
        grown: Called with the head of each namespace that is searched: it may want an index.
    """

    def __init__(
        self,
        begin: Callable[[], Connection[Any]],
        space: Space | None,
        clock: Callable[[], datetime],
        grown: Callable[[Head], None],
    ) -> None:
        self._begin = begin
        self._space = space
        self._clock = clock
        self._grown = grown
        self._known_meta: Meta | None = None
        self._numbers: dict[str, int | None] = {}
        self._heads: dict[str, Head | None] = {}

    @property
    def space(self) -> Space | None:
        """See ``Reader.space``; also if another process has adopted one meanwhile."""
        if self._space is None:
            self._space = self._meta.adopted
        return self._space

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """See ``Reader.get``."""
        check_name(namespace, "namespace")
        found = self._by_key(namespace, keys)
        return [found[key][1] if key in found else None for key in keys]

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """See ``Reader.entries``."""
        check_name(namespace, "namespace")
        found = self._by_key(namespace, keys)
        if not found:
            return []
        check_same(self._meta.adopted, self.space)
        views = records.load_views(
            self._begin(),
            self._meta.generation,
            self._known(namespace),
            dict(found.values()),
            self._meta.space,
        )
        return [Entry(found[key][1], views[found[key][0]]) for key in keys if key in found]

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """See ``Reader.predecessors``."""
        check_name(namespace, "namespace")
        if not check_keys(keys) or (number := self._number(namespace)) is None:
            return []
        return records.predecessors(self._begin(), number, keys)

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """See ``Reader.scan``."""
        check_filter(where)
        check_name(namespace, "namespace")
        return self._scan(namespace, where, damaged, _SCAN_PAGE)

    def _scan(
        self, namespace: str, where: Filter | None, damaged: OnDamage, size: int
    ) -> Iterator[Record]:
        after: Place | None = None
        while page := self.page(namespace, where, after, size):
            yield from whole((placed.found for placed in page), damaged)
            after = page[-1].place

    def page(
        self, namespace: str, where: Filter | None, after: Place | None, size: int = _SCAN_PAGE
    ) -> list[Placed]:
        """The next records of a scan behind a place; None: from the beginning."""
        number = self._number(namespace)
        if number is None:
            return []
        return records.scan_page(self._begin(), number, after, condition(where), size)

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """See ``Reader.find``."""
        check_k(limit, "limit")
        check_filter(where)
        check_name(namespace, "namespace")
        current = current_at(self._clock(), where)
        found = self._scan(namespace, current, log_damage, min(limit, _SCAN_PAGE))
        return list(islice(found, limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Reader.neighbors``."""
        first, last, radius = check_span(first, last, radius)
        check_name(source, "source")
        check_name(namespace, "namespace")
        number = self._number(namespace)
        if number is None:
            return []
        now = to_micros(self._clock())
        return records.neighbors(self._begin(), number, source, first, last, radius, now)

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``PostgresStore.search``."""
        check_k(k)
        check_filter(where)
        check_name(namespace, "namespace")
        head = self._head(namespace)
        space = self.space
        if space is None:
            return [[] for _ in legs]
        legs = [check_leg(leg, space) for leg in legs]
        if any(isinstance(leg, Dense) for leg in legs):
            check_same(self._meta.adopted, space)
        if head is None:
            return [[] for _ in legs]
        return answer(self._begin(), head, legs, k, where, to_micros(self._clock()))

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """See ``Reader.idf``."""
        check_name(namespace, "namespace")
        check_view(view, self.space)
        head = self._head(namespace)
        if head is None:
            return [ranking.idf(0, 0) for _ in tokens]
        return rarity(self._begin(), head, view, tokens)

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Reader.count``."""
        check_filter(where)
        check_name(namespace, "namespace")
        number = self._number(namespace)
        return 0 if number is None else records.count(self._begin(), number, condition(where))

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        check_name(namespace, "namespace")
        number = self._number(namespace)
        return [] if number is None else records.sources(self._begin(), number)

    @property
    def _meta(self) -> Meta:
        if self._known_meta is None:
            self._known_meta = read_meta(self._begin())
        return self._known_meta

    def _number(self, namespace: str) -> int | None:
        if namespace not in self._numbers:
            self._numbers[namespace] = namespace_id(self._begin(), namespace)
        return self._numbers[namespace]

    def _known(self, namespace: str) -> int:
        number = self._number(namespace)
        assert number is not None  # something was found in it
        return number

    def _by_key(self, namespace: str, keys: Sequence[str]) -> dict[str, tuple[int, Record]]:
        """Ids and records by key; together with the number of the namespace, if that is new."""
        if not check_keys(keys):
            return {}
        if namespace not in self._numbers:
            number, found = records.load_by_name(self._begin(), namespace, keys)
            self._numbers[namespace] = number
            return found
        number = self._numbers[namespace]
        return {} if number is None else records.load_by_key(self._begin(), number, keys)

    def _head(self, namespace: str) -> Head | None:
        """What a search has to know of a namespace; read once."""
        if namespace not in self._heads:
            meta, number = open_search(self._begin(), namespace)
            self._known_meta, self._numbers[namespace] = meta, number
            head = None
            if number is not None and meta.adopted is not None:
                head = read_head(self._begin(), meta, number, to_micros(self._clock()))
                self._grown(head)
            self._heads[namespace] = head
        return self._heads[namespace]
