"""``EmbeddedStore``: SQLite decides, the FAISS and text indexes follow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from remem.store.base import Embed, OnDamage, Reader, log_damage, whole
from remem.store.embedded import changes, filters, records
from remem.store.embedded.database import Database
from remem.store.embedded.folder import (
    Acknowledged,
    ReadOnlyDatabase,
    bytes_in,
    is_read_only,
    newest,
    prepare,
    refuse_lost_records,
)
from remem.store.embedded.partitions import Partitions, UnknownNamespace
from remem.store.embedded.schema import create_vectors, migrate, read_meta, write_space
from remem.store.embedded.search import answer, rarity, scan
from remem.store.embedded.verify import partition_problems, record_problems
from remem.store.embedded.write import EmbeddedFilling, apply
from remem.store.errors import CorruptStore, StoreFull, StoreLocked, StoreReadOnly
from remem.store.filters import And, Current, Filter
from remem.store.fulltext import ranking
from remem.store.reindex import fill
from remem.store.rows import to_micros
from remem.store.spaces import check_fingerprint, check_same
from remem.store.types import (
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
from remem.store.validation import (
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

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SCAN_PAGE = 500
_FIND_PAGE = 50


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class EmbeddedStore:
    """A folder with ``records.sqlite3`` (the truth), ``index/`` (snapshots of what follows it) and
    ``acknowledged`` (how far it was written).

    Any number of threads and processes may use one folder at the same time. One that cannot be
    written can be searched; what would change it raises ``StoreReadOnly``.

    Args:
        path: The folder; made if it does not exist.
        fingerprint: Of the encoder that will be used, if one will.
        max_index_bytes: How much of the indexes to keep in memory, over all namespaces.
        clock: What time it is, for ``stored_at`` and expiry.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
        CorruptStore, StoreReadOnly, StoreFull, InvalidInput: the folder cannot be used.
    """

    def __init__(
        self,
        path: Path,
        fingerprint: str | None = None,
        *,
        max_index_bytes: int = 1 << 30,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._url = str(path)
        self._path = prepare(path)
        self._clock = clock
        self._acknowledged = Acknowledged(self._path)
        self._database = _database(self._path / "records.sqlite3")
        self._partitions = Partitions(self._database, self._path / "index", max_index_bytes)
        try:
            with self._database.opening() as connection:
                refuse_lost_records(connection, self._path)
                migrate(connection)
                self._acknowledged.check(connection)
                self._space = read_meta(connection).adopted
            check_fingerprint(self._space, fingerprint)
            self._partitions.clean()
            self._go_on_with_purges()
        except BaseException:
            self._database.close()
            raise

    @property
    def url(self) -> str:
        """The folder, as it was given."""
        return self._url

    @property
    def space(self) -> Space | None:
        """See ``Store.space``."""
        return self._space

    def adopt(self, space: Space) -> None:
        """See ``Store.adopt``."""
        space = check_space(space)
        with self._database.writing() as connection:
            adopted = read_meta(connection).adopted
            if adopted is None:
                create_vectors(connection, 1)
                write_space(connection, space, 1)
            else:
                check_same(adopted, space)
        self._space = adopted or space

    def write(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.write``."""
        return self._commit(namespace, batch, purge=False)

    def purge(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.purge``."""
        written = self._commit(namespace, batch, purge=True)
        self._finish_purges()
        return written

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """See ``Store.get``."""
        check_keys(keys)
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            found = {} if state is None else records.load_by_key(connection, state.id, keys)
        return [found[key][1] if key in found else None for key in keys]

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """See ``Store.entries``."""
        check_keys(keys)
        check_name(namespace, "namespace")
        space = self._known_space()
        with self._database.reading() as connection:
            state = changes.read_state(connection, namespace)
            if state is None or space is None:
                return []
            meta = read_meta(connection)
            check_same(meta.adopted, space)
            found = records.load_by_key(connection, state.id, keys)
            by_id = dict(found.values())
            views = records.load_views(connection, meta.generation, meta.space, by_id)
        return [Entry(found[key][1], views[found[key][0]]) for key in keys if key in found]

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """See ``Store.predecessors``."""
        check_keys(keys)
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            return [] if state is None else records.predecessors(connection, state.id, keys)

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """See ``Store.scan``."""
        check_filter(where)
        check_name(namespace, "namespace")
        self._database.check_open()
        return whole(scan(self._database, namespace, where, _SCAN_PAGE), damaged)

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """See ``Store.find``."""
        check_k(limit, "limit")
        check_filter(where)
        check_name(namespace, "namespace")
        current = Current(self._clock())
        page = min(max(limit, _FIND_PAGE), _SCAN_PAGE)  # some may be superseded
        found = whole(scan(self._database, namespace, where, page))
        return list(islice(filter(current.matches, found), limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Store.neighbors``."""
        first, last, radius = check_span(first, last, radius)
        check_name(source, "source")
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return []
            now = to_micros(self._clock())
            return records.neighbors(connection, state.id, source, first, last, radius, now)

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``Store.search``."""
        check_k(k)
        check_filter(where)
        check_name(namespace, "namespace")
        space = self._known_space()
        if space is None:
            return [[] for _ in legs]
        legs = [check_leg(leg, space) for leg in legs]
        try:
            with self._partitions.current(namespace) as (connection, state, partition):
                if any(isinstance(leg, Dense) for leg in legs):
                    check_same(read_meta(connection).adopted, space)
                now = to_micros(self._clock())
                return answer(connection, state.id, partition, legs, k, where, now)
        except UnknownNamespace:
            return [[] for _ in legs]

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """See ``Store.idf``."""
        check_name(namespace, "namespace")
        check_view(view, self._known_space())
        try:
            with self._partitions.current(namespace) as (connection, state, partition):
                now = to_micros(self._clock())
                return rarity(connection, state.id, partition, view, tokens, now)
        except UnknownNamespace:
            return [ranking.idf(0, 0) for _ in tokens]

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Store.count``."""
        check_filter(where)
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return 0
            return len(filters.chosen(connection, state.id, And(()) if where is None else where))

    def reading(self, work: Callable[[Reader], T]) -> T:
        """See ``Store.reading``."""
        return work(self)

    def namespaces(self) -> list[str]:
        """See ``Store.namespaces``."""
        with self._database.reading() as connection:
            return records.namespaces(connection)

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            return [] if state is None else records.sources(connection, state.id)

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """See ``Store.reindex``."""
        fill(EmbeddedFilling(self._database, check_space(space)), space, embed, progress)
        self._space = space

    def verify(self) -> Verification:
        """See ``Store.verify``."""
        total, problems = 0, list[str]()
        try:
            with self._database.reading() as connection:
                total = connection.execute("SELECT count(*) FROM records").fetchone()[0]
                problems += record_problems(connection, read_meta(connection))
            problems += self._partitions.problems()
            for namespace in self.namespaces():
                problems += (f"namespace {namespace!r}: {what}" for what in self._verify(namespace))
        except CorruptStore as error:  # so badly that not even the rest can be looked at
            problems.append(str(error))
        return Verification(total, tuple(problems))

    def rebuild(self) -> None:
        """See ``Store.rebuild``."""
        self._partitions.rebuild(self.namespaces())

    def snapshot(self) -> None:
        """Save all indexes in memory now, so that opening them does not have to build them."""
        self._database.check_open()
        self._partitions.save_all()

    def stats(self) -> Stats:
        """See ``Store.stats``."""
        with self._database.reading() as connection:
            counts = records.counts(connection)
        on_disk, in_memory = bytes_in(self._path), self._partitions.nbytes
        return Stats(self.url, self._space, counts, on_disk, in_memory)

    def close(self) -> None:
        """See ``Store.close``."""
        if not self._database.closed:
            try:
                self._partitions.close()
            finally:
                self._database.close()

    def __enter__(self) -> EmbeddedStore:
        self._database.check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _commit(self, namespace: str, batch: Batch, purge: bool) -> Written:
        check_name(namespace, "namespace")
        space = self._known_space()
        batch = check_batch(batch, space)
        with self._database.writing() as connection:
            meta = read_meta(connection)
            if batch.add or batch.refresh:
                check_same(meta.adopted, batch.space or space)
            state = changes.create(connection, namespace)
            views = meta.adopted.views if meta.adopted else ()
            now = self._clock()
            written, addition = apply(connection, state.id, batch, views, meta.generations, now)
            if purge:
                changes.mark_purged(connection, state.id)
            note = newest(connection)
        self._acknowledged.note(note)
        self._partitions.written(namespace, len(batch.add) + len(batch.refresh), addition)
        return written

    def _verify(self, namespace: str) -> list[str]:
        try:
            with self._partitions.current(namespace) as (connection, state, partition):
                return list(partition_problems(connection, state.id, partition))
        except UnknownNamespace:
            return []  # forgotten meanwhile
        except CorruptStore as error:
            return [str(error)]

    def _finish_purges(self) -> None:
        """Remove what a purge deleted from all files; also one that a crash interrupted."""
        with self._database.reading() as connection:
            pending = changes.unfinished_purges(connection)
        if pending:
            for namespace in pending:
                self._partitions.unsave(namespace)
            self._database.scrub()
            with self._database.writing() as connection:
                changes.purges_finished(connection, pending)

    def _go_on_with_purges(self) -> None:
        """Finish those that were interrupted, if that can be done now. Else the store opens all the
        same, or nobody could export it or make space; the next opening or purge tries again."""
        try:
            self._finish_purges()
        except (StoreFull, StoreLocked, StoreReadOnly) as error:
            _log.warning("what was purged may still be in the files of %s: %s", self._path, error)

    def _known_space(self) -> Space | None:
        if self._space is None:  # perhaps another process has adopted one meanwhile
            with self._database.reading() as connection:
                self._space = read_meta(connection).adopted
        return self._space


def _database(path: Path) -> Database:
    return ReadOnlyDatabase(path) if is_read_only(path) else Database(path)
