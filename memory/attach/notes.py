"""Notes of what models were sent, turn by turn: which memories and how much, never their words."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from memory.recall.excerpts import Span, part_of
from memory.recall.prompt import Context
from store import Record

__all__ = ["Note", "Notes", "Shown", "shown_in"]

_MOST_BYTES = 32 * 2**20
_BYTES_A_NOTE, _BYTES_A_MEMORY = 700, 300  # measured, besides the characters of keys


class Shown(NamedTuple):
    """A memory as it stood in a block: which part of it, and a digest of what was shown."""

    key: str
    span: Span | None
    digest: bytes

    def text_of(self, record: Record) -> str | None:
        """The same words, of the memory as it is now; None if it has other ones."""
        text = part_of(record.text, self.span)
        return text if _digest(text) == self.digest else None


@dataclass(frozen=True, slots=True)
class Note:
    """A note of what a model was sent with a turn of the user.

    Attributes:
        at: When.
        shown: The memories of the block; none where there was no block.
        tokens: Length of the block.
    """

    at: datetime
    shown: tuple[Shown, ...]
    tokens: int


class Notes:
    """The notes that were made or read last, by namespace and key of the turn; thread-safe.

    Args:
        most_bytes: About how much memory they may take together.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._notes: OrderedDict[tuple[str, str], Note] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, namespace: str, key: str, note: Note) -> None:
        """Keep a note of a turn in place of the one there is."""
        with self._lock:
            self._drop((namespace, key))
            self._notes[namespace, key] = note
            self._bytes += _bytes(note)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._notes)))

    def of(self, namespace: str, keys: Mapping[int, str]) -> dict[int, Note]:
        """The notes that there are of turns, by the places of their messages."""
        found = {}
        with self._lock:
            for place, key in keys.items():
                if note := self._notes.get((namespace, key)):
                    self._notes.move_to_end((namespace, key))
                    found[place] = note
        return found

    def _drop(self, name: tuple[str, str]) -> None:
        if note := self._notes.pop(name, None):
            self._bytes -= _bytes(note)


def shown_in(context: Context) -> tuple[Shown, ...]:
    """The memories of a block."""
    return tuple(
        Shown(each.record.key, each.span, _digest(each.record.text))
        for each in context.recollections
    )


def _bytes(note: Note) -> int:
    return _BYTES_A_NOTE + sum(_BYTES_A_MEMORY + len(shown.key) for shown in note.shown)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
