"""Steps of one search: in the engine, with the filter before the top k, and exact at the cut.

The engine is asked for somewhat more than k; from the vectors of what it found, the scores are
computed as every store computes them. If the k-th is not safely above all that was left out (many
records tie), it is asked for more.
"""

from __future__ import annotations

import heapq
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from remem.store.filters import Filter
from remem.store.fulltext import ranking
from remem.store.fulltext.tokens import content_words
from remem.store.milvus import packing, read
from remem.store.milvus.driver import dense, length, long, sparse, terms
from remem.store.milvus.engine import MOST_HITS, Engine, Row
from remem.store.milvus.filters import all_of, contains
from remem.store.milvus.metadata import Snapshot
from remem.store.milvus.packing import key_of
from remem.store.types import Dense, Hit, Leg, Text, Vector

_MORE = 16  # rows beyond k that are asked for at first
_FACTOR = 8  # how many times more, when those do not settle it
_ROUNDING = 1e-4  # relative: the engine adds float32 in another order
_PAGE = 500

Scores = dict[str, float]  # by primary key
Score = Callable[[Mapping[str, Row]], Scores]


@dataclass(frozen=True, slots=True)
class _Question:
    """A leg in the engine's terms.

    Attributes:
        field: The column of vectors that it asks.
        fields: The columns that ``score`` needs.
        slack: No score is more than so many times the engine's.
        complete: Fewer rows than were asked for are all that there are: true of words, while an
            index of vectors may miss some.
    """

    field: str
    vector: Sequence[float] | Mapping[int, float]
    fields: Sequence[str]
    score: Score
    slack: float
    complete: bool


def answer(
    statistics: Statistics, legs: Sequence[Leg], k: int, where: Filter | None
) -> list[list[Hit]]:
    """The hits of each leg, among the records of the statistics.

    Args:
        legs: Checked; dense vectors are of length 1.
    """
    engine, snapshot = statistics.engine, statistics.snapshot
    allowed = statistics.current
    if where is not None:
        allowed = all_of([allowed, read.filtered(engine, snapshot, where)])
    search = _Search(engine, snapshot, allowed, statistics)
    best = [search.best(leg, k) for leg in legs]
    places = list({pk for scores in best for pk in scores})
    records = read.records(engine, snapshot, places)
    if damaged := set(places) - records.keys():  # others take their places
        without = replace(snapshot, hidden=snapshot.hidden | damaged)
        return answer(replace(statistics, snapshot=without), legs, k, where)
    return [[Hit(records[pk], score) for pk, score in scores.items()] for scores in best]


@dataclass(frozen=True, slots=True)
class _Search:
    engine: Engine
    snapshot: Snapshot
    allowed: str
    statistics: Statistics

    def number(self, view: str) -> int:
        return self.snapshot.root.space.views.index(view)

    def best(self, leg: Leg, k: int) -> Scores:
        """The k best and their scores, by primary key, in the order of (-score, key)."""
        question = self._dense(leg) if isinstance(leg, Dense) else self._text(leg)
        if question is None:
            return {}
        limit = min(k + _MORE, MOST_HITS)
        while True:
            found = self._nearest(question, limit)
            scores = question.score({pk: row for pk, _, row in found})
            best = _cut(scores.items(), k)
            if len(found) < limit:
                if question.complete or len(found) >= k or len(found) >= self._reachable():
                    return best
                break  # an approximate index that did not reach them all
            bound = found[-1][1] * question.slack
            if len(best) == k and list(best.values())[-1] > bound + _ROUNDING * (abs(bound) + 1):
                return best
            if limit == MOST_HITS:
                break
            limit = min(limit * _FACTOR, MOST_HITS)
        return self._best_of_all(question, k)

    def _nearest(self, question: _Question, limit: int) -> list[tuple[str, float, Row]]:
        return self.engine.nearest(
            self.snapshot.root.records_name,
            question.field,
            question.vector,
            self.allowed,
            limit,
            question.fields,
            self.statistics.consistency,
        )

    def _reachable(self) -> int:
        """Number of rows that are allowed."""
        if self.allowed == self.statistics.current and not self.snapshot.state.expiring:
            return self.snapshot.state.current
        return self.engine.count(self.snapshot.root.records_name, self.allowed)

    def _best_of_all(self, question: _Question, k: int) -> Scores:
        """The k best, by looking at every row."""

        def scored() -> Iterator[tuple[str, float]]:
            name = self.snapshot.root.records_name
            rows: dict[str, Row] = {}
            for row in self.engine.select(name, self.allowed, question.fields, _PAGE):
                rows[row["pk"]] = row
                if len(rows) == _PAGE:
                    yield from question.score(rows).items()
                    rows = {}
            yield from question.score(rows).items()

        return _cut(scored(), k)

    def _dense(self, leg: Dense) -> _Question:
        field = dense(self.number(leg.view))

        def score(rows: Mapping[str, Row]) -> Scores:
            return _cosines(rows, field, leg.vector)

        return _Question(field, leg.vector.tolist(), [field], score, 1.0, complete=False)

    def _text(self, leg: Text) -> _Question | None:
        view = self.number(leg.view)
        numbers = {packing.number_of(token) for token in content_words(leg.query)}
        if not numbers or not self.snapshot.state.records:
            return None
        field, usual = sparse(view), self.snapshot.state.usual[view]
        average = self.statistics.average_length(view)
        found = self.statistics.rarity(view, numbers)

        def score(rows: Mapping[str, Row]) -> Scores:
            views = {
                pk: packing.held(row[field], row[length(view)], usual) for pk, row in rows.items()
            }
            return packing.scores(views, found, average)

        fields = [field, length(view)]
        slack = packing.slack(average, usual)
        return _Question(field, found, fields, score, slack, complete=True)


def _cosines(rows: Mapping[str, Row], field: str, vector: Vector) -> Scores:
    if not rows:
        return {}
    vectors = np.array([row[field] for row in rows.values()], np.float32)
    # A product and a sum instead of a matrix product: equal vectors score exactly the same.
    return dict(zip(rows, (vectors * vector).sum(axis=1).tolist(), strict=True))


def _cut(scores: Iterable[tuple[str, float]], k: int) -> Scores:
    """The k best in the order of (-score, key)."""
    return dict(heapq.nsmallest(k, scores, key=lambda item: (-item[1], key_of(item[0]))))


# How common words are among the current records of a namespace, and how long these are.
#
# The engine counts, which takes it longer than the search itself: a request for each word, or the
# words of many records. What was counted is therefore kept until the next write.

_FEW = 2048
"""So many records can be looked at whole: one request instead of one for each word."""
_MOST_NAMESPACES = 256
_MOST_WORDS = 50_000  # of a namespace; then it begins anew

Counts = dict[tuple[int, int], int]  # number of a view and of a word -> records that hold it


class Counted:
    """Counts of the namespaces that were asked last. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[tuple[str, int], Counts]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, snapshot: Snapshot) -> Counts:
        """To be read and added to: the counts of a namespace since its last write."""
        if snapshot.state.expiring:  # they change with time
            return {}
        version = snapshot.state.life, snapshot.state.version
        with self._lock:
            kept = self._kept.get(snapshot.namespace)
            if kept is None or kept[0] != version or len(kept[1]) > _MOST_WORDS:
                kept = self._kept[snapshot.namespace] = version, {}
            self._kept.move_to_end(snapshot.namespace)
            if len(self._kept) > _MOST_NAMESPACES:
                self._kept.popitem(last=False)
            return kept[1]


@dataclass(frozen=True)
class Statistics:
    """Statistics of the records of a namespace that are current at a moment.

    Attributes:
        now: The moment, in microseconds since 1970.
        consistency: The level at which to search.
        counts: What is known already; see ``Counted.of``.
    """

    engine: Engine
    snapshot: Snapshot
    now: int
    consistency: str
    counts: Counts

    @cached_property
    def current(self) -> str:
        """True of these records."""
        return self.snapshot.current(self.now)

    def idf(self, view: str, tokens: Sequence[str]) -> list[float]:
        """Inverse document frequency of each token."""
        numbers = [packing.number_of(token) for token in tokens]
        found = self.rarity(self.snapshot.root.space.views.index(view), set(numbers))
        return [found[number] for number in numbers]

    def average_length(self, view: int) -> float:
        """Mean length of a view in tokens; 1 where there are no records."""
        records, tokens = self._totals(view)
        return tokens / records if records else 1.0

    def rarity(self, view: int, numbers: Collection[int]) -> dict[int, float]:
        """Inverse document frequency of words, by number."""
        if not self.snapshot.state.records:
            return dict.fromkeys(numbers, ranking.idf(0, 0))
        new = [number for number in numbers if (view, number) not in self.counts]
        if self.snapshot.state.current <= _FEW:
            found = self._seen(view, new) if new else {}
        else:
            found = {number: self._listed(view, number) for number in new}
        self.counts.update({(view, number): count for number, count in found.items()})
        records, _ = self._totals(view)
        return {number: ranking.idf(records, self.counts[view, number]) for number in numbers}

    def _totals(self, view: int) -> tuple[int, int]:
        """Records, and tokens in them: as the state says, without those that expired."""
        state = self.snapshot.state
        records, tokens = state.current, state.lengths[view] if state.lengths else 0
        if state.expiring:
            expired = all_of(
                [self.snapshot.visible, "superseded == false", f"expires_at <= {self.now}"]
            )
            name = self.snapshot.root.records_name
            for row in self.engine.select(name, expired, [length(view)]):
                records -= 1
                tokens -= row[length(view)]
        return records, tokens

    def _seen(self, view: int, numbers: Sequence[int]) -> dict[int, int]:
        """Number of records that hold each word, by fetching all that hold any."""
        field = sparse(view)
        found = self.engine.nearest(
            self.snapshot.root.records_name,
            field,
            dict.fromkeys(numbers, 1.0),
            self.current,
            MOST_HITS,
            [field],
            self.consistency,
        )
        holding = dict.fromkeys(numbers, 0)
        for _, _, row in found:
            for number in row[field].keys() & holding.keys():
                holding[number] += 1
        return holding

    def _listed(self, view: int, number: int) -> int:
        """Number of records that hold a word, counted by the engine."""
        listed = all_of([self.current, contains(terms(view), [number])])
        count = self.engine.count(self.snapshot.root.records_name, listed)
        return count + (self._unlisted(view, number) if self.snapshot.state.long else 0)

    def _unlisted(self, view: int, number: int) -> int:
        """Number of records that hold a word and cannot be counted: those with so many words that
        only their vectors tell."""
        name, field = self.snapshot.root.records_name, sparse(view)
        unlisted = f"not {contains(terms(view), [number])}"
        where = all_of([self.current, f"{long(view)} == true", unlisted])
        found = self.engine.nearest(
            name, field, {number: 1.0}, where, MOST_HITS, [], self.consistency
        )
        if len(found) < MOST_HITS:
            return len(found)
        return sum(number in row[field] for row in self.engine.select(name, where, [field], _PAGE))
