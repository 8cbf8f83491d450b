"""How approximate indexes divide vectors into lists, and how many lists a search looks into; pure.

pgvector has two kinds of index. Measured with 10^5 vectors of 384 dimensions in half precision, on
2 cores: LoCoMo's 2,760 turns and windows, each some 36 noisy copies, asked 200 questions. Recall
is that of the 10 nearest; p50 that of pgvector alone, of an insert too:

================================  ==============  ======  =====  ======  ======
kind                              recall of       p50     build  size    insert
                                  turns  windows
================================  ==============  ======  =====  ======  ======
HNSW m 16, ef 64, search 200 (*)  .731            1.1 ms   20 s  117 MB  0.9 ms
HNSW m 16, ef 200, search 200     .900            1.3      30    117
HNSW m 24, ef 128, search 200     .977   .904     1.8      32    122     2.3
HNSW m 24, ef 200, search 400     .995   .965     3.6      48    122     3.4
HNSW m 32, ef 128, search 200     .992            2.8      51    137     4.9
HNSW m 32, ef 200, search 400     .995            3.9      67    137     4.4
1,265 lists, 32 searched          .975   .993     2.2      19     88     0.4
1,265 lists, 48 searched          .995   .992     2.7      19     88     0.4
1,265 lists, 64 searched (**)     .995   .996     3.6      19     88     0.4
1,265 lists, 128 searched         .999   .996     6.5      19     88     0.4
632 lists, 32 searched            .988   .994     3.8       8     85     0.4
958 lists, 48 searched            .988   .989     4.4      16     86     0.4
432 lists, 48 searched            .990   .997     7.0       6     84     0.3
================================  ==============  ======  =====  ======  ======

(*) pgvector's defaults, what was used before; (**) what is used. Of 10^6 turns, each 362 copies,
(*) finds .484, and .742 with search 1,000; 32 of 2,190 lists find .992, and 64 of them .999.

A vector has 2 m links in a graph. Where it has more near copies than that, all its links go to
them, and a search that comes upon the wrong crowd does not leave it: with m = 16, one question in
eight found none of its ten. Nor did more links help the windows, which are nearer to each other,
and a crowd may always be larger. Lists have no ways that could be missing, and take a new vector
in a tenth of the time.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil, sqrt

__all__ = ["Lists", "how_many"]

_FOR_ROOT = 4
"""Lists for each square root of the records: with half as many, searching the same number of
vectors finds less (above)."""

_SEARCHED = 64
"""Lists that a search looks into: 16 vectors for each square root of the records, so that it is
slowed down by the root of the growth only. pgvector begins with random centres, so that no two
indexes are the same: of seven that were searched with 48 lists, one found .973 and the others .992
or more; with 64 the worst of seven found .992. Where the server's memory is enough for fewer lists,
as many of them are searched, which finds as much and takes longer, because each is longer."""

_AT_LEAST = 2_500
"""Vectors that a search looks at, however few there are: it takes 2 ms, and finds 98 of 100 even
where vectors are spread evenly and no list is nearer than another."""

_FOR_EACH = 50
"""Vectors that are looked at for each that is asked for, where that is more: .998 of the 50 nearest
turns are found, .997 of 100, .999 of 200 and of 500."""

_OUTGROWN = 4
"""When a namespace has so many times the records that its index was built for, the lists are too
long, and do not know of what has been talked about since."""

_MOST = 32_768
"""Lists of an index of pgvector."""

_SAFE = 0.85
"""Share of the server's memory for maintenance that is counted on."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of an index.

    Attributes:
        records: Of the namespace when the index was built.
        number: Of lists.
    """

    records: int
    number: int

    def outgrown(self, records: int) -> bool:
        """Whether the index should be built again, for so many records."""
        return records > _OUTGROWN * self.records

    def searched(self, records: int, k: int) -> int | None:
        """How many lists to look into for the k nearest of so many records; None if that is so
        large a part of them that comparing with all takes no longer."""
        in_each = max(records, 1) / self.number
        lists = max(_SEARCHED, ceil(max(_AT_LEAST, _FOR_EACH * k) / in_each))
        return lists if lists < self.number / 2 else None


def how_many(records: int, dim: int, memory: int) -> int:
    """Of how many lists an index should be made.

    Args:
        memory: ``maintenance_work_mem`` of the server, in bytes. pgvector refuses what takes more:
            of 384 dimensions, 64 MB are enough for 430 lists, 1 GB for 2,000.
    """
    fitting = bisect_right(range(1, _MOST), _SAFE * memory, key=lambda lists: _taken(lists, dim))
    return max(1, min(ceil(_FOR_ROOT * sqrt(records)), fitting))


def _taken(lists: int, dim: int) -> int:
    """Bytes that pgvector takes to find the centres of so many lists (``ivfkmeans.c``)."""
    vector = 2 * dim + 8
    samples = max(50 * lists, 10_000)
    bounds = 4 * (samples * lists + lists**2)
    return samples * (vector + 8) + lists * (2 * vector + 4 * dim + 20) + bounds
