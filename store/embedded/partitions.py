"""The partitions in memory: loaded when used, kept current, saved, and evicted by last use."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import sqlite3
import sys
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from remem.store.embedded import changes
from remem.store.embedded.changes import Addition, Additions, State
from remem.store.embedded.database import Database, fetch, writing_errors
from remem.store.embedded.partition import Partition, build, can_follow, catch_up
from remem.store.embedded.schema import read_meta
from remem.store.embedded.slots import Learner, Slot
from remem.store.embedded.snapshot import file_digest, load_partition, save_partition
from remem.store.engine import UnknownNamespace
from remem.store.errors import RememError
from remem.store.spaces import Meta

_log = logging.getLogger(__name__)

_BEHIND = 4096
"""Records that this process may write before it catches up itself; below that, a search does."""

_UNSAVED = 100_000
"""Records that may be missing from a snapshot while open: building them again takes seconds."""

_UNSAVED_AT_CLOSE = 1000
"""The same when closing, or evicting."""

_UNTIDY = 65_536
"""Records that an index may follow until the memory that this left free is given back."""

_SUFFIX = ".snapshot"

_STALE_SECONDS = 600
"""Age at which a temporary file is the leftover of a crash and not another process at work."""


class Partitions:
    """All partitions of one store. Thread-safe.

    Args:
        database: The truth.
        folder: Where snapshots go.
        max_bytes: Partitions beyond this size in memory are evicted, least recently used first;
            the one in use always stays.
    """

    def __init__(self, database: Database, folder: Path, max_bytes: int) -> None:
        self._database = database
        self._folder = folder
        self._slots: dict[str, Slot] = {}
        self._budget = Budget(max_bytes)
        self._guard = threading.Lock()
        self._learner = Learner()
        self._additions = Additions()
        self._followers = ThreadPoolExecutor(1, "remem-following")

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        loaded = [slot.partition for _, slot in self._items()]
        return sum(partition.nbytes for partition in loaded if partition is not None)

    @contextmanager
    def current(self, namespace: str) -> Iterator[tuple[sqlite3.Connection, State, Partition]]:
        """The partition and a connection that sees exactly the state the partition is at.

        While the block runs, neither of the two moves.

        Raises:
            UnknownNamespace: nothing was ever written to it, or all of it was forgotten.
        """
        self._database.check_open()
        slot = self._slot(namespace)
        while True:
            with slot.lock.shared(), self._database.reading() as connection:
                meta, state = self._read(connection, namespace)
                partition = slot.partition
                if (
                    partition is not None
                    and can_follow(partition, state, meta.generation)
                    and (partition.seq, partition.purged) == (state.seq, state.purged)
                ):
                    if partition.unsettled:
                        self._learner.ask(slot)
                    yield connection, state, partition
                    return
            self._catch_up(namespace, slot)

    def written(self, namespace: str, records: int, addition: Addition | None) -> None:
        """After a commit: keep the index from falling too far behind, in a thread of its own.

        Never raises: the commit is acknowledged, and the next search catches up as well.

        Args:
            records: How many it wrote.
            addition: Those of them that are new.
        """
        if addition is not None:
            self._additions.keep(addition)
        slot = self._slot(namespace)
        slot.written += records
        if slot.written >= _BEHIND and not slot.following:
            slot.following = True
            with suppress(RuntimeError):  # closed meanwhile
                self._followers.submit(self._follow, namespace, slot)
                self._followers.submit(self._empty_log)

    def _follow(self, namespace: str, slot: Slot) -> None:
        try:
            self._catch_up(namespace, slot)
            partition = slot.partition
            if partition is not None and slot.unsaved >= _UNSAVED + len(partition.ids) // 2:
                self._save(namespace, slot)
        except (RememError, UnknownNamespace) as error:
            _log.warning("the index of %r was not brought up to date: %s", namespace, error)
        except Exception:  # the next search meets it, too, and raises it
            _log.exception("the index of %r was not brought up to date", namespace)
        finally:
            slot.following = False

    def _empty_log(self) -> None:
        try:
            self._database.empty_log()
        except RememError as error:  # the next writer that finds it long tries again
            _log.warning("the log was not written into the database: %s", error)

    def save_all(self) -> None:
        """Save each partition in memory that its snapshot is behind of.

        Raises:
            StoreFull, StoreReadOnly: it cannot be written.
        """
        for namespace, slot in self._items():
            if slot.unsaved:
                self._save(namespace, slot)

    def close(self) -> None:
        """Save what would take long to rebuild, and let go of everything."""
        self._followers.shutdown()
        for _, slot in self._items():
            if slot.partition is not None and slot.partition.unsettled:
                self._learner.ask(slot)
        self._learner.close()
        for namespace, slot in self._items():
            self._save_if_dear(namespace, slot)
        self.forget_all()

    def forget_all(self) -> None:
        """Drop all partitions from memory; snapshots stay."""
        with self._guard:
            self._slots.clear()
            self._budget.clear()

    def unsave(self, namespace_id: int) -> None:
        """Remove a namespace's snapshots. What they hold is in memory first, to be saved again:
        of a million records it takes a minute to make anew."""
        self._load_saved(namespace_id)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM snapshots WHERE namespace = ?", (namespace_id,))
            files = self._files(f"{namespace_id}-*")
        _unlink(files)
        for _, slot in self._items():
            partition = slot.partition
            if partition is not None and partition.namespace == namespace_id:
                slot.unsaved = len(partition.ids)

    def _load_saved(self, namespace_id: int) -> None:
        with self._database.reading() as connection:
            known = fetch(
                connection,
                "SELECT name FROM namespaces JOIN snapshots ON namespace = id WHERE id = ?",
                (namespace_id,),
            )
        for (namespace,) in known:
            slot = self._slot(namespace)
            if slot.partition is None:
                with suppress(UnknownNamespace):  # forgotten by another process meanwhile
                    self._catch_up(namespace, slot)

    def rebuild(self, namespaces: Iterable[str]) -> None:
        """Throw all snapshots away, and make and save the partitions from the records alone."""
        self.forget_all()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM snapshots")
            files = self._files("*")
        _unlink(files)
        for namespace in namespaces:
            slot = self._slot(namespace)
            with suppress(UnknownNamespace):  # forgotten by another process meanwhile
                self._catch_up(namespace, slot)
                self._save(namespace, slot)

    def clean(self) -> None:
        """Remove files of ours that a crash left behind."""
        with self._database.reading() as connection:
            known = {row[0] for row in fetch(connection, "SELECT file FROM snapshots")}
        for path in self._files("*"):
            with suppress(OSError):  # another process cleans too
                if path.name not in known and time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()

    def problems(self) -> Iterator[str]:
        """One sentence for each snapshot file that is not what was saved."""
        for name, digest in self._saved():
            if not _is_snapshot(name):
                yield "what is known of an index file is damaged; 'remem rebuild' makes it again"
                continue
            wrong = _what_is_wrong(self._folder / name, digest)
            # Another process that saved meanwhile has removed the file.
            if wrong and (name, digest) in self._saved():
                yield wrong

    def _saved(self) -> list[tuple[str, str]]:
        with self._database.reading() as connection:
            return fetch(connection, "SELECT file, digest FROM snapshots")

    def _catch_up(self, namespace: str, slot: Slot) -> None:
        with slot.lock.exclusive(), self._database.reading() as connection:
            meta, state = self._read(connection, namespace)
            partition, slot.partition = slot.partition, None  # an interrupted one is not used again
            if partition is None or not can_follow(partition, state, meta.generation):
                partition, slot.unsaved = self._load(connection, state), 0
            if partition is None or not can_follow(partition, state, meta.generation):
                partition = build(connection, state, meta.space, meta.generation)
                slot.unsaved = len(partition.ids)
            additions = self._additions.take(state.id, state.seq)
            changed = catch_up(connection, partition, state, meta.space, additions)
            slot.unsaved += changed
            slot.untidy += changed
            if partition.tombstoned * 4 > len(partition.ids):
                partition = partition.compacted()
            slot.partition, slot.written, slot.nbytes = partition, 0, partition.nbytes
        if slot.untidy >= _UNTIDY:
            slot.untidy = 0
            give_back()
        self._evict(namespace, slot)

    def _load(self, connection: sqlite3.Connection, state: State) -> Partition | None:
        rows = fetch(
            connection, "SELECT file, digest FROM snapshots WHERE namespace = ?", (state.id,)
        )
        saved = [(name, digest) for name, digest in rows if _is_snapshot(name)]
        return load_partition(self._folder / saved[0][0], saved[0][1]) if saved else None

    def _save_if_dear(self, namespace: str, slot: Slot) -> None:
        """Save what would take long to rebuild.

        A snapshot only saves time, so one that cannot be written must not fail its caller.
        """
        if slot.unsaved > _UNSAVED_AT_CLOSE and not self._database.is_read_only:
            try:
                self._save(namespace, slot)
            except RememError as error:
                _log.warning("the index of %r was not saved: %s", namespace, error)

    def _save(self, namespace: str, slot: Slot) -> None:
        with slot.lock.shared():
            partition = slot.partition
            if partition is not None:
                self._write(partition, namespace)
                slot.unsaved = 0

    def _write(self, partition: Partition, namespace: str) -> None:
        """Save a partition, unless a purge or a reindex has overtaken it.

        All in one transaction, so that no purge can begin and end while a file with the purged
        words is being written: those that end before are seen here, later ones see the file.
        """
        name = f"{partition.namespace}-{partition.seq}-{uuid.uuid4().hex[:8]}{_SUFFIX}"
        temporary = self._folder / f"{name}.tmp"
        with self._database.writing() as connection:
            try:
                meta, state = self._read(connection, namespace)
            except UnknownNamespace:
                return
            if state.purged != partition.purged or not can_follow(
                partition, state, meta.generation
            ):
                return
            with writing_errors(temporary):
                try:
                    digest = save_partition(partition, temporary)
                    temporary.replace(self._folder / name)
                    _sync_folder(self._folder)
                finally:
                    temporary.unlink(missing_ok=True)
            before = fetch(
                connection, "SELECT file FROM snapshots WHERE namespace = ?", (state.id,)
            )
            connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                (state.id, name, partition.seq, digest),
            )
            changes.trim(connection, state.id, partition.seq)
        _unlink(self._folder / saved for (saved,) in before if _is_snapshot(saved))

    def _files(self, names: str) -> list[Path]:
        """Snapshots, and what will become one. Listed in a transaction, to be removed after it:
        whoever saves holds one too, so none of these is being written, and a later one stays."""
        return list(self._folder.glob(f"{names}{_SUFFIX}*"))

    def _evict(self, namespace: str, slot: Slot) -> None:
        """Let go of others when there is too much besides a partition that was just loaded."""
        with self._guard:
            if self._slots.get(namespace) is slot and slot.partition is not None:
                self._budget.hold(namespace, slot.nbytes)
        while (oldest := self._in_excess(namespace)) is not None:
            name, excessive = oldest
            self._save_if_dear(name, excessive)
            with excessive.lock.exclusive(), self._guard:
                if name not in self._budget:  # else somebody has used it meanwhile
                    excessive.partition = None

    def _in_excess(self, keep: str) -> tuple[str, Slot] | None:
        """One that is no longer held, because it is too much."""
        with self._guard:
            name = self._budget.excess(keep)
            if name is None:
                return None
            self._budget.drop(name)
            return name, self._slots[name]

    def _read(self, connection: sqlite3.Connection, namespace: str) -> tuple[Meta, State]:
        state = changes.read_state(connection, namespace)
        if state is None:
            with self._guard:
                self._slots.pop(namespace, None)
                self._budget.drop(namespace)
            raise UnknownNamespace(f"nothing is stored in namespace {namespace!r}")
        return read_meta(connection), state

    def _slot(self, namespace: str) -> Slot:
        with self._guard:
            slot = self._slots.get(namespace)
            if slot is None:
                slot = self._slots[namespace] = Slot()
            elif namespace in self._budget:
                self._budget.hold(namespace, slot.nbytes)  # it may have learned
            return slot

    def _items(self) -> list[tuple[str, Slot]]:
        with self._guard:
            return list(self._slots.items())


def _is_snapshot(name: object) -> bool:
    """True if it is a name that we give, and not what damage made of one."""
    return isinstance(name, str) and re.fullmatch(rf"[\w-]+{re.escape(_SUFFIX)}", name) is not None


def _unlink(files: Iterable[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _what_is_wrong(path: Path, digest: str) -> str:
    """One sentence if a file is not what was saved."""
    try:
        found = file_digest(path)
    except OSError as error:
        return f"index file {path}: {error.strerror}; 'remem rebuild' makes it again"
    if found != digest:
        return f"index file {path} is damaged; 'remem rebuild' makes it again"
    return ""


# Which of the things in memory to let go of when they are too many: the least recently used.
class Budget:
    """Sizes of things by name, in the order of their last use. Not thread-safe.

    Their sum is kept and not added up when it is asked for: of ten thousand partitions that took
    as long as to load one.

    Args:
        most: Bytes that they may take together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._sizes: OrderedDict[str, int] = OrderedDict()  # the least recently used one first

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def hold(self, name: str, size: int) -> None:
        """One has this size now, and was just used."""
        self._total += size - self._sizes.get(name, 0)
        self._sizes[name] = size
        self._sizes.move_to_end(name)

    def drop(self, name: str) -> None:
        """One is no longer held."""
        self._total -= self._sizes.pop(name, 0)

    def clear(self) -> None:
        """None is held."""
        self._sizes.clear()
        self._total = 0

    def excess(self, keep: str) -> str | None:
        """The one to let go of, least recently used, if they are too many; never ``keep``."""
        if self._total <= self._most:
            return None
        oldest = next(iter(self._sizes))
        return None if oldest == keep else oldest


# Memory that was freed, given back to the system.
#
# glibc keeps what is freed between two things that stay, and up to 64 MB behind the last one in
# each thread's heap. Filling a store with a million records left 170 MB there, of 1,390 MB in
# all.
def give_back() -> None:
    """Let go of freed memory, where the C library has to be asked for it; some milliseconds."""
    if _trim is not None:
        _trim(0)


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
