"""The best rows of several lists of postings, without reading what cannot be among them. Pure.

Terms are taken in the order of what they can add at most, the rarest first. As soon as all that is
left could not lift a row that has not been seen over the k best so far, only the rows that have are
looked up in the longer lists (H. Turtle and J. Flood, "Query evaluation: strategies and
optimizations", Information Processing and Management 31(6), 1995: MaxScore). The result is that of
adding everything up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.bm25 import contributions, limit
from store.embedded.arrays import Mask, Rows, Scores

__all__ = ["Statistics", "Term", "best_rows"]

_SLACK = 1 - 1e-6
"""Scores that differ by less are equal in single precision, and a tie is for the key to decide."""

_LOOKED_UP = 4
"""To look a row up in a list takes as long as to add so many postings to the scores of all."""

_BLOCKS = 16
"""Blocks of scores for each of the best: their maxima tell the k-th best nearly as well."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 knows of all rows.

    Attributes:
        lengths: Number of tokens of each row, int32, shape (n,).
        average: Mean of those that are live.
    """

    lengths: NDArray[np.int32]
    average: float

    def added(self, rows: NDArray[Any], frequencies: NDArray[Any], weight: float) -> Scores:
        """What a term adds to the scores of rows that hold it so often."""
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
    terms = sorted(terms, key=lambda term: -term.weight)
    bounds = [limit(term.weight) for term in reversed(terms)]
    rest = [*accumulate(bounds, initial=0.0)][::-1]  # what the terms from each one on add at most
    matching = int(np.count_nonzero(allowed))
    if matching * _LOOKED_UP * len(terms) < sum(len(term.rows) for term in terms):
        rows, totals, threshold, read = np.flatnonzero(allowed), np.zeros(matching), 0.0, 0
    else:
        rows, totals, threshold, read = _added_up(terms, rest, statistics, k, allowed)
    for term, left in zip(terms[read:], rest[read + 1 :], strict=True):
        _look_up(term, rows, totals, statistics)
        threshold = max(threshold, _reached(totals, k))
        kept = totals + left >= threshold * _SLACK
        rows, totals = rows[kept], totals[kept]
    held = totals > 0
    return _top(rows[held], totals[held].astype(np.float32), k)


def _added_up(
    terms: Sequence[Term], rest: Sequence[float], statistics: Statistics, k: int, allowed: Mask
) -> tuple[Rows, NDArray[np.float64], float, int]:
    """Read terms until the others can only tell the rows that were seen apart.

    Returns:
        Those rows that may be among the best; their scores so far; a score that k rows have; and
        the number of terms that were read.
    """
    scores = np.zeros(len(allowed))
    threshold, read = 0.0, 0
    best: NDArray[np.int32] | None = None  # rows of the term among which the k best scored most
    for term in terms:
        if rest[read] < threshold * _SLACK:
            break
        added = statistics.added(term.rows, term.frequencies, term.weight)
        scores[term.rows] = scores.take(term.rows) + added
        read += 1
        for rows in [term.rows] if best is None else [best, term.rows]:
            reached = _reached(scores.take(rows) * allowed.take(rows), k)
            if reached > threshold:
                best, threshold = rows, reached
    enough = max(threshold * _SLACK - rest[read], np.finfo(np.float64).tiny)
    seen = [term.rows[scores.take(term.rows) >= enough] for term in terms[:read]]
    rows = np.unique(np.concatenate([np.empty(0, np.int32), *seen])).astype(np.int64)
    rows = rows[allowed.take(rows)]
    return rows, scores.take(rows), threshold, read


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
    if len(scores) < k:
        return 0.0
    blocks = _BLOCKS * k
    if len(scores) > 4 * blocks:
        size = len(scores) // blocks
        scores = scores[: blocks * size].reshape(blocks, size).max(axis=1)
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


def _top(rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """Rows by descending score: the best k and what ties with the last of them."""
    if k < len(rows):
        threshold = np.partition(scores, len(rows) - k)[len(rows) - k]
        best = scores >= threshold
        rows, scores = rows[best], scores[best]
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]
