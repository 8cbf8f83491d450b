"""``EmbeddedStore``: SQLite decides, the FAISS and text indexes follow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from remem.store.embedded import changes, folder, records
from remem.store.embedded.database import Database
from remem.store.embedded.partitions import Partitions
from remem.store.embedded.schema import create_vectors, migrate, read_meta, write_space
from remem.store.embedded.search import EmbeddedSnapshot
from remem.store.embedded.verify import partition_problems, record_problems
from remem.store.embedded.write import EmbeddedFilling, apply
from remem.store.engine import Clock, Sizes, Snapshot, UnknownNamespace
from remem.store.errors import CorruptStore, StoreFull, StoreLocked, StoreReadOnly
from remem.store.spaces import check_same
from remem.store.store import Store, utc_now
from remem.store.types import Batch, Space, Verification, Written

T = TypeVar("T")

_log = logging.getLogger(__name__)


class EmbeddedStore(Store):
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
        clock: Clock = utc_now,
    ) -> None:
        engine = EmbeddedEngine(path, max_index_bytes)
        self._database, self._partitions = engine.database, engine.partitions
        super().__init__(engine, fingerprint, clock)

    def snapshot(self) -> None:
        """Save all indexes in memory now, so that opening them does not have to build them."""
        self._database.check_open()
        self._partitions.save_all()


class EmbeddedEngine:
    """Keeps ``remem.store.engine.Engine``."""

    def __init__(self, path: Path, max_index_bytes: int) -> None:
        self.url = str(path)
        self._path = folder.prepare(path)
        self._acknowledged = folder.Acknowledged(self._path)
        self.database = _database(self._path / "records.sqlite3")
        self.partitions = Partitions(self.database, self._path / "index", max_index_bytes)
        try:
            with self.database.opening() as connection:
                folder.refuse_lost_records(connection, self._path)
                migrate(connection)
                self._acknowledged.check(connection)
        except BaseException:
            self.database.close()
            raise

    def check_open(self) -> None:
        self.database.check_open()

    def resume(self) -> None:
        """Finish purges that were interrupted, if that can be done now. Else the store opens all
        the same, or nobody could export it or make space; the next opening or purge tries again."""
        self.partitions.clean()
        try:
            self.scrub()
        except (StoreFull, StoreLocked, StoreReadOnly) as error:
            _log.warning("what was purged may still be in the files of %s: %s", self._path, error)

    def read(self, work: Callable[[Snapshot], T]) -> T:
        """See ``Engine.read``. Each question is answered as of its own moment."""
        return work(EmbeddedSnapshot(self.database, self.partitions))

    def write(self, namespace: str, batch: Batch, clock: Clock, purging: bool) -> Written:
        with self.database.writing() as connection:
            meta = read_meta(connection)
            if batch.space is not None:
                check_same(meta.adopted, batch.space)
            state = changes.create(connection, namespace)
            views = meta.adopted.views if meta.adopted else ()
            now = clock()
            written, addition = apply(connection, state.id, batch, views, meta.generations, now)
            if purging:
                changes.mark_purged(connection, state.id)
            note = folder.newest(connection)
        self._acknowledged.note(note)
        self.partitions.written(namespace, len(batch.add) + len(batch.refresh), addition)
        return written

    def scrub(self) -> None:
        """See ``Engine.scrub``; also of a purge that a crash interrupted."""
        with self.database.reading() as connection:
            pending = changes.unfinished_purges(connection)
        if pending:
            for namespace in pending:
                self.partitions.unsave(namespace)
            self.database.scrub()
            with self.database.writing() as connection:
                changes.purges_finished(connection, pending)

    def adopt(self, space: Space) -> Space:
        with self.database.writing() as connection:
            adopted = read_meta(connection).adopted
            if adopted is None:
                create_vectors(connection, 1)
                write_space(connection, space, 1)
            else:
                check_same(adopted, space)
        return adopted or space

    def filling(self, space: Space) -> EmbeddedFilling:
        return EmbeddedFilling(self.database, space)

    def namespaces(self) -> list[str]:
        with self.database.reading() as connection:
            return records.namespaces(connection)

    def verify(self) -> Verification:
        total, problems = 0, list[str]()
        try:
            with self.database.reading() as connection:
                total = connection.execute("SELECT count(*) FROM records").fetchone()[0]
                problems += record_problems(connection, read_meta(connection))
            problems += self.partitions.problems()
            for namespace in self.namespaces():
                problems += (f"namespace {namespace!r}: {what}" for what in self._verify(namespace))
        except CorruptStore as error:  # so badly that not even the rest can be looked at
            problems.append(str(error))
        return Verification(total, tuple(problems))

    def rebuild(self) -> None:
        self.partitions.rebuild(self.namespaces())

    def sizes(self) -> Sizes:
        with self.database.reading() as connection:
            counts = records.counts(connection)
        return Sizes(counts, folder.bytes_in(self._path), self.partitions.nbytes)

    def close(self) -> None:
        if not self.database.closed:
            try:
                self.partitions.close()
            finally:
                self.database.close()

    def _verify(self, namespace: str) -> list[str]:
        try:
            with self.partitions.current(namespace) as (connection, state, partition):
                return list(partition_problems(connection, state.id, partition))
        except UnknownNamespace:
            return []  # forgotten meanwhile
        except CorruptStore as error:
            return [str(error)]


def _database(path: Path) -> Database:
    return folder.ReadOnlyDatabase(path) if folder.is_read_only(path) else Database(path)
