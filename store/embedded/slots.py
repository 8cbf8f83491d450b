"""Slots: partitions in memory, their locks, and the thread in which they learn."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field

from remem.store.embedded.dense import DenseIndex
from remem.store.embedded.partition import Partition
from remem.store.embedded.vectors import Ivf

_log = logging.getLogger(__name__)


# A lock that many readers or one writer can hold.
class ReadWriteLock:
    """Searches share it, catching up has it alone; a waiting writer goes before new readers."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writers_waiting = 0
        self._writing = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold together with other readers. Not re-entrant."""
        with self._condition:
            self._condition.wait_for(lambda: not (self._writing or self._writers_waiting))
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold alone. Not re-entrant."""
        with self._condition:
            self._writers_waiting += 1
            try:
                self._condition.wait_for(lambda: not (self._writing or self._readers))
                self._writing = True
            finally:  # also when Ctrl-C ends the wait
                self._writers_waiting -= 1
                self._condition.notify_all()
        try:
            yield
        finally:
            with self._condition:
                self._writing = False
                self._condition.notify_all()


# The place of one namespace's partition in memory.
@dataclass(slots=True)
class Slot:
    """A partition and its lock, shared by readers, held alone by whoever changes the partition."""

    lock: ReadWriteLock = field(default_factory=ReadWriteLock)
    partition: Partition | None = None
    written: int = 0
    """Records that this process wrote since it last caught up."""
    following: bool = False
    """True from when a thread is asked to catch up until it has."""
    unsaved: int = 0
    """Records that changed in ``partition`` since it was loaded or saved."""
    untidy: int = 0
    """Records that ``partition`` has followed since freed memory was given back."""
    nbytes: int = 0
    """Size of ``partition`` when it last changed, so that not every search adds it up."""


# A partition that has outgrown exact search learns where to look, beside reads and writes.
#
# Learning takes seconds at a million rows. It holds the partition's lock only to look at what is
# there and, at the end, to put the result in place; until then searches stay exact. After a purge
# the lists that held what is gone are made anew, a few at a time; until then the index is used, and
# not saved.
#
# It is asked for by a search that finds an index unsettled, and when a store is closed; not by
# what fills an index, which would have learned three times on its way to a million rows, at the
# cost of half the speed.


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
    """Let each index of a partition learn, or let go of what was purged; no more once another
    partition takes the place: the next search asks again."""
    with slot.lock.shared():
        partition = slot.partition
        if partition is None:
            return
        unsettled = partition.unsettled
    with suppress(_Replaced):
        for index in unsettled:
            if index.outgrown:
                _learn_anew(slot, partition, index)
            else:
                _let_go(slot, partition, index)


class _Replaced(Exception):
    """Another partition has taken the place of the one that learns."""


@contextmanager
def _held(lock: AbstractContextManager[None], slot: Slot, partition: Partition) -> Iterator[None]:
    with lock:
        if slot.partition is not partition:
            raise _Replaced
        yield


def _learn_anew(slot: Slot, partition: Partition, index: DenseIndex) -> None:
    with _held(slot.lock.shared(), slot, partition):
        taken, rows = index.learning(partition.live)
        seq = partition.seq
    ivf = Ivf.learn(taken, rows, seq)
    del taken  # a tenth as large as the vectors
    while True:
        with _held(slot.lock.shared(), slot, partition):
            pieces = index.vectors.settled(len(ivf))
        if not pieces:
            break
        for piece in pieces:
            ivf.add(piece)
    for lists in _parts(ivf.lists):
        with _held(slot.lock.shared(), slot, partition):
            ivf.centre(lists, index.vectors, partition.live)
    with _held(slot.lock.exclusive(), slot, partition):
        for piece in index.vectors.pieces(len(ivf)):
            ivf.add(piece)
        index.ivf = ivf
        slot.unsaved += len(ivf)
        slot.nbytes = partition.nbytes


def _let_go(slot: Slot, partition: Partition, index: DenseIndex) -> None:
    ivf = index.ivf
    assert ivf is not None
    with _held(slot.lock.shared(), slot, partition):
        purged = partition.purged
        outlived = ivf.outlived(partition.live)
    for lists in _parts(outlived):
        with _held(slot.lock.exclusive(), slot, partition):
            ivf.centre(lists, index.vectors, partition.live)
    with _held(slot.lock.exclusive(), slot, partition):
        ivf.seq = purged
        slot.unsaved += len(ivf)


def _parts(lists: Sequence[int]) -> Iterator[Sequence[int]]:
    return (lists[first : first + _AT_ONCE] for first in range(0, len(lists), _AT_ONCE))


_AT_ONCE = 8
"""Lists to make anew while whoever searches or writes waits: some 2 ms."""
