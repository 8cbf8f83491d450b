"""``MilvusStore``: records, vectors and words in Milvus, whole, and nowhere else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from remem.store.engine import Clock, Page, Sizes, Snapshot, UnknownNamespace
from remem.store.errors import CorruptStore, StoreLocked
from remem.store.filters import Filter
from remem.store.milvus import read as reading
from remem.store.milvus import rebuild
from remem.store.milvus import verify as checking
from remem.store.milvus.claims import Claims
from remem.store.milvus.driver import CollectionGone, parse
from remem.store.milvus.engine import Engine
from remem.store.milvus.notes import STORE, Moment, all_moments, read_moment
from remem.store.milvus.rebuild import (
    MilvusFilling,
    collect_old,
    finish_purges,
    make_records,
    open_notes,
    read_root,
    renew,
    tidy,
    upgrade,
    write_root,
)
from remem.store.milvus.search import Counted, answer, rarity
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
        self._engine, self._claims, self._owner = engine.client, engine.claims, engine.owner
        super().__init__(engine, fingerprint, clock)


class MilvusEngine:
    """Keeps ``remem.store.engine.Engine``."""

    def __init__(self, url: str) -> None:
        address = parse(url)
        self.url = address.url
        self.owner = secrets.token_hex(8)
        self.counted = Counted()
        self.client = Engine(address)
        self.moments = Moments(self.client, self.url)
        try:
            self.claims = Claims(self.client, self.owner)
            with self.client.lock:
                open_notes(self.client)
        except BaseException:
            self.client.close()
            raise

    def check_open(self) -> None:
        """See ``Engine.check_open``."""
        self.client.check_open()

    def resume(self) -> None:
        """See ``Engine.resume``."""
        with self.client.lock:
            upgrade(self.client, self.claims)
            self.scrub()

    def read(self, work: Callable[[Snapshot], T]) -> T:
        """See ``Engine.read``. Each question is answered as of its own moment."""
        return work(MilvusSnapshot(self))

    def write(self, namespace: str, batch: Batch, clock: Clock, purging: bool) -> Written:
        """See ``Engine.write``."""
        now = clock()
        with self.claims.held(namespace) as held:
            moment = held.moment
            if batch.space is not None:
                check_same(moment.root.meta.adopted, batch.space)
            if moment.root.meta.adopted is None:
                return Written()
            collect_old(held)
            plan = planned(held.engine, moment, batch, now)
            if not plan.is_empty or (purging and moment.state.version):
                carry_out(held, namespace, plan, now, purging)
        tidy(self.client, self.claims, moment, len(plan.dead))
        return plan.written

    def scrub(self) -> None:
        """See ``MilvusStore``."""
        finish_purges(self.client, self.claims)

    def adopt(self, space: Space) -> Space:
        """See ``Engine.adopt``."""
        with self.claims.held(STORE) as held:
            root = held.moment.root
            if root.meta.adopted is None:
                number = root.last + 1
                make_records(held, number, space)
                root = replace(root, meta=Meta(1, space, None), records=number, last=number)
                write_root(held, root)
            else:
                check_same(root.meta.adopted, space)
        return root.space

    def filling(self, space: Space) -> MilvusFilling:
        """See ``Engine.filling``."""
        return MilvusFilling(self.client, self.claims, space)

    def namespaces(self) -> list[str]:
        """See ``Engine.namespaces``."""
        return list(self.moments.all())

    def verify(self) -> Verification:
        """See ``Engine.verify``."""

        def look(moment: Moment) -> tuple[int, list[str]]:
            return moment.state.records, list(checking.problems(self.client, moment))

        total, found = 0, list[str]()
        for name in self.namespaces():
            with suppress(UnknownNamespace):  # forgotten meanwhile
                number, problems = self.moments.read(name, look)
                total += number
                found += (f"namespace {name!r}: {what}" for what in problems)
        return Verification(total, tuple(found))

    def rebuild(self) -> None:
        """See ``Engine.rebuild``."""
        with self.claims.held(STORE) as held:
            renew(held)

    def sizes(self) -> Sizes:
        """See ``MilvusStore``."""
        states = {name: moment.state for name, moment in self.moments.all().items()}
        size = self.client.bytes_on_disk() or sum(state.size for state in states.values())
        return Sizes({name: state.records for name, state in states.items()}, size, 0)

    def close(self) -> None:
        """See ``Engine.close``."""
        self.client.close()


class MilvusSnapshot:
    """Keeps ``remem.store.engine.Snapshot``."""

    def __init__(self, engine: MilvusEngine) -> None:
        self._engine = engine

    @property
    def meta(self) -> Meta:
        """See ``Snapshot.meta``."""
        with self._engine.client.lock:
            return read_root(self._engine.client).meta

    def namespace(self, name: str) -> MilvusNamespace:
        """See ``Snapshot.namespace``."""
        return MilvusNamespace(self._engine, name)


class MilvusNamespace:
    """Keeps ``remem.store.engine.Namespace``."""

    def __init__(self, engine: MilvusEngine, name: str) -> None:
        self._client = engine.client
        self._moments = engine.moments
        self._counted = engine.counted
        self._owner = engine.owner
        self._name = name

    def get(self, keys: Sequence[str]) -> dict[str, Record]:
        """See ``Namespace.get``."""
        return self._read(lambda moment: reading.found(self._client, moment, keys))

    def entries(self, keys: Sequence[str], space: Space) -> dict[str, Entry]:
        """See ``Namespace.entries``."""

        def read(moment: Moment) -> dict[str, Entry]:
            check_same(moment.root.space, space)
            rows = reading.by_key(self._client, moment, keys, ())
            places = [row["pk"] for row in rows.values()]
            entries = reading.entries(self._client, moment, places).values()
            return {entry.record.key: entry for entry in entries}

        return self._read(read)

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        """See ``Namespace.predecessors``."""
        return self._read(lambda moment: reading.predecessors(self._client, moment, keys))

    def page(self, where: Filter | None, after: str | None, limit: int) -> Page:
        """See ``Namespace.page``."""
        there = self._read(lambda m: reading.page(self._client, m, where, limit, after or ""))
        return Page(list(there.values()), list(there)[-1] if len(there) == limit else None)

    def neighbors(self, source: str, first: int, last: int, radius: int, now: int) -> list[Record]:
        """See ``Namespace.neighbors``."""
        span = source, first, last, radius, now
        return self._read(lambda moment: reading.neighbors(self._client, moment, *span))

    def search(
        self, legs: Sequence[Leg], k: int, where: Filter | None, now: int, space: Space
    ) -> list[list[Hit]]:
        """See ``Namespace.search``."""

        def read(moment: Moment) -> list[list[Hit]]:
            if any(isinstance(leg, Dense) for leg in legs):
                check_same(moment.root.space, space)
            level, counts = self._level(moment), self._counted.of(moment)
            return answer(self._client, moment, legs, k, where, now, level, counts)

        return self._read(read)

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        """See ``Namespace.idf``."""

        def read(moment: Moment) -> list[float]:
            level, counts = self._level(moment), self._counted.of(moment)
            return rarity(self._client, moment, view, tokens, now, level, counts)

        return self._read(read)

    def count(self, where: Filter | None) -> int:
        """See ``Namespace.count``."""

        def read(moment: Moment) -> int:
            if where is None:
                return moment.state.records
            matching = reading.filtered(self._client, moment, where)
            return self._client.count(moment.root.records_name, matching)

        return self._read(read)

    def sources(self) -> list[SourceInfo]:
        """See ``Namespace.sources``."""
        return self._read(lambda moment: reading.sources(self._client, moment))

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        """See ``Namespace.tally``."""
        return self._read(lambda moment: reading.tally(self._client, moment, edges, now))

    def _read(self, read: Callable[[Moment], T]) -> T:
        return self._moments.read(self._name, read)

    def _level(self, moment: Moment) -> str:
        """Consistency level of a search: it waits for what this process wrote, if nobody else added
        last, otherwise for what anybody wrote."""
        mine = moment.state.owner == moment.root.owner == self._owner
        return "Session" if mine else "Strong"


# Reading a namespace as of one moment, whatever others write meanwhile.

_ATTEMPTS = 5


class Moments:
    """The present moments of a store's namespaces, and what is read as of them.

    Args:
        engine: Where they are.
        url: What the store is called, for messages.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url

    def all(self) -> dict[str, Moment]:
        """The moment of each namespace that holds records, by name."""
        with self._engine.lock:
            moments = all_moments(self._engine)
        del moments[STORE]
        return {name: moment for name, moment in moments.items() if moment.state.records}

    def read(self, namespace: str, read: Callable[[Moment], T]) -> T:
        """The result of ``read`` in a namespace as of one moment.

        Raises:
            UnknownNamespace: it is empty.
        """
        for _ in range(_ATTEMPTS):
            with self._engine.lock:
                began = time.monotonic()
                moment = read_moment(self._engine, namespace)
                if not moment.state.records:
                    raise UnknownNamespace(namespace)
                try:
                    result = read(moment)
                except CollectionGone:
                    continue  # another process has just re-encoded the store
                except CorruptStore:
                    if self._is_now(moment):
                        raise
                    continue  # another process has removed rows: this took longer than they stay
                if self._engine.alone or time.monotonic() - began < rebuild.QUICK:
                    return result
                if self._is_now(moment):
                    return result
        raise StoreLocked(f"{self._url} is too busy for a consistent answer; try again later")

    def _is_now(self, moment: Moment) -> bool:
        """True if nobody has written since."""
        state = read_moment(self._engine, moment.namespace).state
        return (state.life, state.version) == (moment.state.life, moment.state.version)
