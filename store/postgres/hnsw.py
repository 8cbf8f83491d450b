"""Approximate indexes: one for each view of each namespace that has outgrown exact search.

They are partial indexes, so a namespace has a graph of its own. PostgreSQL builds them beside
readers and writers, and keeps them up to date from then on, in the transaction of each write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zlib import crc32

from store.errors import RememError
from store.postgres import vectors
from store.postgres.database import Database
from store.postgres.driver import Connection
from store.types import Space

__all__ = [
    "MOST_INDEXED_DIMENSIONS",
    "HnswBuilder",
    "all_indexed",
    "build",
    "index_name",
    "indexed",
    "rebuild",
    "wanted",
]

MOST_INDEXED_DIMENSIONS = 4_000
"""That pgvector indexes; longer vectors are searched exactly."""

_BUILD_LOCK = 0x686E7377  # "hnsw"

_AGAIN = 60.0
"""Seconds after which an index that is still missing is asked for once more: it may have failed, or
whoever was building it may have gone away."""

_log = logging.getLogger(__name__)


def index_name(generation: int, view: int, namespace: int) -> str:
    """Of the index over the live vectors of a namespace in one table."""
    return f"hnsw_{generation:d}_{view:d}_{namespace:d}"


def indexed(connection: Connection[Any], generation: int, namespace: int, views: int) -> set[int]:
    """The views of a namespace whose index is ready."""
    names = {index_name(generation, view, namespace): view for view in range(views)}
    rows = connection.execute(
        """SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
            WHERE relnamespace = 'remem'::regnamespace AND relname = ANY(%s) AND indisvalid""",
        [list(names)],
    )
    return {names[row[0]] for row in rows}


def wanted(
    totals: Mapping[int, tuple[int, int]], indexed: Container[int], exact_up_to: int, space: Space
) -> list[int]:
    """The views of a namespace that should have an index and have none.

    Args:
        totals: Records, and tokens in them, of each view.
    """
    if space.dim > MOST_INDEXED_DIMENSIONS:
        return []
    return [view for view, (n, _) in totals.items() if n > exact_up_to and view not in indexed]


def build(database: Database, generation: int, view: int, namespace: int) -> None:
    """Make an index, unless it is there or another process is making it."""
    name = index_name(generation, view, namespace)
    with _locked(database, name) as mine, database.connection() as connection:
        if mine and not _is_made(connection, name):
            # Whoever began it is gone, and the server is not at it either.
            connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS remem.{name}")
            connection.execute(
                f"""CREATE INDEX CONCURRENTLY {name} ON {vectors.table(generation, view)}
                    USING hnsw (vector halfvec_ip_ops) WHERE namespace = {namespace:d} AND live"""
            )


def all_indexed(connection: Connection[Any], generation: int) -> list[tuple[int, int]]:
    """View and namespace of every index of a generation, ready or not."""
    rows = connection.execute(
        """SELECT split_part(relname, '_', 3)::integer, split_part(relname, '_', 4)::integer
            FROM pg_class WHERE relnamespace = 'remem'::regnamespace AND relkind = 'i'
                AND starts_with(relname, %s)""",
        [f"hnsw_{generation:d}_"],
    )
    return rows.fetchall()


def rebuild(database: Database, generation: int, view: int, namespace: int) -> None:
    """Make an index anew; searches are exact meanwhile."""
    with database.connection() as connection:
        name = index_name(generation, view, namespace)
        connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS remem.{name}")
    build(database, generation, view, namespace)


class HnswBuilder:
    """Builds indexes one after the other in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._asked: dict[tuple[int, int, int], float] = {}
        self._waiting: list[tuple[int, int, int]] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, generation: int, view: int, namespace: int) -> None:
        """Have an index built some time soon. Asking twice within a minute is asking once."""
        wanted = (generation, view, namespace)
        now = time.monotonic()
        with self._guard:
            if self._closed or wanted in self._waiting:
                return
            if now - self._asked.get(wanted, -_AGAIN) < _AGAIN:
                return
            self._asked[wanted] = now
            self._waiting.append(wanted)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="remem-hnsw", daemon=True)
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
                build(self._database, *wanted)
            except RememError as error:
                _log.warning("no index for faster search could be built: %s", error)


@contextmanager
def _locked(database: Database, name: str) -> Iterator[bool]:
    """Whether we alone may build an index, until the end of the block."""
    lock = f"pg_try_advisory_xact_lock({_BUILD_LOCK}, {crc32(name.encode()) - 2**31})"
    with database.connection() as connection, connection.transaction():
        # Without parameters: with them the statement would keep its snapshot, and building an
        # index beside others waits for all older snapshots.
        row = connection.execute(f"SELECT {lock}").fetchone()
        yield bool(row and row[0])


def _is_made(connection: Connection[Any], name: str) -> bool:
    """Whether an index is ready, or the server is at it, be it for somebody who has gone away."""
    row = connection.execute(
        """SELECT indisvalid OR EXISTS
            (SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid)
            FROM pg_index WHERE indexrelid = to_regclass(%s)""",
        [f"remem.{name}"],
    ).fetchone()
    return bool(row and row[0])
