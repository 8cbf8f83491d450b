"""Protocol of all readers of chat exports and documents, and the items that they yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from remem.departed import Digests
from remem.store import Record


@dataclass(frozen=True, slots=True)
class Item:
    """A record that was read.

    Attributes:
        namespace: Set where the format itself separates people.
        is_doubtful: Nothing in the file told days from months.
    """

    record: Record
    namespace: str | None = None
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read and was skipped. ``line`` counts from 1, where known."""

    path: Path
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.reason}"


Found: TypeAlias = Item | Problem | Digests
"""A record, what is wrong, or the digests of what was deleted from the store of a backup."""


OnBytes = Callable[[int], None]
"""Called with the number of bytes just read from disk, so that a progress bar can be drawn."""


def ignore_bytes(count: int) -> None:
    """The ``OnBytes`` of a caller who draws no progress bar."""


class Reader(Protocol):
    """Reads one format. Streams: memory does not grow with the size of the file."""

    name: str
    """Name of the format, for people: "ChatGPT export"."""

    def detect(self, path: Path) -> bool:
        """True if the file or folder is of this format; looks at a small part, never raises."""

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The records, source by source and in order; a broken one becomes a ``Problem``. A backup
        also has the digests of what was deleted from its store, as ``Digests``."""


@runtime_checkable
class NamedByFile(Protocol):
    """A reader whose sources carry the file's name, because the format itself names none."""

    def read_as(self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """Like ``Reader.read``, with the name that the file's source is to carry."""
