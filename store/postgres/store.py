"""``PostgresStore``: rows, vectors and full text in one transaction of one server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, TypeVar

from remem.store.base import Embed, OnDamage, Reader, log_damage, whole
from remem.store.errors import InvalidInput
from remem.store.filters import Filter
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
from remem.store.postgres.reading import PostgresReader
from remem.store.postgres.schema import migrate
from remem.store.postgres.search import Head
from remem.store.postgres.write import PostgresFilling, apply, forget
from remem.store.reindex import fill
from remem.store.rows import Place, Placed
from remem.store.spaces import check_fingerprint, check_same
from remem.store.types import (
    Batch,
    Entry,
    Hit,
    Leg,
    Record,
    SourceInfo,
    Space,
    Stats,
    Verification,
    Written,
)
from remem.store.validation import check_batch, check_filter, check_name, check_space

T = TypeVar("T")

_SCAN_PAGE = 500


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class PostgresStore:
    """A store in the schema ``remem`` of a PostgreSQL database with pgvector.

    Any number of threads, processes and machines may use it at the same time, also through a
    pooler in transaction mode. When the server restarts, requests wait for it and go on; what a
    write did is never lost and never done twice.

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
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = Database(url, connections, patience)
        self._builder = indexes.IndexBuilder(self._database)
        self._exact_up_to = exact_up_to
        self._clock = clock
        try:
            migrate(self._database)
            self._space = self._database.read(read_meta).adopted
            check_fingerprint(self._space, fingerprint)
        except BaseException:
            self._database.close()
            raise

    @property
    def url(self) -> str:
        """The database, without the password."""
        return self._database.url

    @property
    def space(self) -> Space | None:
        """See ``Store.space``."""
        return self._space

    def adopt(self, space: Space) -> None:
        """See ``Store.adopt``."""
        space = check_space(space)
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

        self._space = self._database.alter(work)

    def write(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.write``."""
        check_name(namespace, "namespace")
        self._database.check_open()
        space = self._known_space()
        batch = check_batch(batch, space)

        def work(connection: Connection[Any]) -> Written:
            opened = open_namespace(connection, namespace, len(batch.add))
            if batch.add or batch.refresh:
                check_same(opened.meta.adopted, batch.space or space)
            return apply(connection, opened, batch, self._clock())

        return self._database.write(work)

    def purge(self, namespace: str, batch: Batch) -> Written:
        """Like ``write``; when it returns, no row of a table, no entry of an index and no statistic
        holds what the batch deleted. Waits for transactions that can still see it.

        What PostgreSQL keeps besides is the server's to forget: the freed bytes inside a page
        until something else is written there, the write-ahead log until it is recycled, and
        archives, replicas and backups for as long as they are kept.

        Raises:
            StoreLocked: such a transaction did not end. What was deleted is no longer found.
            StoreReadOnly: the user may not VACUUM the tables; the same.
        """
        written = self.write(namespace, batch)
        forget(self._database)
        return written

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """See ``Store.get``."""
        return self.reading(lambda reader: reader.get(namespace, keys))

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """See ``Store.entries``."""
        return self.reading(lambda reader: reader.entries(namespace, keys))

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """See ``Store.predecessors``."""
        return self.reading(lambda reader: reader.predecessors(namespace, keys))

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """See ``Store.scan``. Each page is read in a transaction of its own."""
        check_filter(where)
        check_name(namespace, "namespace")
        self._database.check_open()
        return self._scan(namespace, where, damaged)

    def _scan(self, namespace: str, where: Filter | None, damaged: OnDamage) -> Iterator[Record]:
        after: Place | None = None

        def next_page(reader: PostgresReader) -> list[Placed]:
            return reader.page(namespace, where, after)

        while page := self._read(next_page):
            yield from whole((placed.found for placed in page), damaged)
            after = page[-1].place

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """See ``Store.find``."""
        return self.reading(lambda reader: reader.find(namespace, where, limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Store.neighbors``."""
        return self.reading(lambda reader: reader.neighbors(namespace, source, first, last, radius))

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``Store.search``. Exact in a namespace of up to ``exact_up_to`` records and where a
        filter leaves few; else about 99 of 100 nearest vectors are found."""
        return self.reading(lambda reader: reader.search(namespace, legs, k, where))

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """See ``Store.idf``."""
        return self.reading(lambda reader: reader.idf(namespace, view, tokens))

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Store.count``."""
        return self.reading(lambda reader: reader.count(namespace, where))

    def reading(self, work: Callable[[Reader], T]) -> T:
        """See ``Store.reading``. One transaction, as of one moment."""
        return self._read(work)

    def _read(self, work: Callable[[PostgresReader], T]) -> T:
        def ask(begin: Callable[[], Connection[Any]]) -> T:
            reader = PostgresReader(begin, self._space, self._clock, self._want_indexes)
            return work(reader)

        return self._database.consult(ask)

    def _want_indexes(self, head: Head) -> None:
        for view in indexes.wanted(head.totals, head.indexed, self._exact_up_to, head.space):
            self._builder.ask(indexes.Place(head.generation, view, head.namespace))

    def namespaces(self) -> list[str]:
        """See ``Store.namespaces``."""
        return [name for name, _ in self._database.read(namespaces)]

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        return self._read(lambda reader: reader.sources(namespace))

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """See ``Store.reindex``."""
        fill(PostgresFilling(self._database, check_space(space)), space, embed, progress)
        self._space = space

    def verify(self) -> Verification:
        """See ``Store.verify``."""
        return checking.verify(self._database)

    def rebuild(self) -> None:
        """See ``Store.rebuild``."""
        checking.rebuild(self._database)

    def stats(self) -> Stats:
        """See ``Store.stats``."""

        def work(connection: Connection[Any]) -> Stats:
            counts = connection.execute(
                """SELECT name, count(*) FROM remem.records r
                    JOIN remem.namespaces n ON n.id = r.namespace GROUP BY name ORDER BY name"""
            ).fetchall()
            row = connection.execute(
                """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                    WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'"""
            ).fetchone()
            return Stats(self.url, self._space, dict(counts), int(row[0]) if row else 0, 0)

        return self._database.read(work)

    def wait(self) -> None:
        """Return when no index is being built in the background."""
        self._builder.wait()

    def close(self) -> None:
        """See ``Store.close``."""
        if not self._database.closed:
            self._builder.close()
            self._database.close()

    def __enter__(self) -> PostgresStore:
        self._database.check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _known_space(self) -> Space | None:
        if self._space is None:  # perhaps another process has adopted one meanwhile
            self._space = self._database.read(read_meta).adopted
        return self._space
