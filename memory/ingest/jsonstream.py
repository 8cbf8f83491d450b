"""JSON read piece by piece, so that a file of any size needs the memory of one piece."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

import ijson
from ijson.common import ObjectBuilder

from memory.ingest.base import Problem
from memory.ingest.files import READ_ERRORS, Files, text_lines

__all__ = ["Event", "JsonLine", "complete", "json_events", "json_lines", "json_values", "sniff"]

# The C parser turns the escape of a lone surrogate into "?" without a word; this one keeps it, so
# that the record which holds it can be reported. It reads 6-20 MB/s, more than any encoder takes.
_PARSER = ijson.get_backend("python")

Event = tuple[str, str, Any]
"""Path of a value ("item.title"), what begins, ends or stands there, the scalar if it is one."""


@dataclass(frozen=True, slots=True)
class JsonLine:
    """A value of a JSON Lines file and the line it stands on, counted from 1."""

    number: int
    value: Any


def json_values(files: Files, member: str, path: str = "item") -> Iterator[Any]:
    """The values at a path of a JSON file one by one; damage ends them with a ``Problem``.

    The path "item" is each element of the outermost array, "" the whole document.
    """
    events = json_events(files, member)
    for event in events:
        if isinstance(event, Problem):
            yield event
        elif event[0] == path:
            yield complete(event, events)


def json_events(files: Files, member: str) -> Iterator[Event | Problem]:
    """What a parser meets in a JSON file, in order; damage ends them with a ``Problem``."""
    try:
        with files.open_text(member) as (text, warning):
            if warning:
                yield warning
            yield from _PARSER.parse(_Utf8(text), use_float=True)
    except (ijson.JSONError, *READ_ERRORS) as error:
        reason = f"the file is cut short or damaged ({error}); what comes before that was read"
        yield Problem(files.locate(member), reason)


def complete(first: Event, events: Iterator[Event | Problem]) -> Any:
    """The value that begins with an event, built from the events after it; or the ``Problem``."""
    builder, depth = ObjectBuilder(), 0
    for event in chain([first], events):
        if isinstance(event, Problem):
            return event
        _, kind, scalar = event
        builder.event(kind, scalar)
        depth += kind.startswith("start_")
        depth -= kind.startswith("end_")
        if depth == 0:
            break
    return builder.value


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


def sniff(files: Files, member: str) -> Iterator[str]:
    """Paths of the keys at the head of a JSON file, up to the end of an array's first element.

    ``[{"a": {"b": 1}}]`` has "item.a" and "item.a.b". Ends quietly where the file is not JSON; of
    a JSON Lines file it sees the first line.
    """
    try:
        for prefix, kind, name in ijson.parse(_Utf8(io.StringIO(files.head(member)))):
            if kind == "map_key":
                yield f"{prefix}.{name}" if prefix else name
            elif (prefix, kind) == ("item", "end_map"):
                return
    except (ijson.JSONError, UnicodeError):
        return


class _Utf8:
    """A text file as the UTF-8 bytes that the parser takes.

    A lone surrogate (see ``Files.open_text``) is written as its JSON escape, which has the same
    meaning inside a string and is an error elsewhere.
    """

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def read(self, size: int = -1) -> bytes:
        """The next characters, at most ``size`` of them."""
        return self._text.read(size).encode("utf-8", "backslashreplace")
