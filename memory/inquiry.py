"""An inquiry after a memory that is expected: the shipped search, watched while it works.

Nothing is computed here that a search computes: which legs were asked, how deep, and what they
returned, a witness notes that stands between the search and its store. What would have kept the
memory is found by asking again in that way, so that it is true of this retriever and this store.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from remem import dates
from remem.contents import Contents, Where, as_filter, pinned, with_pinned
from remem.recall.expectation import (
    Expected,
    Found,
    Reach,
    Stage,
    Terms,
    reason,
    remedy,
    without_failing,
)
from remem.recall.names import shown, shown_key
from remem.recall.prompt import CountTokens, build_context, estimate_tokens, format_date
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR, relevant
from remem.recall.retriever import Searches
from remem.store import Dense, F, Filter, Hit, InvalidInput, Leg, Reader, Record, Store
from remem.store.fulltext.tokens import content_words
from remem.versions import history, is_current
from remem.views import TURN
from remem.writer import Writer

Search = Callable[[Store, str, int, Filter | None], list[Recollection]]
"""Asks a store a question, for so many memories, of those that match; best first."""

Fit = Callable[[Sequence[Recollection], int], Sequence[Recollection]]
"""The memories that a prompt of so many tokens shows, of those that it is given."""


def _all(given: Sequence[Recollection], _: int) -> Sequence[Recollection]:
    return given


_MOST_WORDS = 3
"""Words of a memory that are tried beside the question."""

_MOST_CHARACTERS = 2000
"""Of a longer memory the beginning is searched for words to try."""


@dataclass(frozen=True, slots=True)
class _Round:
    """A question asked on some terms, and what came of it.

    Attributes:
        found: What the search returned.
        calls: What it asked of the store for that.
        given: What a prompt is made of.
    """

    terms: Terms
    found: list[Recollection]
    calls: list[Call]
    given: list[Recollection]

    @property
    def depth(self) -> int:
        """The size of the deepest pool: up to it, asking for more changes no score."""
        return max((call.k for call in self.calls), default=self.terms.k)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, and the memory that is expected to come up.

    Attributes:
        store, namespace: Where it is looked for.
        query: The question.
        key: Of the memory.
        search: How a store is asked.
        fit: How a prompt is made, where one is.
        elsewhere: Other namespaces that may be looked into for the key.
    """

    store: Store
    namespace: str
    query: str
    key: str
    search: Search
    fit: Fit = _all
    elsewhere: Collection[str] = ()

    def answer(self, terms: Terms) -> Found:
        """Ask on these terms; return what is found, and the fate of the memory.

        Raises:
            InvalidInput: the key is empty or no text; besides what the search raises.
            DamagedRecord: the memory is damaged.
        """
        if not isinstance(self.key, str) or not self.key:
            raise InvalidInput("say which memory is expected: give its key, as a search shows it")
        first = self._asked(terms)
        record = self._stored_in(self.namespace)
        if record is None:
            expected = self._absent()
        elif not is_current(record):
            expected = self._past(record)
        else:
            expected = self._present(record, first)
        return Found(first.found, expected)

    def _asked(self, terms: Terms, before: _Round | None = None) -> _Round:
        """The question, asked on some terms; what another round has found is not searched again."""

        def ask(store: Store) -> list[Recollection]:
            return self.search(store, self.query, terms.k, terms.where)

        if before and (before.terms.k, before.terms.where) == (terms.k, terms.where):
            found, calls = before.found, before.calls
        else:
            found, calls = watched(self.store, ask)
        if terms.budget is None:
            return _Round(terms, found, calls, found)
        pins = pinned(self.store, self.namespace, terms.where)
        return _Round(terms, found, calls, with_pinned(pins, relevant(found, terms.floor)))

    def _stored_in(self, namespace: str) -> Record | None:
        return self.store.get(namespace, [self.key])[0]

    def _absent(self) -> Expected:
        here = shown(self.namespace)
        for other in self.elsewhere:
            if other != self.namespace and self._stored_in(other):
                return Expected(
                    self.key,
                    "elsewhere",
                    f"It is in the namespace {shown(other)}, and what was asked is {here}.",
                    f"Ask in the namespace {shown(other)}.",
                )
        return Expected(
            self.key,
            "unknown",
            f"No memory has the key {shown_key(self.key)} in the namespace {here}.",
            "Remember it first, or expect a key that a search shows.",
        )

    def _past(self, record: Record) -> Expected:
        if record.superseded_by is not None:
            present = history(self.store, self.namespace, self.key)[-1].key
            return Expected(
                self.key,
                "superseded",
                "Other words took its place, and only these are found.",
                f"Expect its present version, {shown_key(present)}.",
            )
        when = f" on {format_date(record.expires_at)}" if record.expires_at else ""
        return Expected(
            self.key,
            "expired",
            f"It expired{when}.",
            "Remember it anew, with a later expires_at or none.",
        )

    def _present(self, record: Record, first: _Round) -> Expected:
        terms, stage = first.terms, self._stage(record, first)
        ranking = first.found
        if stage == "limit" and first.depth > terms.k:
            ranking = self._asked(replace(terms, k=first.depth)).found
        place = self._place(ranking)
        one = ranking[place - 1] if place else None
        expected = Expected(
            self.key,
            stage,
            place=place,
            score=None if one is None else one.score,
            relevance=None if one is None else one.relevance,
            reaches=reaches_of(self.store, self.namespace, record, first.calls),
            echo="" if one is None else one.echo,
        )
        expected = replace(expected, reason=reason(expected, record, terms, first.found))
        if stage == "kept":
            return expected
        enough = self._lenient(record, first)
        keeps = None if enough is None else _differences(terms, enough)
        words = self._words(record, terms) if stage in ("pool", "limit", "floor") else ()
        way = remedy(stage == "filter", keeps, words)
        return replace(expected, remedy=way, keeps=keeps or {}, words=words)

    def _stage(self, record: Record, asked: _Round) -> Stage:
        """The first stage that drops a current record."""
        where, budget = asked.terms.where, asked.terms.budget
        if where is not None and not where.matches(record):
            return "filter"
        if not self._place(asked.given):
            if self._place(asked.found):
                return "floor"
            return "limit" if any(call.returned(self.key) for call in asked.calls) else "pool"
        if budget is None or self._place(self.fit(asked.given, budget)):
            return "kept"
        return "budget"

    def _place(self, ranking: Sequence[Recollection]) -> int | None:
        return place_of(self.key, ranking)

    def _lenient(self, record: Record, asked: _Round) -> Terms | None:
        """Terms that keep the record, each no more lenient than it needs to be; None: none were
        found. They are eased stage by stage, and what lets it pass one holds at those behind it."""
        while (stage := self._stage(record, asked)) != "kept":
            eased = self._eased(record, asked, stage)
            if eased is None:
                return None
            asked = self._asked(eased, asked)
        return asked.terms

    def _eased(self, record: Record, asked: _Round, stage: Stage) -> Terms | None:
        """Terms on which a stage lets the record pass."""
        terms = asked.terms
        match stage:
            case "filter":
                where = None if terms.where is None else without_failing(terms.where, record)
                return replace(terms, where=where)
            case "floor":
                [one] = [one for one in asked.found if one.record.key == self.key]
                return replace(terms, floor=_rounded_down(one.relevance))
            case "budget":
                return replace(terms, budget=self._least_budget(asked))
        k = self._least_k(asked)
        return None if k is None else replace(terms, k=k)

    def _least_k(self, asked: _Round) -> int | None:
        """The fewest memories to ask for that bring the record; None: more than are tried."""
        k = asked.depth
        while not (place := self._place_among(k, asked.terms)):
            if k >= DEEPEST:
                return None
            k = min(2 * k, DEEPEST)
        return place if self._place_among(place, asked.terms) else k

    def _place_among(self, k: int, terms: Terms) -> int | None:
        return self._place(self._asked(replace(terms, k=k)).found)

    def _least_budget(self, asked: _Round) -> int:
        """The tokens of a prompt that has room for the record."""

        def fits(budget: int) -> bool:
            return self._place(self.fit(asked.given, budget)) is not None

        low = asked.terms.budget or 0
        high = max(1, 2 * low)
        while not fits(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def _words(self, record: Record, terms: Terms) -> tuple[str, ...]:
        """The rarest words of the record that the question lacks, if they bring it up."""
        asked = content_words(self.query)
        held = content_words(record.text[:_MOST_CHARACTERS])
        new = [token for token in held if token not in asked]
        idf = dict(zip(new, self.store.idf(self.namespace, TURN, new), strict=True))
        rarest = sorted(new, key=lambda token: (-idf[token], token))[:_MOST_WORDS]
        words = tuple(held[token] for token in rarest)
        with_words = replace(self, query=" ".join((self.query, *words)))
        return words if self._place(with_words._asked(terms).given) else ()


def _differences(terms: Terms, other: Terms) -> dict[str, float]:
    """The numbers of other terms that differ, by name."""
    numbers = {"k": other.k, "floor": other.floor, "budget": other.budget}
    return {
        name: number
        for name, number in numbers.items()
        if number is not None and number != getattr(terms, name)
    }


def _rounded_down(relevance: float) -> float:
    """A floor in two digits that this relevance reaches."""
    two_digits = decimal.Context(prec=2, rounding=decimal.ROUND_DOWN)
    return float(two_digits.create_decimal_from_float(relevance))


# Inquiries after memories that should have been recalled.
class Inquiries(Contents):
    """The memories of one namespace, which can be asked what became of one of them."""

    _writer: Writer
    _retriever: Searches

    def why(
        self,
        query: str,
        expect: str,
        *,
        k: int = 50,
        where: Where | None = None,
        now: datetime | None = None,
        floor: float = FLOOR,
        budget: int = 1000,
        count_tokens: CountTokens = estimate_tokens,
        elsewhere: Collection[str] = (),
    ) -> Expected:
        """Follow a memory on the way that ``context`` takes: whether the block shows it, and if
        not, what drops it and what would have kept it.

        Args:
            expect: Key of the memory.
            k, where, now, floor, budget, count_tokens: Those of ``context``.
            elsewhere: Other namespaces to look for the key in, of which the answer may tell.

        Raises:
            InvalidInput: what ``context`` refuses, or an empty key.
            DamagedRecord: the memory is damaged.
        """

        def fit(given: Sequence[Recollection], budget: int) -> Sequence[Recollection]:
            block = build_context(
                given, budget=budget, query=query, count_tokens=count_tokens, now=now
            )
            return block.recollections

        inquiry = self._inquiry(query, expect, now, fit=fit, elsewhere=elsewhere)
        return inquiry.answer(Terms(k, as_filter(where), floor, budget)).expected

    def _asking(self, searches: Searches, now: datetime | None) -> Search:
        """A search of a store, asked at some time."""
        moment = now or dates.now()

        def search(store: Store, query: str, k: int, where: Filter | None) -> list[Recollection]:
            question = self.namespace, query, k, where, moment
            return self._writer.with_encoder(lambda enc: searches.search(store, enc, *question))

        return search

    def _inquiry(self, query: str, key: str, now: datetime | None, **options: Any) -> Inquiry:
        search = self._asking(in_this_process(self._retriever), now)
        return Inquiry(self._store, self.namespace, query, key, search, **options)


# A witness of what a search asks of its store, and how far it had to look for a memory.

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
