"""Where to look first in a large dense index.

Vectors fall into lists by the nearest of some centroids, and each keeps one bit a dimension there
(RaBitQ: Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
for Approximate Nearest Neighbor Search", SIGMOD 2024). A question reads the bits of some
lists and names candidates; what they score is for the vectors themselves to say.

Chosen by measurement, one thread, 384 dimensions, LoCoMo with noise (``benchmarks.scale``),
recall@10 against exact: 100,000 vectors 0.6 ms at .994, a million 1.9 ms at .997, where exact
search takes 38 ms; 64 bytes a vector. SQ8 in the lists has no better recall and reads eight times
as much; FAISS's FastScan of the same bits is no faster; HNSW holds no filter and cannot forget (see
benchmarks/README.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import Halves, Mask, Rows, Scores
from store.embedded.blocks import Blocks

__all__ = ["Coarse", "sample"]

_LISTS = 4
"""Times the square root of the rows: how many lists. What a question looks for may lie in a loose
list, whose centroid tells little: with 1.3 times, reading an eighth of the rows misses 4.0 % of the
ten best, with 4 times 0.5 % (600 questions, 100,000 vectors, centroids learned from the first
quarter). Finding the list of a row takes 5 us, twice as long."""

_PROBED = 128
"""Lists to look into, however many there are: a fifth of them at 100,000 rows, a twentieth at a
million, where the best lie in fewer because the lists are finer."""

_SAMPLED = 20
"""Vectors a list to learn the centroids from."""

_ROUNDS = 6
"""Of k-means; more change nothing that recall shows."""

_QUERY_BITS = 4
"""Bits a dimension of the question is rounded to: 8 find the same, a fifth slower."""

_CHUNK = 65_536
"""Vectors that are converted to single precision at a time."""


def sample(vectors: Blocks) -> Halves:
    """What to learn from, a copy: evenly spread, since neighbours in time resemble each other."""
    wanted = min(len(vectors), _lists(len(vectors)) * _SAMPLED)
    return vectors.take(np.linspace(0, len(vectors) - 1, wanted).astype(np.int64))


class Coarse:
    """Candidates for a question, among rows 0, 1, 2, ... in the order they were added.

    Not thread-safe for writers.

    Attributes:
        learned: How many rows there were when the centroids were learned.
    """

    ARRAYS = ("centroids", "sizes", "rows", "codes")
    """Names of the arrays that ``arrays`` returns and ``from_arrays`` takes."""

    def __init__(self, centroids: NDArray[np.float32], learned: int) -> None:
        self.learned = learned
        count, dim = centroids.shape
        self._quantizer = faiss.IndexFlatIP(dim)
        self._quantizer.add(centroids)
        self._index = faiss.IndexIVFRaBitQ(self._quantizer, dim, count, faiss.METRIC_INNER_PRODUCT)
        self._index.is_trained = True

    @classmethod
    def learn(cls, taken: Halves, rows: int) -> Coarse:
        """An empty one for about so many rows.

        Args:
            taken: What ``sample`` took of them.
            rows: How many there are now.
        """
        faiss.omp_set_num_threads(1)  # of this thread: questions are asked meanwhile
        means = faiss.Kmeans(
            taken.shape[1],
            min(_lists(rows), len(taken)),
            niter=_ROUNDS,
            min_points_per_centroid=1,
            max_points_per_centroid=_SAMPLED,
            spherical=True,
            seed=1,
        )
        means.train(taken.astype(np.float32))
        return cls(means.centroids, rows)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        lists = int(self._index.nlist * self._index.d * 4)
        return lists + len(self) * (int(self._index.code_size) + 8)

    def add(self, vectors: Halves) -> None:
        """Append rows: unit vectors, float16, shape (n, dim)."""
        faiss.omp_set_num_threads(1)
        for start in range(0, len(vectors), _CHUNK):
            self._index.add(vectors[start : start + _CHUNK].astype(np.float32))

    def candidates(self, query: Scores, count: int, allowed: Mask, matching: int) -> Rows:
        """Rows that may score best, ascending.

        Args:
            query: Unit vector, float32, shape (dim,).
            count: How many to name, at most.
            allowed: Which rows may be named, shape (n,).
            matching: How many those are.
        """
        faiss.omp_set_num_threads(1)
        parameters = faiss.IVFRaBitQSearchParameters()
        parameters.qb = _QUERY_BITS
        # Of few allowed rows more of the best lie beyond the lists that are looked into first.
        share = max(matching / len(self), 1 / 16)
        parameters.nprobe = math.ceil(_PROBED / share**0.5)
        bits = np.packbits(allowed, bitorder="little")
        if matching < len(self):
            parameters.sel = faiss.IDSelectorBitmap(bits)
        _, rows = self._index.search(query[None, :], count, params=parameters)
        named: Rows = np.sort(rows[0][rows[0] >= 0])
        return named

    def compacted(self, live: Mask) -> Coarse:
        """The live rows only, renumbered."""
        return Coarse.from_arrays(self.compacted_arrays(live), self.learned)

    def compacted_arrays(self, live: Mask) -> dict[str, NDArray[Any]]:
        """What ``arrays`` would return once ``compacted``."""
        arrays = self.arrays()
        if live.all():
            return arrays
        kept = live[arrays["rows"]]
        lists = np.repeat(np.arange(len(arrays["sizes"])), arrays["sizes"])
        renumbered = np.cumsum(live) - 1
        return {
            "centroids": arrays["centroids"],
            "sizes": np.bincount(lists[kept], minlength=len(arrays["sizes"])),
            "rows": renumbered[arrays["rows"][kept]],
            "codes": arrays["codes"][kept],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The lists as named arrays, one list after the other."""
        held = self._index.invlists
        sizes = np.array([held.list_size(i) for i in range(self._index.nlist)], np.int64)
        rows = np.empty(len(self), np.int64)
        codes = np.empty((len(self), self._index.code_size), np.uint8)
        end = 0
        for i, size in enumerate(sizes.tolist()):
            if size:
                start, end = end, end + size
                rows[start:end] = faiss.rev_swig_ptr(held.get_ids(i), size)
                codes[start:end] = faiss.rev_swig_ptr(
                    held.get_codes(i), size * self._index.code_size
                ).reshape(size, -1)
        centroids = self._quantizer.reconstruct_n(0, self._index.nlist)
        return {"centroids": centroids, "sizes": sizes, "rows": rows, "codes": codes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], learned: int) -> Coarse:
        """The one that ``arrays`` was taken from."""
        coarse = cls(np.ascontiguousarray(arrays["centroids"], np.float32), learned)
        rows = np.ascontiguousarray(arrays["rows"], np.int64)
        codes = np.ascontiguousarray(arrays["codes"], np.uint8)
        held = coarse._index.invlists
        end = 0
        for i, size in enumerate(arrays["sizes"].tolist()):
            if size:
                start, end = end, end + size
                held.add_entries(
                    i, size, faiss.swig_ptr(rows[start:end]), faiss.swig_ptr(codes[start:end])
                )
        coarse._index.ntotal = len(rows)
        return coarse


def _lists(rows: int) -> int:
    return round(_LISTS * math.sqrt(rows))
