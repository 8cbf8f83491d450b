"""The folder of a store: made, looked over, measured."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from store.embedded.acknowledged import FILE
from store.embedded.database import writing_errors
from store.embedded.readonly import is_read_only
from store.errors import CorruptStore, InvalidInput

__all__ = ["bytes_in", "prepare", "refuse_lost_records"]


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
