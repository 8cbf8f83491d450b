"""``PostgresStore``: rows, vectors and full text in one transaction of one server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from store import bm25
from store.base import Embed, OnDamage, Reader, current_at, log_damage, whole
from store.errors import InvalidInput
from store.filters import Filter
from store.postgres import checking, indexes, rebuilding, records, vectors
from store.postgres.database import Database, go_by_key
from store.postgres.driver import Connection
from store.postgres.filtering import condition
from store.postgres.forgetting import forget
from store.postgres.meta import create_namespace, namespace_id, namespaces, read_meta, write_space
from store.postgres.reindexing import PostgresFilling
from store.postgres.schema import migrate
from store.postgres.searching import answer, rarity, read_head
from store.postgres.writing import apply
from store.reindexing import fill
from store.rows import Placed, to_micros
from store.spaces import check_fingerprint, check_same
from store.types import (
    Batch,
    Dense,
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
from store.validation import (
    check_batch,
    check_filter,
    check_k,
    check_keys,
    check_leg,
    check_name,
    check_space,
    check_span,
    check_view,
)

__all__ = ["PostgresStore"]

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

        def work(connection: Connection[Any]) -> None:
            adopted = read_meta(connection).adopted
            if adopted is None:
                vectors.create(connection, 1, space)
                write_space(connection, space, 1)
            else:
                check_same(adopted, space)

        self._database.alter(work)
        self._space = space

    def write(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.write``."""
        check_name(namespace, "namespace")
        self._database.check_open()
        space = self._known_space()
        batch = check_batch(batch, space)

        def work(connection: Connection[Any]) -> Written:
            meta = read_meta(connection)
            if batch.add or batch.refresh:
                check_same(meta.adopted, batch.space or space)
            number = create_namespace(connection, namespace)
            return apply(connection, number, batch, meta, self._clock())

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
        check_keys(keys)
        check_name(namespace, "namespace")

        def work(connection: Connection[Any]) -> list[Record | None]:
            number = namespace_id(connection, namespace)
            found = {} if number is None else records.load_by_key(connection, number, keys)
            return [found[key][1] if key in found else None for key in keys]

        return self._database.read(work)

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """See ``Store.entries``."""
        check_keys(keys)
        check_name(namespace, "namespace")
        space = self._known_space()

        def work(connection: Connection[Any]) -> list[Entry]:
            number = namespace_id(connection, namespace)
            if number is None:
                return []
            found = records.load_by_key(connection, number, keys)
            if not found:
                return []
            meta = read_meta(connection)
            check_same(meta.adopted, space)
            by_id = dict(found.values())
            views = records.load_views(connection, meta.generation, number, by_id, meta.space)
            return [Entry(found[key][1], views[found[key][0]]) for key in keys if key in found]

        return self._database.read(work)

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """See ``Store.predecessors``."""
        check_keys(keys)
        check_name(namespace, "namespace")

        def work(connection: Connection[Any]) -> list[Record]:
            number = namespace_id(connection, namespace)
            return [] if number is None else records.predecessors(connection, number, keys)

        return self._database.read(work)

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """See ``Store.scan``."""
        check_filter(where)
        check_name(namespace, "namespace")
        self._database.check_open()
        return self._scan(namespace, where, damaged)

    def _scan(self, namespace: str, where: Filter | None, damaged: OnDamage) -> Iterator[Record]:
        after: tuple[str, int, str] | None = None
        matching = condition(where)

        def work(connection: Connection[Any]) -> list[Placed]:
            number = namespace_id(connection, namespace)
            if number is None:
                return []
            return records.scan_page(connection, number, after, matching, _SCAN_PAGE)

        while page := self._database.read(work):
            yield from whole((placed.found for placed in page), damaged)
            after = page[-1].place

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """See ``Store.find``."""
        check_k(limit, "limit")
        return list(islice(self.scan(namespace, current_at(self._clock(), where)), limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Store.neighbors``."""
        first, last, radius = check_span(first, last, radius)
        check_name(source, "source")
        check_name(namespace, "namespace")

        def work(connection: Connection[Any]) -> list[Record]:
            number = namespace_id(connection, namespace)
            if number is None:
                return []
            now = to_micros(self._clock())
            return records.neighbors(connection, number, source, first, last, radius, now)

        return self._database.read(work)

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``Store.search``. Exact in a namespace of up to ``exact_up_to`` records and where a
        filter leaves few; else about 99 of 100 nearest vectors are found."""
        check_k(k)
        check_filter(where)
        check_name(namespace, "namespace")
        space = self._known_space()
        if space is None:
            return [[] for _ in legs]
        legs = [check_leg(leg, space) for leg in legs]

        def work(connection: Connection[Any]) -> list[list[Hit]]:
            go_by_key(connection)
            meta = read_meta(connection)
            if any(isinstance(leg, Dense) for leg in legs):
                check_same(meta.adopted, space)
            now = to_micros(self._clock())
            head = read_head(connection, meta, namespace, now)
            if head is None:
                return [[] for _ in legs]
            for view in indexes.wanted(head.totals, head.indexed, self._exact_up_to, space):
                self._builder.ask(indexes.Place(head.generation, view, head.namespace))
            return answer(connection, head, legs, k, where, now)

        return self._database.read(work)

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """See ``Store.idf``."""
        check_name(namespace, "namespace")
        check_view(view, self._known_space())

        def work(connection: Connection[Any]) -> list[float]:
            go_by_key(connection)
            meta = read_meta(connection)
            now = to_micros(self._clock())
            head = read_head(connection, meta, namespace, now) if meta.adopted else None
            if head is None:
                return [bm25.idf(0, 0) for _ in tokens]
            return rarity(connection, head, view, tokens)

        return self._database.read(work)

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Store.count``."""
        check_filter(where)
        check_name(namespace, "namespace")

        def work(connection: Connection[Any]) -> int:
            number = namespace_id(connection, namespace)
            sql, values = condition(where)
            row = connection.execute(
                f"SELECT count(*) FROM remem.records WHERE namespace = %s AND ({sql})",
                [number, *values],
            ).fetchone()
            return int(row[0]) if row else 0

        return self._database.read(work)

    def reading(self, work: Callable[[Reader], T]) -> T:
        """See ``Store.reading``."""
        return work(self)

    def namespaces(self) -> list[str]:
        """See ``Store.namespaces``."""
        return [name for name, _ in self._database.read(namespaces)]

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        check_name(namespace, "namespace")

        def work(connection: Connection[Any]) -> list[SourceInfo]:
            number = namespace_id(connection, namespace)
            return [] if number is None else records.sources(connection, number)

        return self._database.read(work)

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
        rebuilding.rebuild(self._database)

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
