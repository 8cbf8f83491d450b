"""One writer at a time for each namespace, with nothing but rows: Milvus has no locks.

A writer puts the row of a lease and then reads all of them. If it is the only one, it holds the
lease; otherwise it takes its row back and tries again later. Reads are strong, so that of two
writers who try at once at least one sees the other. A lease ends by itself, so that a writer which
died blocks nobody for long; the next one removes what it left half done. A writer sends nothing,
and repeats nothing, when its lease is about to end.

The clocks of writers must agree to within two or three seconds. Not guarded against are a process
that is stopped for longer than its lease between its last look at the clock and its last request,
and a server that carries out a request long after the client gave it up.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from remem.store.errors import StoreLocked
from remem.store.milvus.driver import PREFIX
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.filters import all_of, quoted
from remem.store.milvus.metadata import (
    STORE,
    Lease,
    Snapshot,
    lease_row,
    read_snapshot,
    remove_rows,
)

_LEASE = 30.0  # seconds that a lease lasts unless it is extended
_MARGIN = 6.0
"""Seconds before its end from which nothing is sent any more. Three of them are for what the client
may wait before it repeats a request by itself, the others for clocks that differ."""

_FRESH = 5.0  # seconds after which a lease is extended; requests may take so much less
_WAIT = 60.0  # seconds until a writer gives up; longer than the lease of one that died
_PAUSE = 0.02  # seconds before the second attempt, about; then longer and longer


@dataclass(slots=True)
class _Deadline:
    """End of a lease.

    Attributes:
        url: Of the store, for messages.
        since: Time of the monotonic clock just before the lease was put or last extended.
    """

    url: str
    since: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Seconds for which requests may still be sent.

        Raises:
            StoreLocked: there are none.
        """
        left = self.since + _LEASE - _MARGIN - time.monotonic()
        if left <= 0:
            raise StoreLocked(
                f"writing to {self.url} took longer than a writer may be silent "
                f"({_LEASE - _MARGIN:.0f} s): write smaller batches, or look after the server"
            )
        return left


@dataclass(slots=True)
class HeldLease:
    """Lease of this writer.

    Attributes:
        engine: For all requests under the lease: it sends nothing after the lease has ended.
        snapshot: Taken when the lease was obtained; nobody else changes it before ``commit``.
        begun: Rows may have been written that count only with the next commit.
    """

    engine: Engine
    scope: str
    owner: str
    snapshot: Snapshot
    deadline: _Deadline
    begun: bool = False
    released: bool = False

    def extend(self) -> None:
        """Extend the lease; called between the parts of long work.

        Raises:
            StoreLocked: it has ended already.
        """
        now = time.monotonic()
        if now - self.deadline.since > _FRESH:
            self.engine.put(PREFIX, [lease_row(self.scope, self.owner, time.time() + _LEASE)])
            self.deadline.since = now

    def put(self, name: str, rows: Iterable[Row]) -> None:
        """Store rows, however long it takes, and extend the lease meanwhile."""

        def kept() -> Iterator[Row]:
            for row in rows:
                self.extend()
                yield row

        self.engine.put(name, kept())

    def copy_to(self, metadata: str) -> None:
        """Put the lease into a collection of metadata that will replace the present one, too."""
        self.extend()
        self.engine.put(metadata, [lease_row(self.scope, self.owner, time.time() + _LEASE)])

    def commit(self, rows: Sequence[Row]) -> None:
        """Put metadata rows that make the write count, and end the lease, in one request."""
        self.extend()
        self.engine.put(PREFIX, [*rows, lease_row(self.scope, self.owner, 0)])
        self.released = True


class Leases:
    """Leases of one opened store.

    Args:
        owner: Name of this opened store, unlike that of any other, in any process.
    """

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner
        self._threads: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._unclean: set[str] = set()

    @contextmanager
    def held(self, scope: str) -> Iterator[HeldLease]:
        """Keep all others from writing to a namespace; with ``STORE``, to any of them.

        Raises:
            StoreLocked: others kept it for too long.
        """
        with self._threads[scope], self._engine.lock:
            lease = self._obtain(scope)
            try:
                yield lease
            except BaseException:
                if lease.begun and not lease.released:
                    self._unclean.add(scope)
                raise
            finally:
                if not lease.released and scope not in self._unclean:
                    self._engine.remove(PREFIX, [_lease_key(scope, self._owner)])

    def _obtain(self, scope: str) -> HeldLease:
        give_up = time.monotonic() + _WAIT
        pause = _PAUSE
        while True:
            deadline = _Deadline(self._engine.url)
            engine = self._engine.within(deadline.left)
            engine.put(PREFIX, [lease_row(scope, self._owner, time.time() + _LEASE)])
            snapshot = _seen(engine, scope)
            own = _lease_key(scope, self._owner)
            others = [one for one in snapshot.leases if one.pk != own]
            living = [] if self._engine.alone else [o for o in others if o.until > time.time()]
            # The own row is missing when another writer, who took the lease for one that had ended,
            # removed it just after it was put again, or when the metadata were replaced meanwhile.
            if not living and any(one.pk == own and one.until for one in snapshot.leases):
                lease = HeldLease(engine, scope, self._owner, snapshot, deadline)
                self._clean(lease, others)
                return lease
            # A lease of the whole store waits for the writers at work; all others make room for it.
            if scope != STORE or any(one.pk.startswith(_lease_key(STORE, "")) for one in living):
                self._engine.remove(PREFIX, [own])
            if time.monotonic() > give_up:
                self._engine.remove(PREFIX, [own])
                raise StoreLocked(
                    f"other writers kept {self._engine.url} busy for {_WAIT:.0f} s; try again later"
                )
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)

    def _clean(self, lease: HeldLease, others: Sequence[Lease]) -> None:
        """Remove what writers that died left behind."""
        engine, scope = lease.engine, lease.scope
        mine = [one for one in others if one.pk.startswith(_lease_key(scope, ""))]
        if scope in self._unclean or any(one.until for one in mine):
            _undo(engine, lease.snapshot)
            self._unclean.discard(scope)
        if mine:
            engine.remove(PREFIX, [one.pk for one in mine])


def _seen(engine: Engine, scope: str) -> Snapshot:
    """The snapshot of a scope with its leases; of ``STORE``, with the leases of all scopes."""
    if scope != STORE:
        return read_snapshot(engine, scope)
    # First the leases: a writer whose lease is not seen here has committed before the snapshot.
    leases = list(engine.select(PREFIX, 'kind == "claim"', ["kind", "number", "body"]))
    return read_snapshot(engine, STORE, extra=leases)


def _lease_key(scope: str, owner: str) -> str:
    return str(lease_row(scope, owner, 0)["pk"])


def _undo(engine: Engine, snapshot: Snapshot) -> None:
    """Remove rows of a write to a namespace that ended before its commit."""
    if snapshot.namespace == STORE or not snapshot.root.records:
        return  # collections that nothing refers to are removed under a lease of the store
    later = snapshot.state.version
    mine = quoted(snapshot.namespace)
    later_rows = all_of([f"namespace == {mine}", f"born > {later}"])
    remove_rows(
        engine,
        snapshot.root,
        {
            row["pk"]: row["parts"]
            for row in engine.select(snapshot.root.records_name, later_rows, ["parts"])
        },
    )
    rest = all_of([f"scope == {mine}", 'kind in ["part", "dead"]', f"number > {later}"])
    engine.remove(PREFIX, [row["pk"] for row in engine.select(PREFIX, rest, [])])
