"""The SQLite file: connections, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.embedded.forking import keep_for_ever, refuse_inherited, watch
from store.errors import (
    CorruptStore,
    RememError,
    StoreClosed,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
)
from store.forks import Owner

__all__ = ["BUSY_SECONDS", "Database", "writing_errors"]

BUSY_SECONDS = 60.0
"""How long a writer waits for another process's transaction before it gives up."""

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
        """Whether nothing is left to close here: ``close`` was called, or another process, of which
        this one is a fork, has to."""
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
