"""The SQLite file: connections, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import ctypes
import errno
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from remem.store.base import Owner
from remem.store.errors import (
    CorruptStore,
    RememError,
    StoreClosed,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
)

BUSY_SECONDS = 60.0
"""Seconds that a writer waits for another process's transaction before it gives up."""

_RETRY_SECONDS = 0.05

_PRAGMAS = (
    # Rows hold vectors of a kilobyte and more: pages of 4 KB waste a quarter of their space on
    # them, and writing took a third longer.
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is an acknowledgement: it must survive a power cut
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten, not only unlinked
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -16000",
    # Questions read some hundred records from all over the file: 194 of 100,000 in 1.2 ms with a
    # map of 256 MB, 1.6 without. What was read of it counts as memory of the process: at a million
    # records, after a deletion, all of it.
    "PRAGMA mmap_size = 134217728",
    # 64 MB: with 16, filling a store took a fifth longer, because the same pages of the indexes
    # were written again and again. During an import, ``empty_log`` has written most of it then.
    "PRAGMA wal_autocheckpoint = 8000",
    "PRAGMA journal_size_limit = 67108864",  # give disk space back after a large import
)


_OTHER_TABLES = ("no such", "already exists", "duplicate column", "has no column")
"""Words of SQLite about statements of ours, when damage made other tables of ours."""


class Database:
    """A pool of connections to one SQLite file; usable from any thread of the process that made it.

    Readers run side by side (WAL). Writers of this process queue at a lock of ours, those of
    other processes at SQLite's.

    Attributes:
        path: The file.
        lent: How many connections are in use.
        is_read_only: Whether all that would write raises ``StoreReadOnly``.
    """

    is_read_only = False

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        refuse_inherited(path)
        self.path = path
        self.lent = 0
        self._owner = Owner(str(path.parent))
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self._closed = False
        watch(self)

    @property
    def closed(self) -> bool:
        """True if nothing is left to close here: ``close`` was called, or this is a fork of the
        process that has to call it."""
        return self._closed or self._owner.is_elsewhere

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``, and after a fork."""
        self._owner.check()
        if self._closed:
            raise StoreClosed(f"the store {self.path.parent} is closed; open it again")

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction, errors translated."""
        with self._translated():
            connection = self._take()
            try:
                yield connection
            finally:
                self._give(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of the database for several statements."""
        with self.connection() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def opening(self) -> Iterator[sqlite3.Connection]:
        """The transaction in which a store makes its tables, or finds them."""
        with self.writing() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed and durable at the end of the block, undone by an exception."""
        self.check_open()
        with self._writing, self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def empty_log(self) -> None:
        """Write what is in the log into the database, as far as readers let it, and wait for none.

        Writers go on meanwhile; during an import it is a tenth of their work, done for them.
        """
        with self.connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def scrub(self) -> None:
        """Write the database anew and empty its log, so that no deleted byte is left in either.

        ``secure_delete`` alone is not enough: moving rows between pages leaves copies of them in
        the unused parts of pages, which it does not overwrite.

        Raises:
            StoreLocked: a reader held the log for longer than the time-out.
        """
        self.check_open()
        deadline = time.monotonic() + self._busy_seconds
        with self._writing, self.connection() as connection:
            connection.execute("VACUUM")
            # While somebody else does, SQLite says "busy" at once instead of waiting.
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > deadline:
                    raise StoreLocked(
                        f"{self.path} is being read by another process; what was purged is no "
                        "longer found, but stays in the log until that ends: close it, try again"
                    )
                time.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Close the connections; later use raises ``StoreClosed``.

        What other threads are doing at this moment goes on; their connections close after it.
        """
        if self.closed:
            return
        with self._writing, self._guard:
            self._closed = True
            self._close_idle()

    def pause(self) -> None:
        """Close the connections that nobody uses, and lend none until ``resume``."""
        self._guard.acquire()
        with suppress(sqlite3.Error):  # what cannot be closed is no reason not to fork
            self._close_idle()

    def resume(self) -> None:
        """Lend connections again."""
        self._guard.release()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        self.check_open()
        with self._guard:
            self.check_open()
            self.lent += 1
            while self._idle:
                connection = self._idle.pop()
                if not self._is_outdated(connection):
                    return connection
                connection.close()
        try:
            return self._connect()
        except BaseException:
            with self._guard:
                self.lent -= 1
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        deadline = time.monotonic() + self._busy_seconds
        try:
            for pragma in _PRAGMAS:
                _execute(connection, pragma, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_outdated(self, connection: sqlite3.Connection) -> bool:  # noqa: ARG002
        """True if it would no longer show what is in the file."""
        return False

    def _give(self, connection: sqlite3.Connection) -> None:
        if self._owner.is_elsewhere:  # forked inside of a block
            keep_for_ever(connection)
            return
        if connection.in_transaction:
            connection.rollback()
        with self._guard:
            self.lent -= 1
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """The operating system's errors about a file or folder, in our words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoreFull(
                f"cannot write {path} ({error.strerror}): make space on the disk and try again"
            ) from error
        raise StoreReadOnly(
            f"cannot write {path} ({error.strerror}): choose a folder that you may write to"
        ) from error


def _execute(connection: sqlite3.Connection, pragma: str, deadline: float) -> None:
    """Execute it, again and again while the database is busy.

    While several processes create one, SQLite says "busy" at once, whatever the time-out: they
    might wait for each other.
    """
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _code(error: sqlite3.Error) -> str:
    # Python 3.10 does not pass SQLite's code on, so there the message has to do.
    return getattr(error, "sqlite_errorname", str(error))


def _is_busy(error: sqlite3.Error) -> bool:
    code = _code(error)
    return "BUSY" in code or "LOCKED" in code or "locked" in str(error)


def _translate(error: sqlite3.Error, path: Path) -> RememError:
    message, code = str(error), _code(error)
    if _is_busy(error):
        return StoreLocked(f"another process kept {path} busy for too long; try again later")
    if "FULL" in code or "full" in message or "IOERR" in code or "disk I/O" in message:
        return StoreFull(
            f"cannot read or write {path} ({message}): make space on the disk and try again"
        )
    if any(word in f"{code} {message}" for word in ("READONLY", "CANTOPEN", "readonly", "open")):
        return StoreReadOnly(
            f"cannot open or write {path} ({message}): make the folder and its files writable"
        )
    if any(word in f"{code} {message}" for word in ("CORRUPT", "NOTADB", "malformed", "not a d")):
        return CorruptStore(
            f"{path} is damaged ({message}): restore a backup or an export, "
            f"or save what is left with: sqlite3 {path.name} .recover"
        )
    if "decode" in message:  # SQLite's own words would quote the text
        return CorruptStore(
            f"{path} holds a text that is damaged: 'remem verify' tells which, or restore a backup "
            "or an export"
        )
    if isinstance(error, sqlite3.IntegrityError) or any(word in message for word in _OTHER_TABLES):
        return CorruptStore(
            f"the tables of {path} are not what they were ({message}): restore a backup or an "
            "export"
        )
    return RememError(f"{path}: SQLite refused the request ({message}); please report this")


# What a fork must not take along: SQLite's connections.
#
# SQLite remembers in the memory of a process which locks on a file it holds. A fork copies that
# memory, but not the locks: what a child writes through a connection that it inherited, or
# through one of its own beside it, is lost as soon as the parent closes the file. So connections
# that nobody uses are closed before a fork; where one is in use, the child must not open the file
# at all.
class Pool(Protocol):
    """The connections of this process to one file."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def lent(self) -> int:
        """Number of connections in use."""

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


# Many rows into a table of SQLite.
_PARAMETERS = 32_000
"""Values in one statement, at most: SQLite takes 32,766, unless it was built for more. Rows that
are left go into statements of half the size, and so on: few different ones, which SQLite prepares
once, and few in all, because a thread lets go of the interpreter for each of them, and waits for it
up to 5 ms when another thread is busy."""


def insert(connection: sqlite3.Connection, into: str, width: int, values: Sequence[Any]) -> None:
    """Insert rows.

    Args:
        into: The statement before its values, such as ``INSERT INTO texts``.
        width: Values of a row.
        values: Those of one row after the other. Not a tuple a row: what waits in ten thousand
            tuples is looked through by the garbage collector again and again, which took a fifth
            of the time of filling a store.
    """
    row = f"({', '.join('?' * width)})"
    size, start = _PARAMETERS // width, 0
    while left := (len(values) - start) // width:
        while size > left:
            size //= 2
        end = start + size * width
        connection.execute(f"{into} VALUES {', '.join([row] * size)}", values[start:end])
        start = end


# Rows of SQLite, also where damage made bytes of a text that are no UTF-8.


def fetch(
    connection: sqlite3.Connection, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = ()
) -> list[Any]:
    """All rows; in text that is not UTF-8 any more, each such byte is half a surrogate."""
    try:
        return connection.execute(sql, arguments).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    try:
        return connection.execute(sql, arguments).fetchall()
    finally:
        connection.text_factory = str
