"""What one search does: in the engine, with the filter before the top k, and exact at the cut.

The engine is asked for somewhat more than k; from the vectors of what it found, the scores are
computed as every store computes them. If the k-th is not safely above all that was left out (many
records tie), it is asked for more.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from store.filters import Filter
from store.milvus import reading, words
from store.milvus.counting import Counts, Statistics
from store.milvus.engine import MOST_HITS, Engine, Row
from store.milvus.expressions import all_of
from store.milvus.packing import key_of
from store.milvus.schema import dense, length, sparse
from store.milvus.state import Moment
from store.tokens import content_words
from store.types import Dense, Hit, Leg, Text, Vector

__all__ = ["answer", "rarity"]

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
    engine: Engine,
    moment: Moment,
    legs: Sequence[Leg],
    k: int,
    where: Filter | None,
    now: int,
    consistency: str,
    counts: Counts,
) -> list[list[Hit]]:
    """The hits of each leg.

    Args:
        legs: Checked; dense vectors are of length 1.
        now: Microseconds since 1970; what expired until then is not found.
        consistency: The level at which to search.
        counts: See ``Counted.of``.
    """
    current = moment.current(now)
    allowed = current
    if where is not None:
        allowed = all_of([current, reading.filtered(engine, moment, where)])
    statistics = Statistics(engine, moment, current, now, consistency, counts)
    search = _Search(engine, moment, allowed, consistency, statistics)
    best = [search.best(leg, k) for leg in legs]
    places = list({pk for scores in best for pk in scores})
    records = reading.records(engine, moment, places)
    if damaged := set(places) - records.keys():  # others take their places
        without = replace(moment, hidden=moment.hidden | damaged)
        return answer(engine, without, legs, k, where, now, consistency, counts)
    return [[Hit(records[pk], score) for pk, score in scores.items()] for scores in best]


def rarity(
    engine: Engine,
    moment: Moment,
    view: str,
    tokens: Sequence[str],
    now: int,
    consistency: str,
    counts: Counts,
) -> list[float]:
    """Inverse document frequency of each token among the records that are current ``now``."""
    statistics = Statistics(engine, moment, moment.current(now), now, consistency, counts)
    numbers = [words.number_of(token) for token in tokens]
    found = statistics.rarity(moment.root.space.views.index(view), set(numbers))
    return [found[number] for number in numbers]


@dataclass(frozen=True, slots=True)
class _Search:
    engine: Engine
    moment: Moment
    allowed: str
    consistency: str
    statistics: Statistics

    def number(self, view: str) -> int:
        return self.moment.root.space.views.index(view)

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
            self.moment.root.records_name,
            question.field,
            question.vector,
            self.allowed,
            limit,
            question.fields,
            self.consistency,
        )

    def _reachable(self) -> int:
        """How many rows are allowed."""
        if self.allowed == self.statistics.current and not self.moment.state.expiring:
            return self.moment.state.current
        return self.engine.count(self.moment.root.records_name, self.allowed)

    def _best_of_all(self, question: _Question, k: int) -> Scores:
        """The k best, by looking at every row."""

        def scored() -> Iterator[tuple[str, float]]:
            name = self.moment.root.records_name
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
        numbers = {words.number_of(token) for token in content_words(leg.query)}
        if not numbers or not self.moment.state.records:
            return None
        field, usual = sparse(view), self.moment.state.usual[view]
        average = self.statistics.average_length(view)
        found = self.statistics.rarity(view, numbers)

        def score(rows: Mapping[str, Row]) -> Scores:
            views = {
                pk: words.held(row[field], row[length(view)], usual) for pk, row in rows.items()
            }
            return words.scores(views, found, average)

        fields = [field, length(view)]
        slack = words.slack(average, usual)
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
