"""One writer at a time for each namespace, with nothing but rows: Milvus has no locks.

Who wants to write first puts a claim and then reads all claims; whoever finds himself alone goes
on, and the others take theirs back and try again later. As reads are strong, of two that claim at
once at least one sees the other. A claim ends by itself after a while, so that a writer which died
blocks nobody for long; what it left half done is removed by the next one.

The clocks of writers must agree to within some seconds; and a process that is stopped for longer
than its claim between its last look at the clock and its last request is not guarded against.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from store.errors import StoreLocked
from store.milvus.engine import Engine, Row
from store.milvus.expressions import all_of, quoted
from store.milvus.notes import read_moment, remove_rows
from store.milvus.schema import PREFIX
from store.milvus.state import STORE, Claim, Moment, claim_note

__all__ = ["Claims", "Held"]

_LEASE = 30.0  # seconds that a claim holds unless it is extended
_WAIT = 60.0  # seconds until a writer gives up; longer than a claim, so that one outlives the dead
_PAUSE = 0.02  # seconds before the second attempt, about; then longer and longer


@dataclass(slots=True)
class Held:
    """A claim that is held.

    Attributes:
        moment: What was true when it was obtained, and stays so until ``commit``.
        begun: Rows may have been written that count only with the next commit.
    """

    engine: Engine
    scope: str
    owner: str
    moment: Moment
    since: float
    begun: bool = False
    released: bool = False

    def extend(self) -> None:
        """Keep the claim for longer; called between the parts of long work.

        Raises:
            StoreLocked: it has ended already.
        """
        age = time.monotonic() - self.since
        if age > _LEASE and not self.engine.alone:
            raise StoreLocked(
                f"writing to {self.engine.url} took longer than a writer may be silent "
                f"({_LEASE:.0f} s): write smaller batches, or look after the server"
            )
        if age > _LEASE / 3:
            self.engine.put(PREFIX, [claim_note(self.scope, self.owner, time.time() + _LEASE)])
            self.since = time.monotonic()

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
            since, until = time.monotonic(), time.time() + _LEASE
            self._engine.put(PREFIX, [claim_note(scope, self._owner, until)])
            moment = read_moment(self._engine, scope)
            others = [c for c in self._claims(moment) if c.pk != _claim_key(scope, self._owner)]
            living = [] if self._engine.alone else [c for c in others if c.until > time.time()]
            if not living:
                return self._settled(scope, moment, others, since)
            # Who claims the store waits for the writers at work; all others make room for him.
            if scope != STORE or any(c.pk.startswith(_claim_key(STORE, "")) for c in living):
                self._engine.remove(PREFIX, [_claim_key(scope, self._owner)])
            if time.monotonic() > give_up:
                self._engine.remove(PREFIX, [_claim_key(scope, self._owner)])
                raise StoreLocked(
                    f"other writers kept {self._engine.url} busy for {_WAIT:.0f} s; try again later"
                )
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)

    def _claims(self, moment: Moment) -> Sequence[Claim]:
        if moment.namespace != STORE:
            return moment.claims
        notes = self._engine.select(PREFIX, 'kind == "claim"', ["kind", "number", "body"])
        return read_moment(self._engine, STORE, extra=notes).claims

    def _settled(self, scope: str, moment: Moment, others: Sequence[Claim], since: float) -> Held:
        """The claim, once what writers that died left behind is gone."""
        mine = [c for c in others if c.pk.startswith(_claim_key(scope, ""))]
        if scope in self._unclean or any(claim.until for claim in mine):
            _undo(self._engine, moment)
            self._unclean.discard(scope)
        if mine:
            self._engine.remove(PREFIX, [claim.pk for claim in mine])
        return Held(self._engine, scope, self._owner, moment, since)


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
