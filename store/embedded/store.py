"""``EmbeddedStore``: SQLite decides, the FAISS and text indexes follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from store.base import Embed
from store.embedded import changes, checking, filtering, records
from store.embedded.database import Database
from store.embedded.meta import Meta, read_meta, write_space
from store.embedded.partitions import Partitions, UnknownNamespace
from store.embedded.reindexing import fill_and_flip
from store.embedded.schema import create_vectors, migrate
from store.embedded.searching import answer
from store.embedded.writing import apply
from store.errors import EncoderMismatch, InvalidInput, StoreReadOnly
from store.filters import Filter
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
)

__all__ = ["EmbeddedStore"]

_SCAN_PAGE = 500


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class EmbeddedStore:
    """A folder with ``records.sqlite3`` (the truth) and ``index/`` (snapshots of what follows it).

    Any number of threads and processes may use one folder at the same time.

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
        self._path = path
        self._clock = clock
        self._database = Database(_prepare(path) / "records.sqlite3")
        self._partitions = Partitions(self._database, path / "index", max_index_bytes)
        try:
            with self._database.writing() as connection:
                migrate(connection)
                self._space = read_meta(connection).adopted
            if fingerprint and self._space and self._space.fingerprint != fingerprint:
                raise _mismatch(self._space.fingerprint, fingerprint)
            self._partitions.clean()
            self._finish_purges()
        except BaseException:
            self._database.close()
            raise

    @property
    def url(self) -> str:
        """The folder."""
        return str(self._path)

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
            elif adopted != space:
                raise _mismatch(adopted.fingerprint, space.fingerprint)
        self._space = space

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
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return []
            meta = read_meta(connection)
            found = records.load_by_key(connection, state.id, keys)
            views = records.load_views(
                connection, meta.generation, meta.space, [i for i, _ in found.values()]
            )
        return [Entry(found[key][1], views[found[key][0]]) for key in keys if key in found]

    def scan(self, namespace: str, where: Filter | None = None) -> Iterator[Record]:
        """See ``Store.scan``."""
        check_filter(where)
        check_name(namespace, "namespace")
        after: Record | None = None
        while True:
            with self._database.reading() as connection:
                state = changes.read_state(connection, namespace)
                page = (
                    []
                    if state is None
                    else records.scan_page(connection, state.id, after, _SCAN_PAGE)
                )
            yield from (record for record in page if where is None or where.matches(record))
            if len(page) < _SCAN_PAGE:
                return
            after = page[-1]

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Store.neighbors``."""
        first, last, radius = check_span(first, last, radius)
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return []
            now = records.to_micros(self._clock())
            return records.neighbors(connection, state.id, source, first, last, radius, now)

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``Store.search``."""
        check_k(k)
        check_filter(where)
        check_name(namespace, "namespace")
        if self._space is None:
            self._refresh_space()
        if self._space is None:
            return [[] for _ in legs]
        legs = [check_leg(leg, self._space) for leg in legs]
        try:
            with self._partitions.current(namespace) as (connection, state, partition):
                if any(isinstance(leg, Dense) for leg in legs):
                    self._check_space(read_meta(connection))
                now = records.to_micros(self._clock())
                return answer(connection, state.id, partition, legs, k, where, now)
        except UnknownNamespace:
            return [[] for _ in legs]

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Store.count``."""
        check_filter(where)
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return 0
            ids = filtering.namespace_ids(connection, state.id)
            if where is None:
                return len(ids)
            return int(filtering.matching(connection, state.id, where, ids).sum())

    def namespaces(self) -> list[str]:
        """See ``Store.namespaces``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name FROM namespaces WHERE EXISTS "
                "(SELECT 1 FROM records WHERE namespace = namespaces.id) ORDER BY name"
            )
            return [row[0] for row in rows]

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        with self._database.reading() as connection:
            state = changes.read_state(connection, check_name(namespace, "namespace"))
            if state is None:
                return []
            rows = connection.execute(
                "SELECT source, count(*), min(said_at), max(said_at) FROM records "
                "WHERE namespace = ? GROUP BY source ORDER BY source",
                (state.id,),
            )
            return [
                SourceInfo(source, count, _time(first), _time(last))
                for source, count, first, last in rows
            ]

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """See ``Store.reindex``."""
        fill_and_flip(self._database, check_space(space), embed, progress)
        self._space = space

    def verify(self) -> Verification:
        """See ``Store.verify``."""
        with self._database.reading() as connection:
            total = connection.execute("SELECT count(*) FROM records").fetchone()[0]
            problems = list(checking.record_problems(connection, read_meta(connection)))
        problems += self._partitions.problems()
        for namespace in self.namespaces():
            with self._partitions.current(namespace) as (connection, state, partition):
                problems += (
                    f"namespace {namespace!r}: {problem}"
                    for problem in checking.partition_problems(connection, state.id, partition)
                )
        return Verification(total, tuple(problems))

    def rebuild(self) -> None:
        """See ``Store.rebuild``."""
        self._partitions.forget_all()
        for namespace in self.namespaces():
            self._partitions.rebuild(namespace)

    def snapshot(self) -> None:
        """Save all indexes in memory now, so that opening them does not have to build them."""
        self._partitions.save_all()

    def stats(self) -> Stats:
        """See ``Store.stats``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, count(*) FROM records JOIN namespaces "
                "ON namespaces.id = records.namespace GROUP BY name ORDER BY name"
            )
            counts = dict(rows)
        size = sum(path.stat().st_size for path in self._path.rglob("*") if path.is_file())
        return Stats(self.url, self._space, counts, size, self._partitions.nbytes)

    def close(self) -> None:
        """See ``Store.close``."""
        if not self._database.closed:
            self._partitions.close()
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
        batch = check_batch(batch, self._space)
        with self._database.writing() as connection:
            meta = read_meta(connection)
            if batch.add or batch.refresh:
                self._check_space(meta)
            state = changes.create(connection, namespace)
            views = meta.adopted.views if meta.adopted else ()
            written = apply(connection, state.id, batch, views, meta.generations, self._clock())
            if purge:
                changes.mark_purged(connection, state.id)
            after = changes.read_state(connection, namespace)
        if after is not None:
            self._partitions.written(namespace, after.seq)
        return written

    def _finish_purges(self) -> None:
        """Remove what a purge deleted from all files; also one that a crash interrupted."""
        with self._database.reading() as connection:
            pending = changes.unfinished_purges(connection)
        if pending:
            for namespace in pending:
                self._partitions.unsave(namespace)
            self._database.truncate_log()
            with self._database.writing() as connection:
                changes.purges_finished(connection, pending)

    def _check_space(self, meta: Meta) -> None:
        if meta.adopted != self._space:
            found = "none" if meta.adopted is None else meta.adopted.fingerprint
            raise _mismatch(found, self._space.fingerprint if self._space else "none")

    def _refresh_space(self) -> None:
        with self._database.reading() as connection:
            self._space = read_meta(connection).adopted


def _prepare(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise InvalidInput(f"{path} is a file; a store is a folder, give the name of one")
    try:
        (path / "index").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"cannot make the folder {path} ({error.strerror}): choose one that you may write to"
        ) from error
    return path


def _mismatch(stored: str, given: str) -> EncoderMismatch:
    return EncoderMismatch(
        f"the store was made with encoder {stored} and this is {given}: open it with that encoder, "
        "or re-encode it with 'remem reindex'"
    )


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else records.from_micros(micros)
