"""A note outside of the database: how far the store has acknowledged what was written to it.

A write-ahead log that is lost takes its commits along, and SQLite opens what is left as if nothing
had been. So each commit, once it is durable, is noted in a file of its own. The note is not synced,
which costs 5 microseconds and no disk: a killed process leaves it right, a power cut may leave an
older one, and none ever claims more than was durable.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from store.errors import CorruptStore

__all__ = ["FILE", "Acknowledged", "Note", "newest"]

_log = logging.getLogger(__name__)

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
