"""One writer at a time for each namespace, with nothing but rows: Milvus has no locks.

Who wants to write first puts a claim and then reads all claims; whoever finds himself alone goes
on, and the others take theirs back and try again later. As reads are strong, of two that claim at
once at least one sees the other. A claim ends by itself after a while, so that a writer which died
blocks nobody for long; what it left half done is removed by the next one. No request of a writer is
sent, or sent again, when its claim is about to end.

The clocks of writers must agree to within two seconds or three. Not guarded against are a process
that is stopped for longer than its claim between its last look at the clock and its last request,
and a server that carries a request out long after the client gave it up.
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
from remem.store.milvus.notes import STORE, Claim, Moment, claim_note, read_moment, remove_rows

_LEASE = 30.0  # seconds that a claim holds unless it is extended
_MARGIN = 6.0
"""Seconds before its end from which nothing is sent any more. Three of them are for what the client
may wait before it repeats a request by itself, the others for clocks that differ."""

_FRESH = 5.0  # seconds after which a claim is extended; so much less may requests take
_WAIT = 60.0  # seconds until a writer gives up; longer than a claim, so that one outlives the dead
_PAUSE = 0.02  # seconds before the second attempt, about; then longer and longer


@dataclass(slots=True)
class _Lease:
    """Time for which a claim still holds.

    Attributes:
        url: Of the store, for messages.
        since: Of the monotonic clock: before the claim was sent, or was last extended.
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
class Held:
    """A claim that is held.

    Attributes:
        engine: To be used for all that the claim covers: it sends nothing once this has ended.
        moment: What was true when it was obtained, and stays so until ``commit``.
        begun: Rows may have been written that count only with the next commit.
    """

    engine: Engine
    scope: str
    owner: str
    moment: Moment
    lease: _Lease
    begun: bool = False
    released: bool = False

    def extend(self) -> None:
        """Keep the claim for longer; called between the parts of long work.

        Raises:
            StoreLocked: it has ended already.
        """
        now = time.monotonic()
        if now - self.lease.since > _FRESH:
            self.engine.put(PREFIX, [claim_note(self.scope, self.owner, time.time() + _LEASE)])
            self.lease.since = now

    def put(self, name: str, rows: Iterable[Row]) -> None:
        """Store rows, however long it takes: the claim is kept meanwhile."""

        def kept() -> Iterator[Row]:
            for row in rows:
                self.extend()
                yield row

        self.engine.put(name, kept())

    def move(self, notes: str) -> None:
        """Hold the claim in other notes, too, which are going to take the place of those in use."""
        self.extend()
        self.engine.put(notes, [claim_note(self.scope, self.owner, time.time() + _LEASE)])

    def commit(self, notes: Sequence[Row]) -> None:
        """Make what was written count, and let go of the claim, in one request."""
        self.extend()
        self.engine.put(PREFIX, [*notes, claim_note(self.scope, self.owner, 0)])
        self.released = True


class Claims:
    """The claims of one store.

    Args:
        owner: Told apart from all other stores, in this and other processes.
    """

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner
        self._threads: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._unclean: set[str] = set()

    @contextmanager
    def held(self, scope: str) -> Iterator[Held]:
        """Keep all others from writing to a namespace, or with ``STORE`` to all of them.

        Raises:
            StoreLocked: others kept it for too long.
        """
        with self._threads[scope], self._engine.lock:
            held = self._obtain(scope)
            try:
                yield held
            except BaseException:
                if held.begun and not held.released:
                    self._unclean.add(scope)
                raise
            finally:
                if not held.released and scope not in self._unclean:
                    self._engine.remove(PREFIX, [_claim_key(scope, self._owner)])

    def _obtain(self, scope: str) -> Held:
        give_up = time.monotonic() + _WAIT
        pause = _PAUSE
        while True:
            lease = _Lease(self._engine.url)
            engine = self._engine.within(lease.left)
            engine.put(PREFIX, [claim_note(scope, self._owner, time.time() + _LEASE)])
            moment = _seen(engine, scope)
            own = _claim_key(scope, self._owner)
            others = [claim for claim in moment.claims if claim.pk != own]
            living = [] if self._engine.alone else [c for c in others if c.until > time.time()]
            # The own claim is not there when another writer, who took it for one that had ended,
            # removed it just after it was put again; or when the notes were replaced meanwhile.
            if not living and any(claim.pk == own and claim.until for claim in moment.claims):
                held = Held(engine, scope, self._owner, moment, lease)
                self._clean(held, others)
                return held
            # Who claims the store waits for the writers at work; all others make room for him.
            if scope != STORE or any(c.pk.startswith(_claim_key(STORE, "")) for c in living):
                self._engine.remove(PREFIX, [own])
            if time.monotonic() > give_up:
                self._engine.remove(PREFIX, [own])
                raise StoreLocked(
                    f"other writers kept {self._engine.url} busy for {_WAIT:.0f} s; try again later"
                )
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)

    def _clean(self, held: Held, others: Sequence[Claim]) -> None:
        """Remove what writers that died left behind."""
        engine, scope = held.engine, held.scope
        mine = [c for c in others if c.pk.startswith(_claim_key(scope, ""))]
        if scope in self._unclean or any(claim.until for claim in mine):
            _undo(engine, held.moment)
            self._unclean.discard(scope)
        if mine:
            engine.remove(PREFIX, [claim.pk for claim in mine])


def _seen(engine: Engine, scope: str) -> Moment:
    """The moment of a scope, with all claims on it; of ``STORE``, with all claims on any scope."""
    if scope != STORE:
        return read_moment(engine, scope)
    # First the claims: whoever wrote before the other read has let go before it, or is seen.
    claims = list(engine.select(PREFIX, 'kind == "claim"', ["kind", "number", "body"]))
    return read_moment(engine, STORE, extra=claims)


def _claim_key(scope: str, owner: str) -> str:
    return str(claim_note(scope, owner, 0)["pk"])


def _undo(engine: Engine, moment: Moment) -> None:
    """Remove rows of a write to a namespace that ended before its commit."""
    if moment.namespace == STORE or not moment.root.records:
        return  # collections that nothing refers to are removed by who claims the store
    later = moment.state.version
    mine = quoted(moment.namespace)
    unborn = all_of([f"namespace == {mine}", f"born > {later}"])
    remove_rows(
        engine,
        moment.root,
        {
            row["pk"]: row["parts"]
            for row in engine.select(moment.root.records_name, unborn, ["parts"])
        },
    )
    rest = all_of([f"scope == {mine}", 'kind in ["part", "dead"]', f"number > {later}"])
    engine.remove(PREFIX, [row["pk"] for row in engine.select(PREFIX, rest, [])])
