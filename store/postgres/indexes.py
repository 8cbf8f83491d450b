"""Approximate indexes: one for each view of each namespace that has outgrown exact search.

They are partial indexes, so a namespace has lists of its own (why lists:
``remem.store.postgres.indexes``). PostgreSQL builds them beside readers and writers, and keeps them
up to date from then on, in the transaction of each write. One that its namespace has outgrown is
used until a larger one is ready.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any
from zlib import crc32

from remem.store.errors import RememError
from remem.store.postgres import vectors
from remem.store.postgres.database import Database
from remem.store.postgres.driver import Connection
from remem.store.types import Space

MOST_INDEXED_DIMENSIONS = 4_000
"""That pgvector indexes; longer vectors are searched exactly."""

_BUILD_LOCK = 0x686E7377
"""The first half of the number of an advisory lock; the second is that of the place."""

_AGAIN = 60.0
"""Seconds after which an index that is still missing is asked for once more: it may have failed, or
whoever was building it may have gone away."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """The vectors that an index is over: the live ones of a namespace in one table."""

    generation: int
    view: int
    namespace: int

    @property
    def prefix(self) -> str:
        """Beginning of its indexes' names; there are two indexes while a larger one is built."""
        return f"ivf_{self.generation:d}_{self.view:d}_{self.namespace:d}_"

    def name(self, lists: Lists) -> str:
        """Of an index over it."""
        return f"{self.prefix}{lists.records:d}_{lists.number:d}"


@dataclass(frozen=True, slots=True)
class _Found:
    """An index that there is.

    Attributes:
        ready: Whether searches use it.
    """

    name: str
    ready: bool

    @property
    def lists(self) -> Lists:
        return Lists(*map(int, self.name.split("_")[4:]))


def indexed(
    connection: Connection[Any], generation: int, namespace: int, views: int
) -> dict[int, Lists]:
    """The views of a namespace whose index is ready, and its lists; of two the newer."""
    places = [Place(generation, view, namespace) for view in range(views)]
    found = [index for index in _find(connection, places) if index.ready]
    found.sort(key=lambda index: index.lists.records)
    return {_place(index.name).view: index.lists for index in found}


def wanted(
    totals: Mapping[int, tuple[int, int]],
    indexed: Mapping[int, Lists],
    exact_up_to: int,
    space: Space,
) -> list[int]:
    """The views of a namespace that should have an index and have none, or one for far fewer.

    Args:
        totals: Records, and tokens in them, of each view.
    """
    if space.dim > MOST_INDEXED_DIMENSIONS:
        return []
    return [
        view
        for view, (n, _) in totals.items()
        if n > exact_up_to and (view not in indexed or indexed[view].outgrown(n))
    ]


def build(database: Database, place: Place) -> None:
    """Make an index, unless one is there that will do or somebody is making it."""
    with _locked(database, place) as mine, database.connection() as connection:
        if not mine:
            return
        records, number = _sizes(connection, place)
        lists = Lists(records, number)
        older = _find(connection, [place])
        will_do = any(one.ready and not one.lists.outgrown(records) for one in older)
        if will_do or _in_progress(connection, older):
            return
        for one in older:
            if not one.ready:  # whoever began it is gone, and the server is not at it either
                _drop(connection, one)
        connection.execute(
            f"""CREATE INDEX CONCURRENTLY {place.name(lists)}
                ON {vectors.table(place.generation, place.view)}
                USING ivfflat (vector halfvec_ip_ops) WITH (lists = {lists.number:d})
                WHERE namespace = {place.namespace:d} AND live"""
        )
        for one in older:
            if one.ready:
                _drop(connection, one)


def all_indexed(connection: Connection[Any], generation: int) -> list[Place]:
    """Places that have indexes of a generation, ready or not."""
    rows = connection.execute(
        """SELECT relname FROM pg_class WHERE relnamespace = 'remem'::regnamespace
            AND relkind = 'i' AND starts_with(relname, %s) ORDER BY relname""",
        [f"ivf_{generation:d}_"],
    )
    return list(dict.fromkeys(_place(row[0]) for row in rows))


def rebuild(database: Database, place: Place) -> None:
    """Make an index anew; searches are exact meanwhile."""
    with database.connection() as connection:
        for one in _find(connection, [place]):
            _drop(connection, one)
    build(database, place)


class IndexBuilder:
    """Builds indexes one after the other in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._asked: dict[Place, float] = {}
        self._waiting: list[Place] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, wanted: Place) -> None:
        """Have an index built some time soon. Asking twice within a minute is asking once."""
        now = time.monotonic()
        with self._guard:
            if self._closed or wanted in self._waiting:
                return
            if now - self._asked.get(wanted, -_AGAIN) < _AGAIN:
                return
            self._asked[wanted] = now
            self._waiting.append(wanted)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="remem-indexes", daemon=True
                )
                self._thread.start()

    def wait(self) -> None:
        """Return when all that was asked for is done."""
        while (thread := self._thread) is not None:
            thread.join()

    def close(self) -> None:
        """Begin no more; what the server is building goes on there."""
        with self._guard:
            self._closed = True
            self._waiting.clear()

    def _work(self) -> None:
        while True:
            with self._guard:
                if not self._waiting:
                    self._thread = None
                    return
                wanted = self._waiting.pop(0)
            try:
                build(self._database, wanted)
            except RememError as error:
                _log.warning("no index for faster search could be built: %s", error)


@contextmanager
def _locked(database: Database, place: Place) -> Iterator[bool]:
    """Claim the building of an index until the end of the block; True if nobody else has it."""
    number = crc32(place.prefix.encode()) - 2**31
    with database.connection() as connection, connection.transaction():
        # Without parameters: with them the statement would keep its snapshot, and building an
        # index beside others waits for all older snapshots. As long as it takes, we are silent.
        row = connection.execute(
            f"""SELECT pg_try_advisory_xact_lock({_BUILD_LOCK}, {number}),
                (SELECT count(set_config(name, '0', true)) FROM pg_settings WHERE name IN
                    ('idle_in_transaction_session_timeout', 'transaction_timeout'))"""
        ).fetchone()
        yield bool(row and row[0])


def _find(connection: Connection[Any], places: Sequence[Place]) -> list[_Found]:
    """The indexes of some places, ready or not."""
    rows = connection.execute(
        """SELECT relname, indisvalid FROM unnest(%s::text[]) AS prefix
            JOIN pg_class ON relname >= prefix::name AND relname < (prefix || ':')::name
            JOIN pg_index ON indexrelid = pg_class.oid
            WHERE relnamespace = 'remem'::regnamespace""",  # a digit follows the prefix
        [[place.prefix for place in places]],
    )
    return [_Found(*row) for row in rows]


def _in_progress(connection: Connection[Any], found: Sequence[_Found]) -> bool:
    """True if the server is building one of these, be it for somebody who has gone away."""
    row = connection.execute(
        """SELECT EXISTS (SELECT FROM pg_stat_progress_create_index
            JOIN pg_class ON index_relid = pg_class.oid
            WHERE relnamespace = 'remem'::regnamespace AND relname = ANY(%s))""",
        [[one.name for one in found]],
    ).fetchone()
    return bool(row and row[0])


def _place(name: str) -> Place:
    """The place of the index of this name."""
    return Place(*map(int, name.split("_")[1:4]))


def _drop(connection: Connection[Any], index: _Found) -> None:
    connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS remem.{index.name}")


def _sizes(connection: Connection[Any], place: Place) -> tuple[int, int]:
    """Records of a place, and how many lists they should have."""
    row = connection.execute(
        """SELECT
            (SELECT records FROM remem.totals WHERE namespace = %s AND view = %s),
            (SELECT atttypmod FROM pg_attribute
                WHERE attrelid = %s::regclass AND attname = 'vector'),
            (SELECT 1024 * setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem')""",
        [place.namespace, place.view, vectors.table(place.generation, place.view)],
    ).fetchone()
    assert row is not None
    records, dim, memory = row
    return records or 0, how_many(records or 0, dim, memory)


# How approximate indexes divide vectors into lists, and how many lists a search looks into.
#
# pgvector has two kinds of index. Measured with 10^5 vectors of 384 dimensions in half precision,
# on 2 cores: LoCoMo's 2,760 turns and windows, each some 36 noisy copies, asked 200 questions.
# Recall is that of the 10 nearest; p50 that of pgvector alone, of an insert too:
#
# ================================  ==============  ======  =====  ======  ======
# kind                              recall of       p50     build  size    insert
#                                   turns  windows
# ================================  ==============  ======  =====  ======  ======
# HNSW m 16, ef 64, search 200 (*)  .731            1.1 ms   20 s  117 MB  0.9 ms
# HNSW m 16, ef 200, search 200     .900            1.3      30    117
# HNSW m 24, ef 128, search 200     .977   .904     1.8      32    122     2.3
# HNSW m 24, ef 200, search 400     .995   .965     3.6      48    122     3.4
# HNSW m 32, ef 128, search 200     .992            2.8      51    137     4.9
# HNSW m 32, ef 200, search 400     .995            3.9      67    137     4.4
# 1,265 lists, 32 searched          .975   .993     2.2      19     88     0.4
# 1,265 lists, 48 searched          .995   .992     2.7      19     88     0.4
# 1,265 lists, 64 searched (**)     .995   .996     3.6      19     88     0.4
# 1,265 lists, 128 searched         .999   .996     6.5      19     88     0.4
# 632 lists, 32 searched            .988   .994     3.8       8     85     0.4
# 958 lists, 48 searched            .988   .989     4.4      16     86     0.4
# 432 lists, 48 searched            .990   .997     7.0       6     84     0.3
# ================================  ==============  ======  =====  ======  ======
#
# (*) pgvector's defaults, what was used before; (**) what is used. Of 10^6 turns, each 362
# copies, (*) finds .484, and .742 with search 1,000; 32 of 2,190 lists find .992, and 64 of them
# .999.
#
# A vector has 2 m links in a graph. Where it has more near copies than that, all its links go to
# them, and a search that comes upon the wrong crowd does not leave it: with m = 16, one question
# in eight found none of its ten. Nor did more links help the windows, which are nearer to each
# other, and a crowd may always be larger. Lists have no ways that could be missing, and take a
# new vector in a tenth of the time.

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
"""Factor by which a namespace may outgrow the number of records that its index was built for: then
the lists are too long, and do not know of what has been talked about since."""

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
        """True if the index should be built again, for so many records."""
        return records > _OUTGROWN * self.records

    def searched(self, records: int, k: int) -> int | None:
        """Number of lists to look into for the k nearest of so many records; None if that is so
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
