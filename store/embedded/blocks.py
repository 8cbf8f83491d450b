"""Many vectors in half precision, of which no second copy is made as they become more.

An array that grows is copied into a larger one, and for a while both are there: a million vectors
of 384 dimensions are 768 MB. So they lie in blocks, of which only the first grows; each other one
is reserved once, and never moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import faiss
import numpy as np

from store.embedded.arrays import Halves, Mask, Rows, Scores

__all__ = ["Blocks", "best", "one_thread", "scanned"]

_ROWS = 32_768
"""Vectors of a block: 25 MB at 384 dimensions, and as much may be reserved in vain. To take 1,000
rows from 16 blocks is as fast as from one."""

_PIECE = 8192
"""Vectors in one piece for whoever reads all of them: 6 MB at 384 dimensions."""


class Blocks:
    """Vectors by row: 0, 1, 2, ... in the order they were added. Not thread-safe for writers.

    Attributes:
        dim: Their length.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._size = _ROWS
        self._indexes: list[faiss.IndexScalarQuantizer] = []
        self._views: list[Halves] = []  # the memory of each, up to what is filled of it
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        rows = len(self) if len(self._indexes) < 2 else len(self._indexes) * self._size
        return rows * self.dim * 2

    def add(self, vectors: Halves) -> None:
        """Append rows: float16, shape (n, dim)."""
        start = 0
        while start < len(vectors):
            if self._filled == len(self._indexes) * self._size:
                self._begin()
            room = len(self._indexes) * self._size - self._filled
            part = vectors[start : start + room]
            _append(self._indexes[-1], part)
            self._views[-1] = _view(self._indexes[-1])
            self._filled += len(part)
            start += len(part)

    def take(self, rows: Rows) -> Halves:
        """A copy of some rows, which ascend; shape (len(rows), dim)."""
        taken = np.empty((len(rows), self.dim), np.float16)
        places = rows % self._size
        starts = np.arange(0, len(self), self._size)
        bounds = [*np.searchsorted(rows, starts).tolist(), len(rows)]
        for view, (first, last) in zip(self._views, pairwise(bounds), strict=True):
            if first < last:  # clip, because anything else copies the result once more
                view.take(places[first:last], 0, taken[first:last], "clip")
        return taken

    def pieces(self, start: int = 0) -> Iterator[Halves]:
        """All rows from one on, some at a time: views into faiss's memory, valid until ``add``."""
        while start < len(self):
            block, first = divmod(start, self._size)
            piece = self._views[block][first : first + _PIECE]
            yield piece
            start += len(piece)

    def settled(self, start: int) -> list[Halves]:
        """All rows from one on, for who reads them while others are added: views of blocks that
        stay where they are, or copies of one that still grows."""
        pieces = self.pieces(start)
        return [*pieces] if len(self._indexes) > 1 else [piece.copy() for piece in pieces]

    def scans(self) -> Iterator[tuple[int, faiss.IndexScalarQuantizer]]:
        """Each block: the row that it begins with, and an index that searches it exactly."""
        return zip(range(0, len(self), self._size), self._indexes, strict=True)

    def _begin(self) -> None:
        index = _empty(self.dim)
        if self._indexes:  # only a partition of many rows needs a whole block
            index.codes.resize(self._size * self.dim * 2)
            index.codes.resize(0)  # what was reserved stays
        self._indexes.append(index)
        self._views.append(_view(index))


@contextmanager
def one_thread() -> Iterator[None]:
    """faiss computes in the thread that asks.

    One question is no work for two threads; and idle threads of faiss, which spin for a while, take
    the processor from the encoder's: a question end to end 23 ms instead of 16. What was set before
    holds again afterwards: where torch was loaded first, it goes by the same setting.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def scanned(vectors: Halves) -> faiss.IndexScalarQuantizer:
    """An index that searches a few vectors exactly: float16, shape (n, dim)."""
    index = _empty(vectors.shape[1])
    _append(index, vectors)
    return index


@one_thread()
def best(
    index: faiss.IndexScalarQuantizer, query: Scores, wanted: int, allowed: Mask, matching: int
) -> tuple[Rows, Scores]:
    """The best allowed rows of all that are in an index, and what ties with the last of them.

    Args:
        index: From ``scanned`` or ``Blocks.scans``.
        query: Unit vector, float32, shape (dim,).
        wanted: How many, at least 1 and at most ``matching``.
        allowed: Which rows may be returned, shape (n,).
        matching: How many those are.

    Returns:
        Rows and their cosines, best first.
    """
    fetch = wanted + 1 + 2 * (len(allowed) - matching) * wanted // matching
    while True:
        fetch = min(fetch, len(allowed))
        found, places = index.search(query[None, :], fetch)
        keep = allowed[places[0]]
        rows, scores = places[0][keep], found[0][keep]
        complete = fetch == len(allowed)
        if complete or (len(rows) >= wanted and scores[-1] < scores[wanted - 1]):
            tied = int(np.searchsorted(-scores, -scores[wanted - 1], side="right"))
            return rows[:tied], scores[:tied]
        fetch *= 4


def _empty(dim: int) -> faiss.IndexScalarQuantizer:
    kind = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True  # half precision has nothing to learn
    return index


def _append(index: faiss.IndexScalarQuantizer, vectors: Halves) -> None:
    # The stored halves are faiss's codes: no conversion, and no second rounding.
    index.add_sa_codes(np.ascontiguousarray(vectors, np.float16).view(np.uint8))


def _view(index: faiss.IndexScalarQuantizer) -> Halves:
    if not index.ntotal:
        return np.empty((0, index.d), np.float16)
    codes = faiss.rev_swig_ptr(index.codes.data(), index.ntotal * index.d * 2)
    halves: Halves = codes.view(np.float16).reshape(index.ntotal, index.d)
    return halves
