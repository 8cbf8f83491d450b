"""Messages as OpenAI's chat completion API takes them, in JSON or JSON Lines.

A list of messages, ``{"messages": [...]}``, a list of such objects, or lines of any of these. A
message has ``role`` and ``content`` and, where they are known, a time, a name, an id, a session.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import JsonLine, json_lines, json_values, sniff
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked
from remem.store import Record

_TIMES = ("time", "timestamp", "created_at", "create_time", "date", "said_at")
_NAMES = ("name", "speaker")
_SESSIONS = ("session", "session_id", "conversation_id", "thread_id")
_NOT_SAID = ("system", "developer", "tool", "function")
_LINES = (".jsonl", ".ndjson")
_SHAPES = ("", "item.", "messages.item.", "item.messages.item.")


class MessagesReader:
    """A source is a session if messages name one, else the file, or one list of many in it.

    Left out: messages that nobody said to anybody (of the system or a tool, calls of tools), and
    images and other media.
    """

    name = "OpenAI messages"

    def detect(self, path: Path) -> bool:
        """Whether the first value is, or holds, messages with a role and a content."""
        files = Files(path)
        if not files.is_single:
            return False
        paths = set(sniff(files, path.name))
        return any({f"{shape}role", f"{shape}content"} <= paths for shape in _SHAPES)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages, list by list."""
        return self.read_as(path.name, path, on_bytes)

    def read_as(
        self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes
    ) -> Iterator[Item | Problem]:
        """The messages, under another name than the file's."""
        files = Files(path, on_bytes)
        lines = _has_lines(files)
        for value in json_lines(files, path.name) if lines else _elements(files):
            if isinstance(value, Problem):
                yield value
            else:
                yield from _read(value, source, path, value.number if lines else None)


def _has_lines(files: Files) -> bool:
    """Whether each line is a value: by the file's name, or because the first of several is one."""
    if any(suffix.lower() in _LINES for suffix in files.path.suffixes):
        return True
    first, _, rest = files.head(files.path.name).partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest.strip())


def _elements(files: Files) -> Iterator[JsonLine | Problem]:
    """The elements of the one list in a JSON file, numbered like lines."""
    member = files.path.name
    path = "messages.item" if "messages" in sniff(files, member) else "item"
    numbers = count(1)
    for value in json_values(files, member, path):
        yield value if isinstance(value, Problem) else JsonLine(next(numbers), value)


def _read(value: JsonLine, source: str, path: Path, line: int | None) -> Iterator[Item | Problem]:
    """The message, or the messages of the list, that one value of a file is."""
    if isinstance(value.value, dict) and "messages" not in value.value:
        build = partial(_record, value.value, source, value.number)
        yield from checked(build, path, f"message {value.number}", line=line)
        return
    try:
        session, messages = _session(value.value)
    except ValueError as error:
        yield Problem(path, f"messages {value.number} were skipped: {error}", line)
        return
    source = session or f"{source}/{value.number}"
    for number, message in enumerate(messages, start=1):
        build = partial(_record, message, source, number)
        place = f"message {number} of list {value.number}"
        yield from checked(build, path, place, line=line)


def _session(value: Any) -> tuple[str, list[Any]]:
    """Name, if any, and messages of one session: a list, or an object that holds it."""
    if isinstance(value, list):
        return "", value
    session = as_object(value, "it")
    return _first(session, (*_SESSIONS, "id")), as_list(session["messages"], "its messages")


def _record(data: Any, source: str, position: int) -> Record | None:
    message = as_object(data, "it")
    if "content" not in message and "tool_calls" not in message:
        raise ValueError("it has no content")
    text = _words(message.get("content"))
    role = as_text(message.get("role"), "its role")
    if role in _NOT_SAID or not text.strip():
        return None
    source = _first(message, _SESSIONS) or source
    return Record(
        key=f"{source}#{_first(message, ('id',)) or position}",
        source=source,
        position=position,
        text=text,
        role=role or None,
        speaker=_first(message, _NAMES) or None,
        said_at=as_time(next((message[name] for name in _TIMES if name in message), None)),
        metadata=dict(as_object(message.get("metadata") or {}, "its metadata")),
    )


def _words(content: Any) -> str:
    """The content, which is a string, or a list of parts of which some are text."""
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "\n".join(part for part in parts if isinstance(part, str) and part.strip())
    return as_text(content, "its content")


def _first(data: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of some fields that says something, as text; a number is written out."""
    value = next((data[name] for name in names if data.get(name) not in (None, "")), "")
    return as_text(str(value) if isinstance(value, int) else value, "a name in it")
