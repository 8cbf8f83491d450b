"""``PostgresStore``: rows, vectors and full text in one transaction of one server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from remem.store.engine import Clock, Sizes, Snapshot
from remem.store.errors import InvalidInput
from remem.store.postgres import indexes, vectors
from remem.store.postgres import verify as checking
from remem.store.postgres.database import Database
from remem.store.postgres.driver import (
    Connection,
    namespaces,
    open_namespace,
    read_meta,
    write_space,
)
from remem.store.postgres.schema import migrate
from remem.store.postgres.search import Head
from remem.store.postgres.snapshot import PostgresSnapshot
from remem.store.postgres.write import PostgresFilling, apply, forget
from remem.store.spaces import check_same
from remem.store.store import Store, utc_now
from remem.store.types import Batch, Space, Verification, Written

T = TypeVar("T")


class PostgresStore(Store):
    """A store in the schema ``remem`` of a PostgreSQL database with pgvector.

    Any number of threads, processes and machines may use it at the same time, also through a
    pooler in transaction mode. When the server restarts, requests wait for it and go on; what a
    write did is never lost and never done twice.

    Searches are exact in a namespace of up to ``exact_up_to`` records and where a filter leaves
    few; else about 99 of 100 nearest vectors are found.

    When ``purge`` returns, no row of a table, no entry of an index and no statistic holds what the
    batch deleted. What PostgreSQL keeps besides is the server's to forget: the freed bytes inside a
    page until something else is written there, the write-ahead log until it is recycled, and
    archives, replicas and backups for as long as they are kept.

    Args:
        url: ``postgresql://user:password@host:port/database``.
        fingerprint: Of the encoder that will be used, if one will.
        connections: Most connections that this process opens for its requests.
        patience: How long to wait for a server that went away, in seconds.
        exact_up_to: How many records of a namespace are compared one by one; a namespace with
            more gets an index for each view, built in the background when it is searched.
        clock: What time it is, for ``stored_at`` and expiry.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
        UpstreamError: there is no server, or it refuses, or it or its pgvector is too old.
        StoreReadOnly, CorruptStore, InvalidInput: the database cannot be used.
    """

    def __init__(
        self,
        url: str,
        fingerprint: str | None = None,
        *,
        connections: int = 8,
        patience: float = 30.0,
        exact_up_to: int = 10_000,
        clock: Clock = utc_now,
    ) -> None:
        self._database = Database(url, connections, patience)
        self._builder = indexes.IndexBuilder(self._database)
        engine = PostgresEngine(self._database, self._builder, exact_up_to)
        super().__init__(engine, fingerprint, clock)

    def wait(self) -> None:
        """Return when no index is being built in the background."""
        self._builder.wait()


class PostgresEngine:
    """Keeps ``remem.store.engine.Engine``. A scan reads each page in a transaction of its own."""

    def __init__(self, database: Database, builder: indexes.IndexBuilder, exact_up_to: int) -> None:
        self._database = database
        self._builder = builder
        self._exact_up_to = exact_up_to
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise

    @property
    def url(self) -> str:
        """The database, without the password."""
        return self._database.url

    def check_open(self) -> None:
        self._database.check_open()

    def resume(self) -> None:
        """A server has done it."""

    def read(self, work: Callable[[Snapshot], T]) -> T:
        """See ``Engine.read``. One transaction, as of one moment."""
        return self._database.consult(
            lambda begin: work(PostgresSnapshot(begin, self._want_indexes))
        )

    def write(
        self,
        namespace: str,
        batch: Batch,
        clock: Clock,
        purging: bool,  # noqa: ARG002 - the tables are scrubbed of all that was deleted
    ) -> Written:

        def work(connection: Connection[Any]) -> Written:
            opened = open_namespace(connection, namespace, len(batch.add))
            if batch.space is not None:
                check_same(opened.meta.adopted, batch.space)
            return apply(connection, opened, batch, clock())

        return self._database.write(work)

    def scrub(self) -> None:
        """See ``PostgresStore``. Waits for transactions that can still see what was deleted.

        Raises:
            StoreLocked: such a transaction did not end. What was deleted is no longer found.
            StoreReadOnly: the user may not VACUUM the tables; the same.
        """
        forget(self._database)

    def adopt(self, space: Space) -> Space:
        if space.dim > vectors.MOST_DIMENSIONS:
            raise InvalidInput(
                f"pgvector holds up to {vectors.MOST_DIMENSIONS:,} dimensions, not {space.dim:,}; "
                "use another encoder or another store"
            )

        def work(connection: Connection[Any]) -> Space:
            adopted = read_meta(connection).adopted
            if adopted is not None:
                check_same(adopted, space)
                return adopted
            vectors.create(connection, 1, space)
            write_space(connection, space, 1)
            return space

        return self._database.alter(work)

    def filling(self, space: Space) -> PostgresFilling:
        return PostgresFilling(self._database, space)

    def namespaces(self) -> list[str]:
        return [name for name, _ in self._database.read(namespaces)]

    def verify(self) -> Verification:
        return checking.verify(self._database)

    def rebuild(self) -> None:
        checking.rebuild(self._database)

    def sizes(self) -> Sizes:

        def work(connection: Connection[Any]) -> Sizes:
            counts = connection.execute(
                """SELECT name, count(*) FROM remem.records r
                    JOIN remem.namespaces n ON n.id = r.namespace GROUP BY name ORDER BY name"""
            ).fetchall()
            row = connection.execute(
                """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                    WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'"""
            ).fetchone()
            return Sizes(dict(counts), int(row[0]) if row else 0, 0)

        return self._database.read(work)

    def close(self) -> None:
        if not self._database.closed:
            self._builder.close()
            self._database.close()

    def _want_indexes(self, head: Head) -> None:
        for view in indexes.wanted(head.totals, head.indexed, self._exact_up_to, head.space):
            self._builder.ask(indexes.Place(head.generation, view, head.namespace))
