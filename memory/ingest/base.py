"""What a reader of chat exports or documents yields, and the protocol that all readers follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from store import Record

__all__ = ["Item", "Problem", "Reader"]


@dataclass(frozen=True, slots=True)
class Item:
    """A record that was read; ``namespace`` is set where the format itself separates people."""

    record: Record
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read and was skipped. ``line`` counts from 1, where known."""

    path: Path
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.reason}"


class Reader(Protocol):
    """Reads one format. Streams: memory does not grow with the size of the file."""

    name: str
    """What the format is called, for people: "ChatGPT export"."""

    def detect(self, path: Path) -> bool:
        """Whether the file or folder is of this format; looks at a small part, never raises."""

    def read(self, path: Path) -> Iterator[Item | Problem]:
        """The records, source by source and in order; a broken one becomes a ``Problem``."""
