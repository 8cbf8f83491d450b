"""The partitions in memory: loaded when used, kept current, saved, and evicted by last use."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from store.embedded import changes
from store.embedded.changes import State
from store.embedded.database import Database
from store.embedded.following import build, can_follow, catch_up
from store.embedded.locks import ReadWriteLock
from store.embedded.meta import Meta, read_meta
from store.embedded.partition import Partition
from store.embedded.snapshot import file_digest, load_partition, save_partition
from store.errors import RememError, StoreFull

__all__ = ["Partitions", "UnknownNamespace"]

_log = logging.getLogger(__name__)

_BEHIND = 8192
"""A write lets the index fall this many changes behind before it catches up itself; below that
the next search does."""

_UNSAVED = 50_000
"""Changes that may be missing from the newest snapshot (rebuilding them takes about a second)."""

_UNSAVED_AT_CLOSE = 1000

_STALE_SECONDS = 600
"""Age at which a temporary file is the leftover of a crash and not another process at work."""


class UnknownNamespace(Exception):
    """Nothing was ever written to a namespace, or all of it was forgotten."""


@dataclass(slots=True)
class _Slot:
    lock: ReadWriteLock = field(default_factory=ReadWriteLock)
    partition: Partition | None = None
    saved: int = 0
    """The change at which this process last saw a snapshot."""


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
        self._max_bytes = max_bytes
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(slot.partition.nbytes for _, slot in self._items() if slot.partition)

    @contextmanager
    def current(self, namespace: str) -> Iterator[tuple[sqlite3.Connection, State, Partition]]:
        """The partition and a connection that sees exactly the state the partition is at.

        While the block runs, neither of the two moves.

        Raises:
            UnknownNamespace: nothing was ever written to it.
        """
        slot = self._slot(namespace)
        while True:
            with slot.lock.shared(), self._database.reading() as connection:
                meta, state = _read(connection, namespace)
                partition = slot.partition
                if (
                    partition is not None
                    and partition.seq == state.seq
                    and partition.generation == meta.generation
                ):
                    yield connection, state, partition
                    return
            self._catch_up(namespace, slot)

    def written(self, namespace: str, seq: int) -> None:
        """After a commit: keep the index from falling too far behind."""
        slot = self._slot(namespace)
        followed = slot.partition.seq if slot.partition else slot.saved
        if seq - followed >= _BEHIND:
            self._catch_up(namespace, slot)
            rows = len(slot.partition.ids) if slot.partition else 0
            if seq - slot.saved >= _UNSAVED + rows:
                self._try_to_save(namespace, slot)

    def save_all(self) -> None:
        """Save each partition in memory that its snapshot is behind of.

        Raises:
            StoreFull: it cannot be written.
        """
        for namespace, slot in self._items():
            if slot.partition and slot.partition.seq > slot.saved:
                self._save(namespace, slot)

    def close(self) -> None:
        """Save what would take long to rebuild, and let go of everything."""
        for namespace, slot in self._items():
            self._save_if_dear(namespace, slot)
        self.forget_all()

    def forget_all(self) -> None:
        """Drop all partitions from memory; snapshots stay."""
        with self._guard:
            self._slots.clear()

    def unsave(self, namespace_id: int) -> None:
        """Remove a namespace's snapshots, also those that are being written; memory stays."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM snapshots WHERE namespace = ?", (namespace_id,))
        self._unlink(namespace_id, keep=None)
        for _, slot in self._items():
            if slot.partition and slot.partition.namespace == namespace_id:
                slot.saved = 0

    def rebuild(self, namespace: str) -> None:
        """Make a partition from the records alone, and save it."""
        slot = self._slot(namespace)
        with slot.lock.exclusive(), self._database.reading() as connection:
            try:
                meta, state = _read(connection, namespace)
            except UnknownNamespace:
                return  # deleted by another process meanwhile
            slot.partition = build(connection, state, meta.space, meta.generation)
        self._save(namespace, slot)

    def clean(self) -> None:
        """Remove files that a crash left behind."""
        with self._database.reading() as connection:
            known = {row[0] for row in connection.execute("SELECT file FROM snapshots")}
        for path in self._folder.iterdir():
            if path.name not in known and time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink(missing_ok=True)

    def problems(self) -> Iterator[str]:
        """One sentence for each snapshot file that is not what was saved."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT file, digest FROM snapshots").fetchall()
        for name, digest in rows:
            path = self._folder / name
            if not path.exists():
                yield f"index file {path} is missing; 'remem rebuild' makes it again"
            elif file_digest(path) != digest:
                yield f"index file {path} is damaged; 'remem rebuild' makes it again"

    def _catch_up(self, namespace: str, slot: _Slot) -> None:
        with slot.lock.exclusive(), self._database.reading() as connection:
            meta, state = _read(connection, namespace)
            partition = slot.partition
            if partition is None or not can_follow(partition, state, meta.generation):
                partition = self._load(connection, state, slot)
            if partition is None or not can_follow(partition, state, meta.generation):
                partition = build(connection, state, meta.space, meta.generation)
            catch_up(connection, partition, state, meta.space)
            if partition.dead * 4 > len(partition.ids):
                partition = partition.compacted()
            slot.partition = partition
        self._evict(keep=slot)

    def _load(self, connection: sqlite3.Connection, state: State, slot: _Slot) -> Partition | None:
        row = connection.execute(
            "SELECT file, digest FROM snapshots WHERE namespace = ?", (state.id,)
        ).fetchone()
        if row is None:
            return None
        partition = load_partition(self._folder / row[0], row[1])
        # A damaged snapshot is replaced at the next chance.
        slot.saved = partition.seq if partition else 0
        return partition

    def _save_if_dear(self, namespace: str, slot: _Slot) -> None:
        """Save what would take long to rebuild."""
        if slot.partition and slot.partition.seq - slot.saved > _UNSAVED_AT_CLOSE:
            self._try_to_save(namespace, slot)

    def _try_to_save(self, namespace: str, slot: _Slot) -> None:
        """A snapshot only saves time, so one that cannot be written must not fail its caller."""
        try:
            self._save(namespace, slot)
        except RememError as error:
            _log.warning("the index of %r was not saved: %s", namespace, error)

    def _save(self, namespace: str, slot: _Slot) -> None:
        with slot.lock.exclusive():
            if slot.partition is None:
                return
            if slot.partition.dead:
                slot.partition = slot.partition.compacted()
        with slot.lock.shared():
            partition = slot.partition
            if partition is not None:
                self._write(partition, namespace)
                slot.saved = partition.seq

    def _write(self, partition: Partition, namespace: str) -> None:
        """Save a partition, unless a purge or a reindex has overtaken it.

        All in one transaction, so that no purge can begin and end while a file with the purged
        words is being written: those that end before are seen here, later ones see the file.
        """
        name = f"{partition.namespace}-{partition.seq}-{uuid.uuid4().hex[:8]}.snapshot"
        temporary = self._folder / f"{name}.tmp"
        with self._database.writing() as connection:
            try:
                meta, state = _read(connection, namespace)
            except UnknownNamespace:
                return
            if state.purged > partition.seq or not can_follow(partition, state, meta.generation):
                return
            try:
                digest = save_partition(partition, temporary)
                temporary.replace(self._folder / name)
                _sync_folder(self._folder)
            except OSError as error:
                raise StoreFull(
                    f"cannot write {temporary} ({error.strerror}): make space on the disk"
                ) from error
            finally:
                temporary.unlink(missing_ok=True)
            connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                (state.id, name, partition.seq, digest),
            )
            changes.trim(connection, state.id, partition.seq)
        self._unlink(partition.namespace, keep=name)

    def _unlink(self, namespace_id: int, keep: str | None) -> None:
        for path in self._folder.glob(f"{namespace_id}-*"):
            if path.name != keep and (keep is None or path.suffix != ".tmp"):
                path.unlink(missing_ok=True)

    def _evict(self, keep: _Slot) -> None:
        for namespace, slot in self._items():
            if self.nbytes <= self._max_bytes:
                return
            if slot is not keep and slot.partition:
                self._save_if_dear(namespace, slot)
                with slot.lock.exclusive():
                    slot.partition = None

    def _slot(self, namespace: str) -> _Slot:
        with self._guard:
            slot = self._slots.setdefault(namespace, _Slot())
            self._slots.move_to_end(namespace)
            return slot

    def _items(self) -> list[tuple[str, _Slot]]:
        with self._guard:
            return list(self._slots.items())


def _read(connection: sqlite3.Connection, namespace: str) -> tuple[Meta, State]:
    state = changes.read_state(connection, namespace)
    if state is None:
        raise UnknownNamespace(namespace)
    return read_meta(connection), state


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
