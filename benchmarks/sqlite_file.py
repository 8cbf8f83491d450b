"""SQLite files that say what they hold: by their ``application_id`` and the number of a format."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlite_utils import Database

from store import CorruptStore, InvalidInput

__all__ = ["FileFormat", "SqliteFile"]

_File = TypeVar("_File", bound="SqliteFile")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What files of one kind look like.

    Attributes:
        contents: What they hold, for people: "runs".
        application_id: By which SQLite files are told apart.
        number: The file's ``user_version``; a program reads those up to its own.
        tables: The statements that make them, with semicolons between them.
        remedy: What to do about a file that is missing or holds something else.
    """

    contents: str
    application_id: int
    number: int
    tables: str
    remedy: str

    def create(self, path: Path) -> Database:
        """Open a file, or make a new one, with empty tables.

        Raises:
            InvalidInput: the file holds something else, or cannot be written there.
            CorruptStore: its format is of a newer version.
        """
        if path.exists() and path.stat().st_size:
            return self.open(path)
        db = _connect(path, "rwc")
        with db.atomic():
            for statement in self.tables.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {self.application_id}")
            db.execute(f"PRAGMA user_version = {self.number}")
        return db

    def open(self, path: Path) -> Database:
        """Open a file that was made by ``create``.

        Raises:
            InvalidInput: there is no such file, or it holds something else.
            CorruptStore: its format is of a newer version.
        """
        if not path.is_file():
            raise InvalidInput(f"there is no file {path}: {self.remedy}")
        # "rw" where it is only read, too: after a crash, SQLite first has to undo what was half
        # written.
        db = _connect(path, "rw")
        try:
            self._check(path, db)
        except BaseException:
            db.close()
            raise
        return db

    def _check(self, path: Path, db: Database) -> None:
        try:
            (application,) = db.execute("PRAGMA application_id").fetchone()
            (found,) = db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError:
            application = None
        if application != self.application_id:
            raise InvalidInput(f"{path} holds no {self.contents}: {self.remedy}")
        if found > self.number:
            raise CorruptStore(
                f"{path} has format {found} and this remem knows up to {self.number}: "
                "upgrade with pip install --upgrade remem"
            )


class SqliteFile:
    """An open file; a context manager that closes it."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._db = db

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __enter__(self: _File) -> _File:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _connect(path: Path, mode: str) -> Database:
    try:
        return Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True))
    except sqlite3.OperationalError as error:
        raise InvalidInput(f"{path} cannot be opened ({error}): choose another file") from error
