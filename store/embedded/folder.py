"""The folder of a store: made, looked over, measured."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NoReturn, cast

from remem.store.embedded.database import Database, writing_errors
from remem.store.errors import CorruptStore, InvalidInput, StoreReadOnly

_log = logging.getLogger(__name__)


def prepare(path: Path) -> Path:
    """The absolute path (the process may change its folder later), its folders made.

    Those of a store that can only be read stay as they are.
    """
    path = path.absolute()
    with writing_errors(path):
        try:
            if not is_read_only(path / "records.sqlite3"):
                (path / "index").mkdir(parents=True, exist_ok=True)
        except NotADirectoryError:
            raise InvalidInput(f"{path} is a file; a store is a folder, give its name") from None
        except ValueError:  # NUL, or half a character
            raise InvalidInput(f"{str(path)!r} is no name for a folder, choose another") from None
    return path


def refuse_lost_records(connection: sqlite3.Connection, path: Path) -> None:
    """A database without tables beside what follows it is no new store: its records were lost."""
    empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    followers = (path / FILE, *(path / "index").glob("*.snapshot"))
    if empty and any(follower.exists() for follower in followers):
        raise CorruptStore(
            f"{path / 'records.sqlite3'} is empty though records were written to it: restore a "
            "backup or an export, or remove the folder to begin anew"
        )


def bytes_in(folder: Path) -> int:
    """Size of all files of a store."""
    return sum(map(_size, folder.rglob("*")))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # a snapshot was replaced meanwhile
        return 0


# A note outside of the database: how far the store has acknowledged what was written to it.
#
# A write-ahead log that is lost takes its commits along, and SQLite opens what is left as if
# nothing had been. So each commit, once it is durable, is noted in a file of its own. The note is
# not synced, which costs 5 microseconds and no disk: a killed process leaves it right, a power
# cut may leave an older one, and none ever claims more than was durable.
FILE = "acknowledged"
"""Its name in the folder of a store."""


@dataclass(frozen=True, slots=True)
class Note:
    """The newest change that a database had acknowledged.

    Attributes:
        database: Which one: 32 hexadecimal digits that it was given when it was made.
        change: Number of its newest change.
    """

    database: str
    change: int

    def to_bytes(self) -> bytes:
        """A line that shows whether it is damaged; all are of one length."""
        line = f"{self.database} {self.change:020}"
        return f"{line} {_check(line)}\n".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Note | None:
        """The note that was written; None of what is none, or none any more."""
        with suppress(ValueError):
            database, change, check = data.partition(b"\n")[0].decode().split()
            if check == _check(f"{database} {change}"):
                return cls(database, int(change))
        return None


def newest(connection: sqlite3.Connection) -> Note:
    """The note of the transaction that the connection is in.

    Raises:
        CorruptStore: it does not say.
    """
    row = connection.execute(
        """SELECT value, (SELECT seq FROM sqlite_sequence WHERE name = 'changes')
            FROM meta WHERE name = 'identity'"""
    ).fetchone()
    if row is None or not isinstance(row[0], str) or not isinstance(row[1], (int, type(None))):
        raise CorruptStore("the store does not say which one it is: restore a backup or an export")
    return Note(row[0], row[1] or 0)


class Acknowledged:
    """The note in the folder of a store. Thread-safe; any number of processes may write it.

    Attributes:
        found: What it said when this was made, before the database was opened.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._guard = threading.Lock()
        self._written = -1
        self.found = self._read()

    def check(self, connection: sqlite3.Connection) -> None:
        """Refuse a database that lacks what was acknowledged before this was made.

        Raises:
            CorruptStore: it does, or is another one than the note is of.
        """
        if self.found is None:
            return
        note = newest(connection)
        missing = self.found.change - note.change
        database = self._path.with_name("records.sqlite3")
        if self.found.database != note.database:
            raise CorruptStore(
                f"{database} is not the database that was in this folder: put that one back, or "
                f"delete {self._path} to go on with this one"
            )
        if missing > 0:
            raise CorruptStore(
                f"{database} lacks changes that were acknowledged (the last {missing:,}): its log "
                f"({database.name}-wal) is missing or cut, or an older copy stands in its place; "
                f"put back what is missing or restore a whole backup, or delete {self._path} to "
                "go on without them"
            )

    def note(self, note: Note) -> None:
        """Say that the database has acknowledged this. Never raises: it has."""
        with self._guard:
            if note.change <= self._written:
                return  # another thread was faster
            try:
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o666)
                try:
                    os.write(handle, note.to_bytes())
                finally:
                    os.close(handle)
                self._written = note.change
            except OSError as error:
                _log.debug("%s was not written: %s", self._path, error.strerror)

    def _read(self) -> Note | None:
        try:
            return Note.from_bytes(self._path.read_bytes())
        except OSError:  # a store that is new, or older than such notes
            return None


def _check(line: str) -> str:
    return blake2b(line.encode(), digest_size=8).hexdigest()


# A store that can be read and not written: on a read-only mount, or in somebody else's folder.
#
# SQLite's log makes even readers write: they keep track of it in a ``-shm`` file beside it. Where
# none can be made, there are three ways to read, by what the last writer left:
#
# * log and ``-shm``: as everybody does; SQLite reads a ``-shm`` that it may not write, also beside
#   a writer for whom the folder is not read-only.
# * a log alone: with what would be in the ``-shm`` in memory, without locks: whoever wrote is gone,
#   or there would be a ``-shm``.
# * neither: the file as it is (``immutable``); that alone would leave out what was committed to a
#   log.

_WITHOUT_LOCKS = "win32-none" if os.name == "nt" else "unix-none"

_PRAGMAS = (
    "PRAGMA cache_size = -16000",
    "PRAGMA mmap_size = 134217728",
)


def is_read_only(database: Path) -> bool:
    """True if a database is there that cannot be written."""
    files = (database, *_beside(database))
    return database.exists() and not all(
        os.access(path, os.W_OK) for path in (database.parent, *files) if path.exists()
    )


class ReadOnlyDatabase(Database):
    """The same for a file that is not written: whoever wants to write gets ``StoreReadOnly``.

    What others write where they may is seen, with the next connection that is lent.
    """

    is_read_only = True

    @contextmanager
    def opening(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of the database."""
        with self.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Refuse.

        Raises:
            StoreReadOnly: always.
        """
        yield self._refuse()

    def empty_log(self) -> None:
        """Refuse; raises ``StoreReadOnly``."""
        self._refuse()

    def scrub(self) -> None:
        """Refuse; raises ``StoreReadOnly``."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        self.check_open()
        raise StoreReadOnly(
            f"{self.path.parent} can be searched but not changed: make the folder and its files "
            "writable, or work on a copy"
        )

    def _connect(self) -> sqlite3.Connection:
        way = _way(self.path)
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?{way.options}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=_Connection,
        )
        connection.way = way
        for pragma in (*way.pragmas, *_PRAGMAS):
            connection.execute(pragma)
        return connection

    def _is_outdated(self, connection: sqlite3.Connection) -> bool:
        return cast("_Connection", connection).way != _way(self.path)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to read a database, as long as its files are these."""

    options: str
    pragmas: tuple[str, ...] = ()
    files: tuple[tuple[int, int], ...] = ()


class _Connection(sqlite3.Connection):
    way: _Way


def _way(database: Path) -> _Way:
    log, index = _beside(database)
    if log.exists() and index.exists():
        return _Way("mode=ro")
    files = tuple(map(_state, (database, log)))
    log_size, _ = files[1]
    if log_size:
        exclusive = ("PRAGMA locking_mode = EXCLUSIVE",)
        return _Way(f"mode=ro&vfs={_WITHOUT_LOCKS}", exclusive, files)
    return _Way("mode=ro&immutable=1", (), files)


def _beside(database: Path) -> tuple[Path, Path]:
    """The log of a database, and what its readers share."""
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)
