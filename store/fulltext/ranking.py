"""The best rows of several lists of postings, without reading what cannot be among them. Pure.

Terms are taken in the order of what they can add at most, the rarest first. As soon as all that is
left could not lift a row that has not been seen over the k best so far, only the rows that have are
looked up in the longer lists (H. Turtle and J. Flood, "Query evaluation: strategies and
optimizations", Information Processing and Management 31(6), 1995: MaxScore). The result is that of
adding everything up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import Mask, Rows, Scores

_SLACK = 1 - 1e-6
"""Scores that differ by less are equal in single precision, and a tie is for the key to decide."""

_LOOKED_UP = 8
"""To look a row up in a list takes as long as to add so many postings to the scores of all."""

_PIECE = 1 << 17
"""Postings that are added at a time: what is made of them stays in the cache, and so do the scores
of their rows, which follow each other. Adding 600,000 takes 5 ms, not 14."""

_AT_ONCE = 1 << 16
_FEW_ROWS = 1 << 18
"""Up to so many postings of up to so many rows are all added up: 10,000 of 100,000 rows take .1 ms
instead of .3, because each call of NumPy that the other way needs for every term takes a while,
however little there is to do."""

_BLOCKS = 16
"""Blocks of scores for each of the best: their maxima tell the k-th best nearly as well."""

_COLUMNS = 1024
"""Of the table of all scores, at least: fewer make NumPy's loops short."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of all rows, as BM25 needs them.

    Attributes:
        lengths: Number of tokens of each row, int32, shape (n,).
        average: Mean of those that are live.
    """

    lengths: NDArray[np.int32]
    average: float

    def added(
        self, rows: NDArray[Any], frequencies: NDArray[Any], weight: float | NDArray[np.float64]
    ) -> Scores:
        """Scores that terms add to the rows that hold them so often."""
        return contributions(frequencies, self.lengths.take(rows), self.average, weight)


@dataclass(frozen=True, slots=True)
class Term:
    """The postings of a token of the query.

    Attributes:
        rows: Ascending, int32, shape (p,).
        frequencies: How often each row holds it, uint16, shape (p,).
        weight: Its inverse document frequency.
    """

    rows: NDArray[np.int32]
    frequencies: NDArray[np.uint16]
    weight: float


def best_rows(
    terms: Sequence[Term], statistics: Statistics, k: int, allowed: Mask
) -> tuple[Rows, Scores]:
    """The k best of the allowed rows that hold a term, best first, and what ties with the last."""
    terms = sorted((term for term in terms if len(term.rows)), key=lambda term: -term.weight)
    bounds = [limit(term.weight) for term in reversed(terms)]
    rest = [*accumulate(bounds, initial=0.0)][::-1]  # what the terms from each one on add at most
    matching = int(np.count_nonzero(allowed))
    k = max(1, min(k, matching))  # "all of them" may be said with any number
    some = None if matching == len(allowed) else allowed
    postings = sum(len(term.rows) for term in terms)
    if matching * _LOOKED_UP * len(terms) < postings:
        rows, totals, threshold, read = np.flatnonzero(allowed), np.zeros(matching), 0.0, 0
    elif 0 < postings <= _AT_ONCE and len(allowed) <= _FEW_ROWS:
        rows, totals, threshold, read = *_add_up(terms, statistics, k, some), 0.0, len(terms)
    else:
        rows, totals, threshold, read = _read(terms, rest, _Sums(statistics, k, some))
    for term, left in zip(terms[read:], rest[read + 1 :], strict=True):
        _look_up(term, rows, totals, statistics)
        threshold = max(threshold, _reached(totals, k))
        kept = totals + left >= threshold * _SLACK
        rows, totals = rows[kept], totals[kept]
    held = totals > 0
    return _top(rows[held], totals[held].astype(np.float32), k)


def _add_up(
    terms: Sequence[Term], statistics: Statistics, k: int, allowed: Mask | None
) -> tuple[Rows, NDArray[np.float64]]:
    """The rows that score as much as the k-th best, ascending, perhaps some more, and their scores.

    The scores lie in a table, row by row: the highest of each column tell the k-th best nearly as
    well, and only columns that have one so high are looked at again.
    """
    rows = np.concatenate([term.rows for term in terms], dtype=np.int64)
    frequencies = np.concatenate([term.frequencies for term in terms])
    weights = np.repeat([term.weight for term in terms], [len(term.rows) for term in terms])
    added = statistics.added(rows, frequencies, weights)
    columns = max(_COLUMNS, min(_BLOCKS * k, len(statistics.lengths)))
    height = -(-len(statistics.lengths) // columns)
    scores = np.bincount(rows, added, minlength=height * columns).astype(np.float64, copy=False)
    if allowed is not None:
        scores[: len(allowed)] *= allowed
    table = scores.reshape(height, columns)
    peaks = table.max(axis=0)
    enough = max(_reached(peaks, k) * _SLACK, np.finfo(np.float64).tiny)
    high = np.flatnonzero(peaks >= enough)
    part = table[:, high]
    line, column = np.nonzero(part >= enough)
    found: Rows = line * columns + high[column]
    return found, part[line, column]


def _read(
    terms: Sequence[Term], rest: Sequence[float], sums: _Sums
) -> tuple[Rows, NDArray[np.float64], float, int]:
    """Read terms until no row beyond those seen so far can still be among the best.

    Returns:
        Those rows that may be among the best; their scores so far; a score that k rows have; and
        the number of terms that were read.
    """
    threshold, read = 0.0, 0
    best: NDArray[np.int32] | None = None  # rows of the term among which the k best scored most
    for term in terms:
        enough = threshold * _SLACK - rest[read]
        if enough > 0 and _is_soon_looked_up(sums, enough, terms, read):
            break
        reached = sums.add(term)
        read += 1
        if best is not None and read < len(terms):
            threshold = max(threshold, sums.reached(best))
        if reached > threshold:
            best, threshold = term.rows, reached
    enough = max(threshold * _SLACK - rest[read], np.finfo(np.float64).tiny)
    rows = sums.holding(enough, terms[:read])
    return rows, sums.scores.take(rows), threshold, read


def _is_soon_looked_up(sums: _Sums, enough: float, terms: Sequence[Term], read: int) -> bool:
    """True if rows that score enough are looked up faster than the other terms are read."""
    left = sum(len(term.rows) for term in terms[read:])
    most = left / (_LOOKED_UP * (len(terms) - read))  # rows that are looked up sooner
    if sum(len(term.rows) for term in terms[:read]) < most:
        return True
    return left > len(sums.scores) // 4 and int(np.count_nonzero(sums.scores >= enough)) < most


class _Sums:
    """The scores of all rows, as one term after the other is added.

    Args:
        allowed: Rows that count for what is reached; None: all.
    """

    def __init__(self, statistics: Statistics, k: int, allowed: Mask | None) -> None:
        self.scores = np.zeros(len(statistics.lengths))
        self._statistics = statistics
        self._k = k
        self._allowed = allowed

    def add(self, term: Term) -> float:
        """Add a term to the rows that hold it; a score that k of these reach."""
        peaks = []
        for piece, frequencies in zip(_pieces(term.rows), _pieces(term.frequencies), strict=True):
            rows = piece.astype(np.int64)  # as NumPy would for each use of them
            totals = self.scores.take(rows)
            totals += self._statistics.added(rows, frequencies, term.weight)
            self.scores[rows] = totals
            peaks.append(self._peaks(rows, totals))
        return _reached(np.concatenate(peaks), self._k)

    def reached(self, rows: NDArray[np.int32]) -> float:
        """A score that k of these rows reach."""
        peaks = [self._peaks(piece, self.scores.take(piece)) for piece in _pieces(rows)]
        return _reached(np.concatenate(peaks), self._k)

    def holding(self, enough: float, terms: Sequence[Term]) -> Rows:
        """The allowed rows that score enough, more than nothing, by these terms; ascending."""
        if sum(len(term.rows) for term in terms) > len(self.scores) // 16:
            rows = np.flatnonzero(self.scores >= enough)
        else:
            seen = [term.rows[self.scores.take(term.rows) >= enough] for term in terms]
            found = np.sort(np.concatenate([np.empty(0, np.int64), *seen]))
            rows = found[np.flatnonzero(np.diff(found, prepend=-1))]
        return rows if self._allowed is None else rows[self._allowed.take(rows)]

    def _peaks(self, rows: NDArray[Any], totals: NDArray[np.float64]) -> NDArray[np.float64]:
        return _peaks(
            totals if self._allowed is None else totals * self._allowed.take(rows), self._k
        )


def _pieces(array: NDArray[Any]) -> list[NDArray[Any]]:
    return [array[start : start + _PIECE] for start in range(0, len(array), _PIECE)]


def _look_up(term: Term, rows: Rows, totals: NDArray[np.float64], statistics: Statistics) -> None:
    """Add what a term adds to the totals of some rows, ascending."""
    if not len(rows) or not len(term.rows):
        return
    place = np.minimum(np.searchsorted(term.rows, rows.astype(np.int32)), len(term.rows) - 1)
    holding = np.flatnonzero(term.rows.take(place) == rows)
    frequencies = term.frequencies.take(place[holding])
    totals[holding] += statistics.added(rows[holding], frequencies, term.weight)


def _reached(scores: NDArray[np.float64], k: int) -> float:
    """A score that k of them have at least; that of the k-th best or not much less."""
    peaks = _peaks(scores, k)
    if len(peaks) < k:
        return 0.0
    return float(np.partition(peaks, len(peaks) - k)[len(peaks) - k])


def _peaks(scores: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """The best score of each block, if there are many: partitioning takes 6 ns a score."""
    blocks = _BLOCKS * k
    if len(scores) <= 4 * blocks:
        return scores
    size = len(scores) // blocks
    peaks: NDArray[np.float64] = scores[: blocks * size].reshape(blocks, size).max(axis=1)
    return peaks


def _top(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """Rows by descending score: the best k and what ties with the last of them."""
    if k < len(rows):
        threshold = np.partition(scores, len(rows) - k)[len(rows) - k]
        best = scores >= threshold
        rows, scores = rows[best], scores[best]
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]


# BM25, the score of full-text search, written down once so that every store computes the same.
#
# S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
# Foundations and Trends in Information Retrieval 3(4), 2009, with the inverse document frequency
# of Lucene, which is never negative. The score of a record is the sum of ``contributions`` over
# the distinct tokens of the query (``remem.store.fulltext.tokens.content_words``) that its view
# (``remem.store.fulltext.tokens.tokenize``) holds. The statistics are those of one view of the
# current records of one namespace, before any filter.

K1 = 1.2
"""Saturation of BM25: the smaller, the sooner more occurrences of a token stop to count."""

B = 0.75
"""Share of a view's length that is held against it: 0 nothing, 1 all."""


def idf(records: int, holding: int) -> float:
    """Inverse document frequency of a token that ``holding`` of ``records`` records hold."""
    return math.log1p((records - holding + 0.5) / (holding + 0.5))


def limit(weight: float) -> float:
    """Most that a token of that ``idf`` adds to a score, in any record."""
    return weight * (K1 + 1)


def contributions(
    frequencies: NDArray[Any],
    lengths: NDArray[Any],
    average_length: float,
    weight: float | NDArray[np.float64],
) -> NDArray[np.float32]:
    """Score that one query token adds to each record that holds it.

    Args:
        frequencies: Shape (n,); how often the token occurs in each of the n views, at least once.
        lengths: Shape (n,); the number of tokens of those views.
        average_length: Mean number of tokens over all current records, not only these.
        weight: The token's ``idf``; of several tokens, that of each of the n, shape (n,).

    Returns:
        float32, shape (n,); positive.
    """
    frequency = frequencies.astype(np.float32, copy=False)
    length = lengths.astype(np.float32, copy=False)
    saturation = frequency + (K1 * B / average_length) * length + K1 * (1 - B)
    most = np.asarray(weight * (K1 + 1), np.float32)
    return (most * frequency / saturation).astype(np.float32, copy=False)
