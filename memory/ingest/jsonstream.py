"""JSON read piece by piece, so that a file of any size needs the memory of one piece.

The standard library's decoder reads the pieces; this module only finds where each begins. (Of
ijson's two parsers, measured with 3.6: the one in C turns the escape of a lone surrogate into "?"
without a word, the one in Python holds on to what it read for as long as chunks end in strings.)
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar

from remem.ingest.base import Problem
from remem.ingest.files import READ_ERRORS, Files, text_lines
from remem.ingest.parsing import as_object
from remem.store import RememError


class Entered(Enum):
    """Stands for an object or list that is not built, but followed by what is in it."""

    OBJECT = "{"
    LIST = "["


Piece = tuple[str, Any]
"""Path and value: ``("item", 1)`` is an element of the outermost list, ``("a.b", 2)`` a field."""

_CHUNK = 1 << 13
_HEAD = 1 << 19
_LONGEST_HEAD = 1 << 24
_SNIFFED_ELEMENTS = 10  # the first may be a call of a tool, or have no words
_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_LITERAL = len("-Infinity")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class JsonLine:
    """A value of a JSON Lines file and the line it stands on, counted from 1."""

    number: int
    value: Any


def json_values(files: Files, member: str, path: str = "item") -> Iterator[Any]:
    """The elements of one list in a JSON file; damage ends them with a ``Problem``.

    Their path is "item" in the outermost list, "messages.item" in the field ``messages``.
    """
    parts = path.split(".")
    above = [".".join(parts[:depth]) for depth in range(len(parts))]
    is_found = False
    for piece in json_pieces(files, member, above.__contains__):
        is_found = is_found or isinstance(piece, Problem) or piece == (above[-1], Entered.LIST)
        if isinstance(piece, Problem):
            yield piece
        elif piece[0] == path:
            yield piece[1]
    if not is_found:
        where = f"in {above[-1]!r}" if above[-1] else "in the file"
        yield Problem(files.locate(member), f"there is no list {where}, as the format has it")


def json_pieces(
    files: Files, member: str, enters: Callable[[str], bool]
) -> Iterator[Piece | Problem]:
    """The values of a JSON file, in order; damage ends them with a ``Problem``.

    Args:
        enters: Whether the object or list at a path is to be taken apart; "" is the outermost.
    """
    try:
        with files.open_text(member) as (stream, warning):
            if warning:
                yield warning
            text = _Text(stream)
            yield from _pieces(text, "", enters)
            if text.peek():
                raise ValueError("there is more after its end")
    except RememError:  # the file was refused
        raise
    except (ValueError, RecursionError, *READ_ERRORS) as error:
        reason = f"the file is cut short or damaged ({error}); what comes before that was read"
        yield Problem(files.locate(member), reason)


def json_lines(files: Files, member: str) -> Iterator[JsonLine | Problem]:
    """The values of a JSON Lines file; a line that is not JSON becomes a ``Problem``."""
    for line in text_lines(files, member):
        if isinstance(line, Problem):
            yield line
        elif line.text.strip():
            try:
                yield JsonLine(line.number, json.loads(line.text))
            except (ValueError, RecursionError) as error:
                reason = f"the line is not JSON ({error})"
                yield Problem(files.locate(member), reason, line.number)


def sniff(files: Files, member: str) -> frozenset[str]:
    """The paths at the head of a JSON file, of the first elements of an outermost list.

    ``[{"a": {"b": 1}}]`` has "item.a" and "item.a.b". Ends quietly where the file is not JSON; of
    a JSON Lines file it sees the first line. Remembered, because each reader asks.
    """
    return _sniffed(files.path, member, files.version(member))


@lru_cache(maxsize=8)
def _sniffed(path: Path, member: str, _version: tuple[int, int]) -> frozenset[str]:
    files = Files(path)
    size = _HEAD
    while True:
        head = files.head(member, size)
        found, is_whole = _paths(head)
        # One value may be longer than the head, such as a pasted book before its author's role.
        if is_whole or not found or len(head) < size or size >= _LONGEST_HEAD:
            return found
        size = _LONGEST_HEAD


def _paths(head: str) -> tuple[frozenset[str], bool]:
    """The paths in the text, and whether the first element in it was read to its end."""
    found: set[str] = set()
    elements = 0
    try:
        for path, _ in _pieces(_Text(io.StringIO(head)), "", lambda _: True):
            elements += path == "item"
            if elements > _SNIFFED_ELEMENTS:
                break
            found.add(path)
    except (ValueError, RecursionError):
        return frozenset(found), elements > 1
    return frozenset(found), True


def _pieces(text: _Text, path: str, enters: Callable[[str], bool]) -> Iterator[Piece]:
    opening = text.peek()
    if opening not in ("{", "[") or not enters(path):
        yield path, text.value()
        return
    yield path, Entered(opening)
    text.take(opening)
    closing = "}" if opening == "{" else "]"
    prefix = f"{path}." if path else ""
    if text.peek() == closing:
        text.take(closing)
        return
    while True:
        name = "item"
        if opening == "{":
            name = text.value()
            text.take(":")
        yield from _pieces(text, f"{prefix}{name}", enters)
        if text.take("," + closing) == closing:
            return


class _Text:
    """A JSON text of which only the part that is being read is held."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._held = ""
        self._next = 0
        self._dropped = 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._next = _SPACE.match(self._held, self._next).end()  # type: ignore[union-attr]
            if self._next < len(self._held):
                return self._held[self._next]
            if not self._read_on():
                return ""

    def take(self, expected: str) -> str:
        """The next character, which must be one of those expected."""
        found = self.peek()
        if not found or found not in expected:
            place = self._dropped + self._next
            raise ValueError(f"expected {' or '.join(expected)} at character {place}")
        self._next += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._next)
            except json.JSONDecodeError as error:
                left = len(self._held) - error.pos
                may_be_cut = left <= _LONGEST_LITERAL or error.msg.startswith("Unterminated")
                if not may_be_cut or not self._read_on():
                    place = self._dropped + error.pos
                    raise ValueError(f"{error.msg} at character {place}") from None
            else:
                # Of a number whose end is not held ("1.", "1e+") the decoder takes the beginning.
                if len(self._held) - end > len("e+") or not self._read_on():
                    self._next = end
                    return value

    def _read_on(self) -> bool:
        """Read as much again as is held, so that a long value costs linear time."""
        more = self._stream.read(max(_CHUNK, len(self._held) - self._next))
        if not more:
            return False
        self._dropped += self._next
        self._held = self._held[self._next :] + more
        self._next = 0
        return True


# The loop that exports of one JSON array share: element by element, each on its own.

CONVERSATION_FILES = ("conversations*.json", "*/conversations*.json")
"""Files in which ChatGPT's and Claude's exports keep conversations; large ones come in several."""

T = TypeVar("T")

Parse = Callable[[Mapping[str, Any], int, Path], Iterator[T | Problem]]
"""(element, its number from 1, the file) -> what it holds; raises ValueError if it is broken."""


_LISTS = ("item", "conversations.item", "data.item", "")
"""Places of the elements: in the outermost list, in a field of it, or one is all there is."""


def elements_with(files: Files, patterns: Iterable[str], *keys: str) -> bool:
    """True if the first elements in the files have the keys; empty files tell nothing."""
    for member in files.members(*patterns):
        paths = sniff(files, member)
        if any(all(_below(place, key) in paths for key in keys) for place in _LISTS):
            return True
        if any(place in paths for place in _LISTS[:-1]):
            return False
    return False


def read_elements(
    files: Files, patterns: Iterable[str], what: str, parse: Parse[T]
) -> Iterator[T | Problem]:
    """Results of ``parse`` for each element of the files' arrays.

    Args:
        what: Name of an element, for people.
    """
    for member in files.members(*patterns):
        number = 0
        for element in _elements(files, member):
            if isinstance(element, Problem):
                yield element
                continue
            number += 1
            try:
                yield from parse(as_object(element, "it"), number, files.locate(member))
            except ValueError as error:
                reason = f"{what} {number} was not read to its end: {error}"
                yield Problem(files.locate(member), reason)


def _elements(files: Files, member: str) -> Iterator[Any]:
    paths = sniff(files, member)
    place = next((place for place in _LISTS[:-1] if place in paths), None)
    if place is None and any(path and "." not in path for path in paths):
        for piece in json_pieces(files, member, lambda _: False):
            yield piece if isinstance(piece, Problem) else piece[1]
    else:
        yield from json_values(files, member, place or "item")


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
