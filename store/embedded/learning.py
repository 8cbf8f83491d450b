"""A partition that has outgrown exact search learns where to look, beside reads and writes.

Learning takes seconds at a million rows. It holds the partition's lock only to look at what is
there and, at the end, to put the result in place; until then searches stay exact.

It is asked for by a search that finds an index outgrown, and when a store is closed; not by what
fills an index, which would have learned three times on its way to a million rows, at the cost of
half the speed.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from store.embedded.coarse import Coarse
from store.embedded.slot import Slot

__all__ = ["Learner", "learn"]

_log = logging.getLogger(__name__)


class Learner:
    """One thread in which partitions learn, one after the other. Thread-safe."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "remem-learning")
        self._asked: set[int] = set()
        self._guard = threading.Lock()
        self._closed = False

    def ask(self, slot: Slot) -> None:
        """Let the partition in a slot learn soon; nothing once closed."""
        with self._guard:
            if not self._closed and id(slot) not in self._asked:
                self._asked.add(id(slot))
                self._pool.submit(self._learn, slot)

    def close(self) -> None:
        """Finish what was asked: another process would have to begin again."""
        with self._guard:
            self._closed = True
        self._pool.shutdown()

    def _learn(self, slot: Slot) -> None:
        with self._guard:
            self._asked.discard(id(slot))  # whoever takes its place from now on may ask again
        try:
            learn(slot)
        except Exception:  # searches stay exact
            _log.exception("an index could not learn; searches in it stay slow")


def learn(slot: Slot) -> None:
    """Learn for each view that has outgrown what it knows; nothing, if another partition takes
    the place meanwhile, or what it learns from is purged: the next search asks again."""
    with slot.lock.shared():
        partition = slot.partition
        outgrown = [] if partition is None else [*partition.outgrown]
    for view in outgrown:
        with slot.lock.shared():
            if partition is None or slot.partition is not partition:
                return
            index = partition.dense[view]
            taken, rows = index.learning(partition.live)
            seq = partition.seq
        coarse = Coarse.learn(taken, rows, seq)
        del taken  # a tenth as large as the vectors
        while True:
            with slot.lock.shared():
                if slot.partition is not partition:
                    return
                pieces = index.vectors.settled(len(coarse))
            if not pieces:
                break
            for piece in pieces:
                coarse.add(piece)
        with slot.lock.exclusive():
            if slot.partition is not partition or seq < partition.purged:
                return
            for piece in index.vectors.pieces(len(coarse)):
                coarse.add(piece)
            index.coarse = coarse
            slot.unsaved += len(coarse)
            slot.nbytes = partition.nbytes
