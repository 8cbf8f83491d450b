"""Sessions and chats that programs keep in SQLite, read while the program may be writing.

A connection only reads, whatever stands in the file. A database of Cursor also holds what opens
its user's accounts: only the rows of conversations are ever asked for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.parsing import checked
from remem.ingest.turns import BROKEN, Makers, Turn

_MAGIC = b"SQLite format 3\0"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read; raises ``sqlite3.Error``."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
        yield connection


def has_tables(path: Path, *names: str) -> bool:
    """True if the file is a database with these tables."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with opened(path) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return set(names) <= {name for (name,) in rows}
    except (OSError, sqlite3.Error):
        return False


def json_of(value: Any) -> Any:
    """The JSON in a column, as text or bytes; None where there is none."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


class Sessions:
    """The sessions of one place, each read on its own, so that a broken one costs no other.

    Subclasses say what sessions there are, and what one says.

    Attributes:
        name: What the agent's sessions are called, for people.
        prefix: First part of the names of sources.
    """

    name: str
    prefix: str

    def sessions(self, path: Path) -> Sequence[str]:
        """Names of the sessions."""
        raise NotImplementedError

    def turns(self, path: Path, session: str) -> Iterator[Turn]:
        """The turns of a session; raises ``ValueError`` and its kind where it is broken."""
        raise NotImplementedError

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns of each session, in their order."""
        makers = Makers(self.prefix)
        try:
            sessions = self.sessions(path)
        except (OSError, sqlite3.Error) as error:
            yield Problem(path, f"the sessions cannot be read: {error}")
            return
        size = path.stat().st_size if path.is_file() else 0
        for number, session in enumerate(sessions, start=1):
            place = f"session {session}"
            try:
                for turn in self.turns(path, session):
                    yield from checked(partial(makers.record, turn, session), path, place)
            except (OSError, sqlite3.Error, *BROKEN) as error:
                yield Problem(path, f"{place} was not read to its end: {error}")
            on_bytes(size * number // len(sessions) - size * (number - 1) // len(sessions))
