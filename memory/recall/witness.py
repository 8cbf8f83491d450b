"""A witness of what a search asks of its store, and how far it had to look for a memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from memory.recall.expectation import Reach
from memory.recall.ranking import Recollection
from memory.recall.retriever import Searches
from store import Dense, F, Filter, Hit, Leg, Reader, Record, Store

__all__ = ["DEEPEST", "Call", "in_this_process", "place_of", "reaches_of", "watched"]

T = TypeVar("T")

DEEPEST = 1000
"""Hits of a leg among which a memory is looked for, unless the search itself asked for more."""


@dataclass(frozen=True, slots=True)
class Call:
    """A search as a store was asked for it, and its hits, leg by leg."""

    legs: Sequence[Leg]
    k: int
    where: Filter | None
    hits: Sequence[Sequence[Hit]]

    def returned(self, key: str) -> bool:
        """True if a leg has the record with this key among its hits."""
        return any(place_of(key, hits) for hits in self.hits)


def place_of(key: str, ranking: Sequence[Hit | Recollection]) -> int | None:
    """The place of the record with this key in a ranking, 1 being the best; None: it has none."""
    places = (place for place, one in enumerate(ranking, 1) if one.record.key == key)
    return next(places, None)


@runtime_checkable
class _SearchesElsewhere(Protocol):
    """A retriever that has other processes search, where no witness sees it."""

    @property
    def here(self) -> Searches:
        """The retriever of the same ways that searches in this process, the store it is given."""


def in_this_process(searches: Searches) -> Searches:
    """The retriever that searches as this one does, where a witness can see it."""
    return searches.here if isinstance(searches, _SearchesElsewhere) else searches


def watched(store: Store, work: Callable[[Store], T]) -> tuple[T, list[Call]]:
    """The result of some work with a store, and all searches that it asked of it, in order."""
    calls: list[Call] = []
    # It has whatever the store has, which a type checker cannot see.
    return work(cast(Store, _WatchedStore(store, calls))), calls


class _WatchedReader:
    def __init__(self, reader: Reader, calls: list[Call]) -> None:
        self._reader = reader
        self._calls = calls

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        hits = self._reader.search(namespace, legs, k, where)
        self._calls.append(Call(tuple(legs), k, where, hits))
        return hits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class _WatchedStore(_WatchedReader):
    def __init__(self, store: Store, calls: list[Call]) -> None:
        super().__init__(store, calls)
        self._store = store

    def reading(self, work: Callable[[Reader], T]) -> T:
        return self._store.reading(
            lambda reader: work(cast(Reader, _WatchedReader(reader, self._calls)))
        )


def reaches_of(
    store: Store, namespace: str, record: Record, calls: Sequence[Call]
) -> tuple[Reach, ...]:
    """The nearest that each leg came to a current record, over several calls.

    Calls whose filter leaves the record out are passed over.
    """
    nearest: dict[str, Reach] = {}
    for call in calls:
        if call.where is None or call.where.matches(record):
            deep = store.search(namespace, call.legs, max(DEEPEST, call.k), call.where)
            alone = store.search(namespace, call.legs, 1, F("key") == record.key)
            for leg, hits, own in zip(call.legs, deep, alone, strict=True):
                place, score = place_of(record.key, hits), own[0].score if own else None
                reach = Reach(_name(leg), place, score, call.k)
                nearest[reach.leg] = min(nearest.get(reach.leg, reach), reach, key=_lacking)
    return tuple(nearest.values())


def _name(leg: Leg) -> str:
    return f"{'dense' if isinstance(leg, Dense) else 'text'} {leg.view}"


def _lacking(reach: Reach) -> float:
    """The places by which the pool is too short."""
    return math.inf if reach.place is None else reach.place - reach.pool
