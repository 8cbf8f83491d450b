"""Arrays of the rows that hold each term: the base of ``remem.store.fulltext.index``. Pure.

Postings lie in segments, and those of a segment in parts, each of some terms that follow each
other. A large segment is merged, renumbered or written a part at a time, so that no second copy of
all of it is ever in memory: of a million records it is 150 MB, two a third of their vectors.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, takewhile
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import Mask, Rows

_PIECE = 1 << 18
"""Postings that are merged at a time: what is made on the way takes 6 MB, and stays in the cache.
One term may have more."""

_MAX_FREQUENCY = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Postings:
    """Postings sorted by (term, row). ``rows[starts[i]:starts[i + 1]]`` hold ``terms[i]``."""

    terms: NDArray[np.int32]  # (t,) ascending
    starts: NDArray[np.int64]  # (t + 1,)
    rows: NDArray[np.int32]  # (p,)
    frequencies: NDArray[np.uint16]  # (p,)

    def between(self, first: int, last: int) -> Postings:
        """Those of the terms from ``first`` to ``last``: a view."""
        low, high = np.searchsorted(self.terms, first), np.searchsorted(self.terms, last, "right")
        start, end = self.starts[low], self.starts[high]
        return Postings(
            self.terms[low:high],
            self.starts[low : high + 1] - start,
            self.rows[start:end],
            self.frequencies[start:end],
        )


Segment: TypeAlias = "list[Postings]"
"""Its parts, none of them empty; each has larger terms than the one before it."""


def segment_of(terms: NDArray[np.int32], rows: NDArray[np.int32]) -> Segment:
    """A segment made of tokens: their terms, and the rows they stand in, ascending; both (n,)."""
    if not len(terms):
        return []
    terms, starts, rows, frequencies = inverted(terms, rows)
    return [
        Postings(terms, starts, rows, np.minimum(frequencies, _MAX_FREQUENCY).astype(np.uint16))
    ]


def inverted(
    terms: NDArray[np.int32], rows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Tokens turned inside out.

    Args:
        terms: Of all tokens, shape (n,), one at least.
        rows: They stand in, ascending, shape (n,).

    Returns:
        The fields of ``Postings``, frequencies uncut.
    """
    order = _stable_order(terms)  # equal terms keep the order of their rows
    terms, rows = terms[order], rows[order]
    first = np.flatnonzero(_differs(terms) | _differs(rows))
    frequencies = np.diff(first, append=len(terms))
    terms, rows = terms[first], rows[first]
    starts = np.flatnonzero(_differs(terms))
    return terms[starts], np.append(starts, len(terms)), rows, frequencies


def size(segment: Segment) -> int:
    """Number of postings."""
    return sum(len(part.rows) for part in segment)


def nbytes(segment: Segment) -> int:
    """Size in bytes."""
    return sum(
        array.nbytes
        for part in segment
        for array in (part.terms, part.starts, part.rows, part.frequencies)
    )


def of_term(segment: Segment, term: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]] | None:
    """The rows that hold a term, ascending, and how often; None if none does. Views."""
    place = bisect_left(segment, term, key=lambda part: int(part.terms[-1]))
    if place == len(segment):
        return None
    part = segment[place]
    i = int(np.searchsorted(part.terms, term))
    if part.terms[i] != term:
        return None
    where = slice(int(part.starts[i]), int(part.starts[i + 1]))
    return part.rows[where], part.frequencies[where]


def counted(segments: Iterable[Segment], live: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The terms that live rows hold, ascending, and how many of these each one has."""
    parts = chain.from_iterable(segments)
    terms, counts = _added([(part.terms, _live_counts(part, live)) for part in parts])
    return terms[counts > 0], counts[counts > 0]


def merged(segments: Sequence[Segment]) -> Iterator[Postings]:
    """The parts of all segments as one; the rows of each are larger than those of the one before.

    What has been merged is taken out of the segments: who holds no other reference to the parts
    never has two copies of all.
    """
    if len(segments) == 1:
        yield from segments[0]
        return
    parts = chain.from_iterable(segments)
    terms, counts = _added([(part.terms, np.diff(part.starts)) for part in parts])
    for first, last in pieces(starts_of(counts)):
        low, high = int(terms[first]), int(terms[last - 1])
        yield _merge(terms[first:last], counts[first:last], _taken(segments, low, high))


def live_only(parts: Iterable[Postings], live: Mask) -> Iterator[Postings]:
    """The postings of live rows, those renumbered."""
    if live.all():
        yield from parts
        return
    renumbered = np.cumsum(live, dtype=np.int32) - 1
    for part in parts:
        counts = _live_counts(part, live)
        kept, used = live[part.rows], counts > 0
        if used.any():
            yield Postings(
                part.terms[used],
                starts_of(counts[used]),
                renumbered[part.rows[kept]],
                part.frequencies[kept],
            )


def starts_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places at which the postings of each term begin, and at which the last ones end; (t + 1,).

    Args:
        counts: Number of postings of each term, shape (t,).
    """
    return np.concatenate([[0], np.cumsum(counts)])


def pieces(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of terms with about ``_PIECE`` postings each, or one term with more."""
    cuts = np.searchsorted(starts, np.arange(0, starts[-1], _PIECE), side="right") - 1
    return pairwise([*np.unique(cuts).tolist(), len(starts) - 1])


def _taken(segments: Sequence[Segment], low: int, high: int) -> list[Postings]:
    """Views of the postings of some terms, the smallest that are left; what ends with them goes."""
    taken = []
    for segment in segments:
        for part in takewhile(lambda part: part.terms[0] <= high, segment):
            taken.append(part.between(low, high))
        while segment and segment[0].terms[-1] <= high:
            del segment[0]
    return taken


def _merge(
    terms: NDArray[np.int32], counts: NDArray[np.int64], parts: Iterable[Postings]
) -> Postings:
    """Parts as one: those of a term in the order of their rows. Copies, sorts nothing."""
    starts = starts_of(counts)
    rows = np.empty(starts[-1], np.int32)
    frequencies = np.empty(starts[-1], np.uint16)
    free = starts[:-1].copy()  # where the next posting of each term goes
    for part in parts:
        places, sizes = np.searchsorted(terms, part.terms), np.diff(part.starts)
        target = np.repeat(free[places] - part.starts[:-1], sizes)
        target += np.arange(len(target))
        rows[target] = part.rows
        frequencies[target] = part.frequencies
        free[places] += sizes
    return Postings(terms, starts, rows, frequencies)


def _live_counts(part: Postings, live: Mask) -> NDArray[np.int64]:
    """Number of live rows that hold each term of a part."""
    kept = live.take(part.rows)
    counts: NDArray[np.int64] = np.add.reduceat(kept, part.starts[:-1], dtype=np.int64)
    return counts


def _added(
    every: Sequence[tuple[NDArray[np.int32], NDArray[np.int64]]],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """All terms of several parts, ascending, and the sum of the counts of each."""
    terms = np.unique(np.concatenate([np.empty(0, np.int32), *(some for some, _ in every)]))
    counts = np.zeros(len(terms), np.int64)
    for some, held in every:
        counts[np.searchsorted(terms, some)] += held
    return terms, counts


def _stable_order(numbers: NDArray[np.int32]) -> Rows:
    """``argsort``, equal numbers in the order they came.

    Half a number at a time, because NumPy sorts 16-bit integers by radix: nine times faster here
    than sorting keys made of term and row.
    """
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    high = (numbers >> 16).astype(np.uint16)
    if high.any():
        order = order[np.argsort(high[order], kind="stable")]
    return order


def _differs(values: NDArray[np.int32]) -> Mask:
    """Mask of the values that differ from the one before them; the first one counts as such."""
    result = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=result[1:])
    return result
