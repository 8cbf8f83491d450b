"""What a fork must not take along: SQLite's connections.

SQLite remembers in the memory of a process which locks on a file it holds. A fork copies that
memory, but not the locks: what a child writes through a connection that it inherited, or through
one of its own beside it, is lost as soon as the parent closes the file. So connections that nobody
uses are closed before a fork; where one is in use, the child must not open the file at all.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from store.errors import StoreClosed

__all__ = ["keep_for_ever", "refuse_inherited", "watch"]


class Pool(Protocol):
    """The connections of this process to one file."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def lent(self) -> int:
        """How many connections are in use."""

    def pause(self) -> None:
        """Close the connections that nobody uses, and lend none until ``resume``."""

    def resume(self) -> None:
        """Lend connections again."""


_pools: WeakSet[Pool] = WeakSet()
_paused: list[Pool] = []
_inherited: set[Path] = set()
"""Files of which this process holds connections that belong to the one it was forked from."""
_forking = threading.Lock()


def watch(pool: Pool) -> None:
    """Close what a pool keeps before each fork."""
    _pools.add(pool)


def refuse_inherited(path: Path) -> None:
    """Raise ``StoreClosed`` for a file that was in use while this process was forked."""
    if _inherited and path.resolve() in _inherited:
        raise StoreClosed(
            f"the store {path.parent} was in use while this process was forked; open it in one "
            "that multiprocessing starts by 'spawn' or 'forkserver'"
        )


def keep_for_ever(connection: sqlite3.Connection) -> None:
    """Never let a connection be collected, not even when Python ends: that would close it, and a
    child that closes its parent's connection may remove the log that others write to."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _before() -> None:
    _forking.acquire()
    for pool in list(_pools):
        pool.pause()
        _paused.append(pool)


def _after_in_parent() -> None:
    while _paused:
        _paused.pop().resume()
    _forking.release()


def _after_in_child() -> None:
    global _forking
    # The pools stay paused: they refuse whoever uses them here before they take any lock.
    _inherited.update(pool.path.resolve() for pool in _paused if pool.lent)
    _paused.clear()
    _pools.clear()
    _forking = threading.Lock()


if sys.platform != "win32":
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
