"""Where to look first in a large dense index.

Vectors fall into lists by the nearest of some centroids, and each keeps one bit a dimension there
(RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024). A question reads the bits of some
lists and names candidates; what they score is for the vectors themselves to say.

Chosen by measurement, one thread, 384 dimensions, LoCoMo with noise (``benchmarks.scale``),
recall@10 against exact: a search in 100,000 vectors 1.0 ms, in a million 2.1 ms, both at 1.000,
where exact search takes 38 ms; 64 bytes a vector. SQ8 in the lists has no better recall and reads
eight times as much; FAISS's FastScan of the same bits is no faster; HNSW holds no filter and cannot
forget (see benchmarks/README.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import Halves, Mask, Rows, Scores
from store.embedded.blocks import Blocks, one_thread
from store.embedded.saving import Saved, Stored

__all__ = ["Coarse", "sample"]

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
    """What to learn from, a copy: evenly spread, since neighbours in time resemble each other. Of
    live rows only: a centroid may equal a vector, and is saved though that was purged."""
    rows = np.flatnonzero(live)
    wanted = min(len(rows), _lists(len(vectors)) * _SAMPLED)
    places = np.linspace(0, len(rows) - 1, wanted).astype(np.int64)
    return vectors.take(rows[places]).astype(np.float32)


class Coarse:
    """Candidates for a question, among rows 0, 1, 2, ... in the order they were added.

    Not thread-safe for writers.

    Attributes:
        learned: How many rows there were when the centroids were learned.
        seq: The change up to which they had followed the records then: of a vector that was
            purged later, a centroid may be a copy.
    """

    def __init__(self, centroids: NDArray[np.float32], learned: int, seq: int) -> None:
        self.learned = learned
        self.seq = seq
        count, dim = centroids.shape
        self._quantizer = faiss.IndexFlatIP(dim)
        self._quantizer.add(centroids)
        self._index = faiss.IndexIVFRaBitQ(self._quantizer, dim, count, faiss.METRIC_INNER_PRODUCT)
        self._index.is_trained = True

    @classmethod
    @one_thread()
    def learn(cls, taken: NDArray[np.float32], rows: int, seq: int) -> Coarse:
        """An empty one for about so many rows.

        Args:
            taken: What ``sample`` took of them.
            rows: How many there were then.
            seq: The change up to which they had followed the records then.
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

    def compacted(self, live: Mask) -> Coarse:
        """The live rows only, renumbered."""
        result = Coarse(self._centroids(), self.learned, self.seq)
        result._fill(self._live_lists(live))
        return result

    def saved(self, live: Mask) -> dict[str, Saved]:
        """What ``compacted`` would hold, by name, for ``restored``: one list after the other."""
        lists = range(self._index.nlist)
        sizes = np.array([np.count_nonzero(live[self._rows(i)]) for i in lists], np.int64)
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
    def restored(cls, learned: int, seq: int, stored: Stored) -> Coarse | None:
        """The one that was saved; None if this FAISS has codes of another length."""
        result = cls(stored.read("centroids"), learned, seq)
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
        for i in range(self._index.nlist):
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

    def _centroids(self) -> NDArray[np.float32]:
        centroids: NDArray[np.float32] = self._quantizer.reconstruct_n(0, self._index.nlist)
        return centroids


def _lists(rows: int) -> int:
    return round(_LISTS * math.sqrt(rows))
