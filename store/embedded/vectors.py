"""Inverted file (IVF) index, which says where to look first in a large dense index.

Vectors fall into lists by the nearest of some centroids, and each keeps one bit a dimension there
(RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024). A question reads the bits of some
lists and names candidates; what they score is for the vectors themselves to say.

Chosen by measurement, one thread, 384 dimensions, LoCoMo with noise (``remem.benchmarks.scale``),
recall@10 against exact: a search in 100,000 vectors 1.0 ms, in a million 2.1 ms, both at 1.000,
where exact search takes 38 ms; 64 bytes a vector. SQ8 in the lists has no better recall and reads
eight times as much; FAISS's FastScan of the same bits is no faster; HNSW holds no filter and cannot
forget (see benchmarks/README.md).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import Halves, Mask, Rows, Saved, Scores, Stored

_LISTS = 4
"""Times the square root of the rows: how many lists. What a question looks for may lie in a loose
list, whose centroid tells little: with 1.3 times, reading an eighth of the rows misses 4.0 % of the
ten best, with 4 times 0.5 % (600 questions, 100,000 vectors, centroids learned from the first
quarter). Finding the list of a row takes 8 us, twice as long."""

_PROBED = 96
"""Lists to look into, however many there are: a thirteenth of them at 100,000 rows, a fortieth at a
million, where the best lie in fewer because the lists are finer. At 100,000 rows they find all ten
best, .999 with centroids learned from the first quarter, as 128 do, which take .15 ms longer; 64
find .996 then."""

_SAMPLED = 20
"""Vectors a list to learn the centroids from."""

_ROUNDS = 6
"""Of k-means; more change nothing that recall shows."""

_QUERY_BITS = 4
"""Bits a dimension of the question is rounded to: 8 find the same, a fifth slower."""

_CHUNK = 2048
"""Vectors that are put into lists at a time. What is made of them, 11 MB, stays in the cache: with
65,536 filling a store takes a sixth more processor time."""

_List: TypeAlias = "tuple[Rows, NDArray[np.uint8]]"
"""Rows, shape (n,), and the code of each, shape (n, bytes of a code)."""


def sample(vectors: Blocks, live: Mask) -> NDArray[np.float32]:
    """Copy of live rows to learn from, evenly spread: neighbours in time resemble each other."""
    rows = np.flatnonzero(live)
    wanted = min(len(rows), _lists(len(vectors)) * _SAMPLED)
    places = np.linspace(0, len(rows) - 1, wanted).astype(np.int64)
    return vectors.take(rows[places]).astype(np.float32)


# Many vectors in half precision, of which no second copy is made as they become more.
#
# An array that grows is copied into a larger one, and for a while both are there: a million
# vectors of 384 dimensions are 768 MB. So they lie in blocks, of which only the first grows; each
# other one is reserved once, and never moves.

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


class Ivf:
    """Candidates for a question, among rows 0, 1, 2, ... in the order they were added.

    Not thread-safe for writers.

    Attributes:
        learned: How many rows there were when the centroids were learned.
        seq: The change of the records up to which it holds nothing of a vector that was purged.
    """

    def __init__(
        self,
        centroids: NDArray[np.float32],
        learned: int,
        seq: int,
        outlived: Iterable[int] = (),
    ) -> None:
        self.learned = learned
        self.seq = seq
        self._outlived = frozenset(outlived)  # lists with a centroid of rows that are dropped
        count, dim = centroids.shape
        self._quantizer = faiss.IndexFlatIP(dim)
        self._quantizer.add(centroids)
        self._index = faiss.IndexIVFRaBitQ(self._quantizer, dim, count, faiss.METRIC_INNER_PRODUCT)
        self._index.is_trained = True

    @classmethod
    @one_thread()
    def learn(cls, taken: NDArray[np.float32], rows: int, seq: int) -> Ivf:
        """An empty one for about so many rows.

        Args:
            taken: What ``sample`` took of them.
            rows: How many there were then.
            seq: The change up to which these had followed the records.
        """
        means = faiss.Kmeans(
            taken.shape[1],
            min(_lists(rows), len(taken)),
            niter=_ROUNDS,
            min_points_per_centroid=1,
            max_points_per_centroid=_SAMPLED,
            spherical=True,
            seed=1,
        )
        means.train(taken)
        return cls(means.centroids, rows, seq)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        lists = int(self._index.nlist * self._index.d * 4)
        return lists + len(self) * (int(self._index.code_size) + 8)

    @one_thread()
    def add(self, vectors: Halves) -> None:
        """Append rows: unit vectors, float16, shape (n, dim)."""
        for start in range(0, len(vectors), _CHUNK):
            self._index.add(vectors[start : start + _CHUNK].astype(np.float32))

    @property
    def lists(self) -> range:
        """Numbers of the lists."""
        return range(self._index.nlist)

    @one_thread()
    def centre(self, lists: Collection[int], vectors: Blocks, live: Mask) -> None:
        """Make some lists anew of the live rows in them, and of these alone: the centroid, which is
        their mean, and the codes, which tell how far they are from it.

        Args:
            lists: Their numbers.
            vectors: Of all rows.
            live: Which rows are, shape (n,).
        """
        for i in lists:
            rows = self._rows(i)
            kept = np.sort(rows[live[rows]])
            taken = vectors.take(kept).astype(np.float32)
            self._put_centroid(i, taken.sum(axis=0))
            self._replace(i, kept, taken)
        self._outlived = self._outlived.difference(lists)

    def outlived(self, live: Mask) -> list[int]:
        """Lists whose centroid is of rows, among others, that are live no more."""
        return [i for i in self.lists if i in self._outlived or not live[self._rows(i)].all()]

    @one_thread()
    def candidates(self, query: Scores, count: int, allowed: Mask, matching: int) -> Rows:
        """Rows that may score best, ascending.

        Args:
            query: Unit vector, float32, shape (dim,).
            count: How many to name, at most.
            allowed: Which rows may be named, shape (n,).
            matching: How many those are.
        """
        parameters = faiss.IVFRaBitQSearchParameters()
        parameters.qb = _QUERY_BITS
        # Of few allowed rows more of the best lie beyond the lists that are looked into first.
        share = max(matching / len(self), 1 / 16)
        parameters.nprobe = math.ceil(_PROBED / share**0.5)
        if matching < len(self):
            bits = np.packbits(allowed, bitorder="little")
            parameters.sel = faiss.IDSelectorBitmap(bits)
        _, rows = self._index.search(query[None, :], count, params=parameters)
        named: Rows = np.sort(rows[0][rows[0] >= 0])
        return named

    def compacted(self, live: Mask) -> Ivf:
        """The live rows only, renumbered."""
        result = Ivf(self._centroids(), self.learned, self.seq, self.outlived(live))
        result._fill(self._live_lists(live))
        return result

    def saved(self, live: Mask) -> dict[str, Saved]:
        """Arrays that ``compacted`` would hold, by name, for ``restored``: list after list."""
        sizes = np.array([np.count_nonzero(live[self._rows(i)]) for i in self.lists], np.int64)
        count = int(sizes.sum())
        rows = (rows for rows, _ in self._live_lists(live))
        codes = (codes for _, codes in self._live_lists(live))
        return {
            "centroids": Saved.whole(self._centroids()),
            "sizes": Saved.whole(sizes),
            "rows": Saved(np.dtype(np.int64).str, (count,), rows),
            "codes": Saved(np.dtype(np.uint8).str, (count, self._index.code_size), codes),
        }

    @classmethod
    def restored(
        cls, learned: int, seq: int, outlived: Sequence[int], stored: Stored
    ) -> Ivf | None:
        """The one that was saved; None if this FAISS has codes of another length."""
        result = cls(stored.read("centroids"), learned, seq, outlived)
        if stored.shape("codes")[1] != result._index.code_size:
            return None
        bounds = [0, *np.cumsum(stored.read("sizes")).tolist()]
        result._fill(
            (stored.read("rows", *where), stored.read("codes", *where))
            for where in pairwise(bounds)
        )
        return result

    def _fill(self, lists: Iterable[_List]) -> None:
        held = self._index.invlists
        for i, (rows, codes) in enumerate(lists):
            if len(rows):
                held.add_entries(i, len(rows), faiss.swig_ptr(rows), faiss.swig_ptr(codes))
                self._index.ntotal += len(rows)

    def _live_lists(self, live: Mask) -> Iterator[_List]:
        """The live rows of each list, renumbered, and their codes."""
        renumbered = np.cumsum(live) - 1
        for i in self.lists:
            rows, codes = self._rows(i), self._codes(i)
            kept = live[rows]
            yield renumbered[rows[kept]], codes[kept]

    def _rows(self, i: int) -> Rows:
        """The rows in a list: a view."""
        held = self._index.invlists
        size = held.list_size(i)
        empty = np.empty(0, np.int64)
        rows: Rows = faiss.rev_swig_ptr(held.get_ids(i), size) if size else empty
        return rows

    def _codes(self, i: int) -> NDArray[np.uint8]:
        """Their codes: a view of shape (n, bytes of a code)."""
        held, width = self._index.invlists, self._index.code_size
        size = held.list_size(i)
        if not size:
            return np.empty((0, width), np.uint8)
        codes: NDArray[np.uint8] = faiss.rev_swig_ptr(held.get_codes(i), size * width)
        return codes.reshape(size, width)

    def _replace(self, i: int, rows: Rows, vectors: NDArray[np.float32]) -> None:
        """Put rows in the place of those in a list; rows keep their numbers, which ``ntotal``
        counts on."""
        held, width = self._index.invlists, self._index.code_size
        held.resize(i, 0)
        if len(rows):
            numbers = np.full(len(rows), i, np.int64)
            codes = np.empty((len(rows), width), np.uint8)
            arrays = (vectors, numbers, codes)
            self._index.encode_vectors(len(rows), *map(faiss.swig_ptr, arrays))
            held.add_entries(i, len(rows), faiss.swig_ptr(rows), faiss.swig_ptr(codes))

    def _put_centroid(self, i: int, total: NDArray[np.float32]) -> None:
        """Let a list have the direction of a sum as its centroid; of none, a point that is far from
        all."""
        centroids = faiss.rev_swig_ptr(self._quantizer.get_xb(), self._index.nlist * len(total))
        length = float(np.linalg.norm(total))
        centroids.reshape(-1, len(total))[i] = total / length if length else 0

    def _centroids(self) -> NDArray[np.float32]:
        centroids: NDArray[np.float32] = self._quantizer.reconstruct_n(0, self._index.nlist)
        return centroids


def _lists(rows: int) -> int:
    return round(_LISTS * math.sqrt(rows))
