"""``MilvusStore``: records, vectors and words in Milvus, whole, and nowhere else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from remem.store.engine import Clock, Page, Sizes, UnknownNamespace
from remem.store.errors import CorruptStore, StoreLocked
from remem.store.filters import Filter
from remem.store.milvus import read as reading
from remem.store.milvus import rebuild
from remem.store.milvus import verify as checking
from remem.store.milvus.driver import CollectionGone, parse
from remem.store.milvus.engine import Engine
from remem.store.milvus.leases import Leases
from remem.store.milvus.metadata import STORE, Snapshot, all_snapshots, read_snapshot
from remem.store.milvus.search import Counted, Statistics, answer
from remem.store.milvus.write import carry_out, planned
from remem.store.spaces import Meta, check_same
from remem.store.store import Store, utc_now
from remem.store.types import (
    Batch,
    Dense,
    Entry,
    Hit,
    Leg,
    Record,
    SourceInfo,
    Space,
    Span,
    Verification,
    Written,
)

T = TypeVar("T")


class MilvusStore(Store):
    """A database of a Milvus server, or a ``.db`` of Milvus Lite.

    Any number of threads may use one store, and any number of processes one server.

    When ``purge`` returns, Milvus Lite's files hold no trace of what was deleted. On a server the
    rows are deleted, after ten seconds for those who are reading them, and their removal from the
    files is asked for; the server does it in its own time (compaction, then the retention of its
    garbage collector, some hours unless set otherwise). A server does not tell how many bytes it
    uses, so that for one ``stats`` gives those of what was written.

    Args:
        url: See ``remem.store.milvus.driver.parse``.
        fingerprint: Of the encoder that will be used, if one will.
        clock: What time it is, for ``stored_at`` and expiry.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
        UpstreamError: no server answers, it refuses the user or token, or it is too old.
        StoreLocked: another process has the ``.db`` open.
        CorruptStore, StoreReadOnly, StoreFull, InvalidInput: the ``.db`` cannot be used.
        MissingDependency: pymilvus or milvus-lite is not installed.
    """

    def __init__(self, url: str, fingerprint: str | None = None, *, clock: Clock = utc_now) -> None:
        engine = MilvusEngine(url)
        self._engine, self._leases, self._owner = engine.client, engine.leases, engine.owner
        super().__init__(engine, fingerprint, clock)


class MilvusEngine:
    """Keeps ``remem.store.engine.Engine``."""

    def __init__(self, url: str) -> None:
        address = parse(url)
        self.url = address.url
        self.owner = secrets.token_hex(8)
        self.counted = Counted()
        self.client = Engine(address)
        self.snapshots = Snapshots(self.client, self.url)
        try:
            self.leases = Leases(self.client, self.owner)
            with self.client.lock:
                rebuild.open_metadata(self.client)
        except BaseException:
            self.client.close()
            raise

    def check_open(self) -> None:
        self.client.check_open()

    def resume(self) -> None:
        with self.client.lock:
            rebuild.upgrade(self.client, self.leases)
            self.scrub()

    def read(self, work: Callable[[MilvusSnapshot], T]) -> T:
        # Each question is answered as of a snapshot of its own.
        return work(MilvusSnapshot(self))

    def write(self, namespace: str, batch: Batch, clock: Clock, purging: bool) -> Written:
        now = clock()
        with self.leases.held(namespace) as lease:
            snapshot = lease.snapshot
            if batch.space is not None:
                check_same(snapshot.root.meta.adopted, batch.space)
            if snapshot.root.meta.adopted is None:
                return Written()
            rebuild.collect_old(lease)
            plan = planned(lease.engine, snapshot, batch, now)
            if not plan.is_empty or (purging and snapshot.state.version):
                carry_out(lease, namespace, plan, now, purging)
        rebuild.tidy(self.client, self.leases, snapshot, len(plan.tombstoned))
        return plan.written

    def scrub(self) -> None:
        rebuild.finish_purges(self.client, self.leases)

    def adopt(self, space: Space) -> Space:
        with self.leases.held(STORE) as lease:
            root = lease.snapshot.root
            if root.meta.adopted is None:
                number = root.last + 1
                rebuild.make_records(lease, number, space)
                root = replace(root, meta=Meta(1, space, None), records=number, last=number)
                rebuild.write_root(lease, root)
            else:
                check_same(root.meta.adopted, space)
        return root.space

    def filling(self, space: Space) -> rebuild.MilvusFilling:
        return rebuild.MilvusFilling(self.client, self.leases, space)

    def namespaces(self) -> list[str]:
        return list(self.snapshots.all())

    def verify(self) -> Verification:

        def look(snapshot: Snapshot) -> tuple[int, list[str]]:
            return snapshot.state.records, list(checking.problems(self.client, snapshot))

        total, found = 0, list[str]()
        for name in self.namespaces():
            with suppress(UnknownNamespace):  # forgotten meanwhile
                number, problems = self.snapshots.read(name, look)
                total += number
                found += (f"namespace {name!r}: {what}" for what in problems)
        return Verification(total, tuple(found))

    def rebuild(self) -> None:
        with self.leases.held(STORE) as lease:
            rebuild.renew(lease)

    def sizes(self) -> Sizes:
        states = {name: snapshot.state for name, snapshot in self.snapshots.all().items()}
        size = self.client.bytes_on_disk() or sum(state.size for state in states.values())
        return Sizes({name: state.records for name, state in states.items()}, size, 0)

    def close(self) -> None:
        self.client.close()


class MilvusSnapshot:
    """Keeps ``remem.store.engine.Snapshot``."""

    def __init__(self, engine: MilvusEngine) -> None:
        self._engine = engine

    @property
    def meta(self) -> Meta:
        with self._engine.client.lock:
            return rebuild.read_root(self._engine.client).meta

    def namespace(self, name: str) -> MilvusNamespace:
        return MilvusNamespace(self._engine, name)


class MilvusNamespace:
    """Keeps ``remem.store.engine.Namespace``."""

    def __init__(self, engine: MilvusEngine, name: str) -> None:
        self._client = engine.client
        self._snapshots = engine.snapshots
        self._counted = engine.counted
        self._owner = engine.owner
        self._name = name

    def get(self, keys: Sequence[str]) -> dict[str, Record]:
        return self._read(lambda snapshot: reading.found(self._client, snapshot, keys))

    def entries(self, keys: Sequence[str], space: Space) -> dict[str, Entry]:

        def read(snapshot: Snapshot) -> dict[str, Entry]:
            check_same(snapshot.root.space, space)
            rows = reading.by_key(self._client, snapshot, keys, ())
            places = [row["pk"] for row in rows.values()]
            entries = reading.entries(self._client, snapshot, places).values()
            return {entry.record.key: entry for entry in entries}

        return self._read(read)

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        return self._read(lambda snapshot: reading.predecessors(self._client, snapshot, keys))

    def page(self, where: Filter | None, after: str | None, limit: int) -> Page:
        there = self._read(lambda m: reading.page(self._client, m, where, limit, after or ""))
        return Page(list(there.values()), list(there)[-1] if len(there) == limit else None)

    def neighbors(self, span: Span, now: int) -> list[Record]:
        return self._read(lambda snapshot: reading.neighbors(self._client, snapshot, span, now))

    def search(
        self, legs: Sequence[Leg], k: int, where: Filter | None, now: int, space: Space
    ) -> list[list[Hit]]:

        def read(snapshot: Snapshot) -> list[list[Hit]]:
            if any(isinstance(leg, Dense) for leg in legs):
                check_same(snapshot.root.space, space)
            return answer(self._statistics(snapshot, now), legs, k, where)

        return self._read(read)

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        return self._read(lambda snapshot: self._statistics(snapshot, now).idf(view, tokens))

    def count(self, where: Filter | None) -> int:

        def read(snapshot: Snapshot) -> int:
            if where is None:
                return snapshot.state.records
            matching = reading.filtered(self._client, snapshot, where)
            return self._client.count(snapshot.root.records_name, matching)

        return self._read(read)

    def sources(self) -> list[SourceInfo]:
        return self._read(lambda snapshot: reading.sources(self._client, snapshot))

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        return self._read(lambda snapshot: reading.tally(self._client, snapshot, edges, now))

    def _read(self, read: Callable[[Snapshot], T]) -> T:
        return self._snapshots.read(self._name, read)

    def _statistics(self, snapshot: Snapshot, now: int) -> Statistics:
        # A search waits for what this process wrote, if nobody else added last, otherwise for what
        # anybody wrote.
        mine = snapshot.state.owner == snapshot.root.owner == self._owner
        level = "Session" if mine else "Strong"
        return Statistics(self._client, snapshot, now, level, self._counted.of(snapshot))


_ATTEMPTS = 5


class Snapshots:
    """Present snapshots of the namespaces, and reads as of one of them.

    Args:
        engine: Where they are.
        url: What the store is called, for messages.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url

    def all(self) -> dict[str, Snapshot]:
        """The snapshot of each namespace that holds records, by name."""
        with self._engine.lock:
            snapshots = all_snapshots(self._engine)
        del snapshots[STORE]
        return {name: snapshot for name, snapshot in snapshots.items() if snapshot.state.records}

    def read(self, namespace: str, read: Callable[[Snapshot], T]) -> T:
        """The result of ``read`` as of one snapshot, whatever others write meanwhile.

        Raises:
            UnknownNamespace: it is empty.
        """
        for _ in range(_ATTEMPTS):
            with self._engine.lock:
                began = time.monotonic()
                snapshot = read_snapshot(self._engine, namespace)
                if not snapshot.state.records:
                    raise UnknownNamespace(namespace)
                try:
                    result = read(snapshot)
                except CollectionGone:
                    continue  # another process has just re-encoded the store
                except CorruptStore:
                    if self._is_now(snapshot):
                        raise
                    continue  # another process has removed rows: this took longer than they stay
                if self._engine.alone or time.monotonic() - began < rebuild.QUICK:
                    return result
                if self._is_now(snapshot):
                    return result
        raise StoreLocked(f"{self._url} is too busy for a consistent answer; try again later")

    def _is_now(self, snapshot: Snapshot) -> bool:
        """True if nobody has written since."""
        state = read_snapshot(self._engine, snapshot.namespace).state
        return (state.life, state.version) == (snapshot.state.life, snapshot.state.version)
