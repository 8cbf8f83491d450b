"""``MilvusStore``: records, vectors and words in Milvus, whole, and nowhere else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from types import TracebackType
from typing import TypeVar

from remem.store.base import Embed, OnDamage, Reader, current_at, log_damage, whole
from remem.store.errors import CorruptStore, DamagedRecord, StoreLocked
from remem.store.filters import Filter
from remem.store.fulltext import ranking
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
from remem.store.reindex import fill
from remem.store.rows import to_micros
from remem.store.spaces import Meta, check_fingerprint, check_same
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

_SCAN_PAGE = 500


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class MilvusStore:
    """A database of a Milvus server, or a ``.db`` of Milvus Lite.

    Any number of threads may use one store, and any number of processes one server.

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

    def __init__(
        self,
        url: str,
        fingerprint: str | None = None,
        *,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        address = parse(url)
        self._url = address.url
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._counted = Counted()
        self._engine = Engine(address)
        self._moments = Moments(self._engine, self._url)
        try:
            self._claims = Claims(self._engine, self._owner)
            with self._engine.lock:
                self._space = open_notes(self._engine).meta.adopted
                check_fingerprint(self._space, fingerprint)
                upgrade(self._engine, self._claims)
                finish_purges(self._engine, self._claims)
        except BaseException:
            self._engine.close()
            raise

    @property
    def url(self) -> str:
        """Where the store is, without password or token."""
        return self._url

    @property
    def space(self) -> Space | None:
        """See ``Store.space``."""
        return self._space

    def adopt(self, space: Space) -> None:
        """See ``Store.adopt``."""
        self._engine.check_open()
        space = check_space(space)
        with self._claims.held(STORE) as held:
            root = held.moment.root
            if root.meta.adopted is None:
                number = root.last + 1
                make_records(held, number, space)
                root = replace(root, meta=Meta(1, space, None), records=number, last=number)
                write_root(held, root)
            else:
                check_same(root.meta.adopted, space)
        self._space = root.meta.adopted

    def write(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.write``."""
        return self._commit(namespace, batch, purging=False)

    def purge(self, namespace: str, batch: Batch) -> Written:
        """See ``Store.purge``.

        Milvus Lite's files hold no trace when this returns. On a server the rows are deleted, after
        ten seconds for those who are reading them, and their removal from the files is asked for;
        the server does it in its own time (compaction, then the retention of its garbage
        collector, some hours unless set otherwise).
        """
        written = self._commit(namespace, batch, purging=True)
        finish_purges(self._engine, self._claims)
        return written

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """See ``Store.get``."""
        self._engine.check_open()
        check_name(namespace, "namespace")
        check_keys(keys)
        found = self._moments.read(namespace, lambda m: reading.found(self._engine, m, keys)) or {}
        return [found.get(key) for key in keys]

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """See ``Store.entries``."""
        self._engine.check_open()
        check_name(namespace, "namespace")
        check_keys(keys)
        space = self._known_space()

        def read(moment: Moment) -> dict[str, Entry]:
            check_same(moment.root.space, space)
            rows = reading.by_key(self._engine, moment, keys, ())
            places = [row["pk"] for row in rows.values()]
            entries = reading.entries(self._engine, moment, places).values()
            return {entry.record.key: entry for entry in entries}

        found = self._moments.read(namespace, read) or {}
        return [found[key] for key in keys if key in found]

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """See ``Store.predecessors``."""
        self._engine.check_open()
        check_name(namespace, "namespace")
        check_keys(keys)

        def read(moment: Moment) -> list[Record]:
            return reading.predecessors(self._engine, moment, keys)

        return self._moments.read(namespace, read) or []

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """See ``Store.scan``."""
        self._engine.check_open()
        check_filter(where)
        check_name(namespace, "namespace")
        return self._scan(namespace, where, damaged)

    def _scan(self, namespace: str, where: Filter | None, damaged: OnDamage) -> Iterator[Record]:
        after = ""
        while True:

            def read(moment: Moment, after: str = after) -> dict[str, Record | DamagedRecord]:
                return reading.page(self._engine, moment, where, _SCAN_PAGE, after)

            page = self._moments.read(namespace, read) or {}
            yield from whole(page.values(), damaged)
            if len(page) < _SCAN_PAGE:
                return
            after = list(page)[-1]

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """See ``Store.find``."""
        check_k(limit, "limit")
        check_filter(where)
        return list(islice(self.scan(namespace, current_at(self._clock(), where)), limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """See ``Store.neighbors``."""
        self._engine.check_open()
        first, last, radius = check_span(first, last, radius)
        check_name(source, "source")
        check_name(namespace, "namespace")
        now = to_micros(self._clock())

        def read(moment: Moment) -> list[Record]:
            return reading.neighbors(self._engine, moment, source, first, last, radius, now)

        return self._moments.read(namespace, read) or []

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """See ``Store.search``."""
        self._engine.check_open()
        check_k(k)
        check_filter(where)
        check_name(namespace, "namespace")
        space = self._known_space()
        if space is None:
            return [[] for _ in legs]
        legs = [check_leg(leg, space) for leg in legs]
        now = to_micros(self._clock())

        def read(moment: Moment) -> list[list[Hit]]:
            if any(isinstance(leg, Dense) for leg in legs):
                check_same(moment.root.space, space)
            level = self._level(moment)
            return answer(
                self._engine, moment, legs, k, where, now, level, self._counted.of(moment)
            )

        return self._moments.read(namespace, read) or [[] for _ in legs]

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """See ``Store.idf``."""
        self._engine.check_open()
        check_name(namespace, "namespace")
        check_view(view, self._known_space())
        now = to_micros(self._clock())

        def read(moment: Moment) -> list[float]:
            level = self._level(moment)
            return rarity(self._engine, moment, view, tokens, now, level, self._counted.of(moment))

        return self._moments.read(namespace, read) or [ranking.idf(0, 0) for _ in tokens]

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """See ``Store.count``."""
        self._engine.check_open()
        check_filter(where)
        check_name(namespace, "namespace")

        def read(moment: Moment) -> int:
            if where is None:
                return moment.state.records
            matching = reading.filtered(self._engine, moment, where)
            return self._engine.count(moment.root.records_name, matching)

        return self._moments.read(namespace, read) or 0

    def reading(self, work: Callable[[Reader], T]) -> T:
        """See ``Store.reading``."""
        return work(self)

    def namespaces(self) -> list[str]:
        """See ``Store.namespaces``."""
        self._engine.check_open()
        return [name for name, moment in self._moments.all().items() if moment.state.records]

    def sources(self, namespace: str) -> list[SourceInfo]:
        """See ``Store.sources``."""
        self._engine.check_open()
        check_name(namespace, "namespace")
        return self._moments.read(namespace, lambda m: reading.sources(self._engine, m)) or []

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """See ``Store.reindex``."""
        self._engine.check_open()
        filling = MilvusFilling(self._engine, self._claims, check_space(space))
        fill(filling, space, embed, progress)
        self._space = space

    def verify(self) -> Verification:
        """See ``Store.verify``."""
        self._engine.check_open()
        found, total = list[str](), 0
        for name in self.namespaces():
            total += self.count(name)
            problems = self._moments.read(name, lambda m: list(checking.problems(self._engine, m)))
            found += (f"namespace {name!r}: {what}" for what in problems or ())
        return Verification(total, tuple(found))

    def rebuild(self) -> None:
        """See ``Store.rebuild``."""
        self._engine.check_open()
        with self._claims.held(STORE) as held:
            renew(held)

    def stats(self) -> Stats:
        """See ``Store.stats``. A server does not tell how many bytes it uses, so that for one they
        are those of what was written."""
        self._engine.check_open()
        states = {name: m.state for name, m in self._moments.all().items() if m.state.records}
        size = self._engine.bytes_on_disk() or sum(state.size for state in states.values())
        counts = {name: state.records for name, state in states.items()}
        return Stats(self._url, self._space, counts, size, 0)

    def close(self) -> None:
        """See ``Store.close``."""
        self._engine.close()

    def __enter__(self) -> MilvusStore:
        self._engine.check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _commit(self, namespace: str, batch: Batch, purging: bool) -> Written:
        self._engine.check_open()
        check_name(namespace, "namespace")
        space = self._known_space()
        batch = check_batch(batch, space)
        now = self._clock()
        with self._claims.held(namespace) as held:
            moment = held.moment
            if batch.add or batch.refresh:
                check_same(moment.root.meta.adopted, batch.space or space)
            if moment.root.meta.adopted is None:
                return Written()
            collect_old(held)
            plan = planned(held.engine, moment, batch, now)
            if not plan.is_empty or (purging and moment.state.version):
                carry_out(held, namespace, plan, now, purging)
        tidy(self._engine, self._claims, moment, len(plan.dead))
        return plan.written

    def _level(self, moment: Moment) -> str:
        """How much of what was written a search must wait for: only what this process wrote, if
        nobody else added last; what anybody wrote otherwise."""
        mine = moment.state.owner == moment.root.owner == self._owner
        return "Session" if mine else "Strong"

    def _known_space(self) -> Space | None:
        if self._space is None:  # perhaps another process has adopted one meanwhile
            with self._engine.lock:
                self._space = read_root(self._engine).meta.adopted
        return self._space


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
        """The moment of each namespace, by name."""
        with self._engine.lock:
            moments = all_moments(self._engine)
        del moments[STORE]
        return moments

    def read(self, namespace: str, read: Callable[[Moment], T]) -> T | None:
        """The result of ``read`` in a namespace as of one moment; None in one that is empty."""
        for _ in range(_ATTEMPTS):
            with self._engine.lock:
                began = time.monotonic()
                moment = read_moment(self._engine, namespace)
                if not moment.state.records:
                    return None
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
