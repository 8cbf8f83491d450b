"""A store that can be read and not written: on a read-only mount, or in somebody else's folder.

SQLite's log makes even readers write: they keep track of it in a ``-shm`` file beside it. Where
none can be made, there are three ways to read, by what the last writer left:

===========================  =======================================================================
log and ``-shm``             as everybody does; SQLite reads a ``-shm`` that it may not write, also
                             beside a writer for whom the folder is not read-only
a log alone                  with what would be in the ``-shm`` in memory, without locks: whoever
                             wrote is gone, or there would be a ``-shm``
neither                      the file as it is (``immutable``); that alone would leave out what was
                             committed to a log
===========================  =======================================================================
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, cast

from store.embedded.database import Database
from store.errors import StoreReadOnly

__all__ = ["ReadOnlyDatabase", "is_read_only"]

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
