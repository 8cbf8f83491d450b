"""Messages as the APIs of OpenAI, Anthropic and Google take them, in JSON or JSON Lines.

A list of messages, ``{"messages": [...]}``, a list of such objects, or lines of any of these. A
message has ``role`` and ``content`` (or ``parts``) and, where they are known, a time, a name, an
id, a session. The words count most: they are kept if the time or the name makes no sense.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import JsonLine, json_lines, json_values, sniff
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked
from remem.messages import without_reasoning, words
from remem.store import Record

_TIMES = (
    *("time", "timestamp", "created_at", "create_time", "date", "said_at", "createdAt", "created"),
    *("sent_at", "sentAt", "datetime", "inserted_at", "timestamp_ms"),
)
_NAMES = ("name", "speaker")
_SESSIONS = (
    *("session", "session_id", "conversation_id", "thread_id"),
    *("sessionId", "conversationId", "threadId", "chatId", "chat_id"),
)
_ROLES = {"human": "user", "model": "assistant", "ai": "assistant", "bot": "assistant"}
_NOT_SAID = ("system", "developer", "tool", "function")
_LISTS = ("messages", "contents")
_CONTENTS = ("content", "parts", "tool_calls")
_LINES = (".jsonl", ".ndjson")
_SHAPES = ("", "item.", *(f"{at}{name}.item." for name in _LISTS for at in ("", "item.")))


class MessagesReader:
    """A source is a session if messages name one, else the file, or one list of many in it.

    Left out: messages that nobody said to anybody (of the system or a tool, calls of tools), and
    images and other media.
    """

    name = "OpenAI messages"

    def detect(self, path: Path) -> bool:
        """True if the first value is, or holds, messages with a role and a content."""
        files = Files(path)
        if not files.is_single:
            return False
        paths = sniff(files, path.name)
        return any(
            f"{shape}role" in paths and any(f"{shape}{name}" in paths for name in _CONTENTS)
            for shape in _SHAPES
        )

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
    """True if each line is a value: by the file's name, or because the first of several is one."""
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
    paths = sniff(files, member)
    path = next((f"{name}.item" for name in _LISTS if name in paths), "item")
    numbers = count(1)
    for value in json_values(files, member, path):
        yield value if isinstance(value, Problem) else JsonLine(next(numbers), value)


def _read(value: JsonLine, source: str, path: Path, line: int | None) -> Iterator[Item | Problem]:
    """The message, or the messages of the list, that one value of a file is."""
    if isinstance(value.value, dict) and not any(name in value.value for name in _LISTS):
        yield from _message(value.value, _Session(source), value.number, path, "message", line)
        return
    try:
        session, messages = _session(value, source)
    except ValueError as error:
        yield Problem(path, f"messages {value.number} were skipped: {error}", line)
        return
    for number, message in enumerate(messages, start=1):
        place = f"message of list {value.number}:"
        yield from _message(message, session, number, path, place, line)


@dataclass(frozen=True, slots=True)
class _Session:
    """The name of a list of messages, and when it began, if that is known."""

    source: str
    began: Any = None


def _session(value: JsonLine, source: str) -> tuple[_Session, list[Any]]:
    """One session and its messages: a list, or an object that holds it."""
    numbered = f"{source}/{value.number}"
    if isinstance(value.value, list):
        return _Session(numbered), value.value
    data = as_object(value.value, "it")
    messages = next(data[name] for name in _LISTS if name in data)
    name = _first(data, (*_SESSIONS, "id")) or numbered
    return _Session(name, _time(data)), as_list(messages, "its messages")


def _message(
    data: Any, session: _Session, number: int, path: Path, what: str, line: int | None
) -> Iterator[Item | Problem]:
    """The record of a message, and what of it made no sense."""
    place = f"{what} {number}"
    doubts: list[str] = []
    build = partial(_record, data, session, number, doubts)
    yield from checked(build, path, place, line=line)
    for doubt in doubts:
        yield Problem(path, f"{place} was read without its time: {doubt}", line)


def _record(data: Any, session: _Session, position: int, doubts: list[str]) -> Record | None:
    message = as_object(data, "it")
    if not any(name in message for name in _CONTENTS):
        raise ValueError("it has no content")
    written = as_text(message.get("role"), "its role")
    role = _ROLES.get(written, written)
    text = _words(message.get("content") or message.get("parts") or message.get("refusal"))
    if role == "assistant":
        text = without_reasoning(text)
    if role in _NOT_SAID or not text.strip():
        return None
    source = _first(message, _SESSIONS) or session.source
    return Record(
        key=f"{source}#{_first(message, ('id',)) or position}",
        source=source,
        position=position,
        text=text,
        role=role or None,
        speaker=_speaker(message) or None,
        said_at=_said_at(message, session, doubts),
        metadata=_metadata(message),
    )


def _said_at(message: Mapping[str, Any], session: _Session, doubts: list[str]) -> datetime | None:
    """The time of the message, else that of its session; one that is none is a doubt."""
    time = _time(message)
    try:
        return as_time(session.began if time is None else time)
    except ValueError as error:
        doubts.append(str(error))
        return None


def _time(data: Mapping[str, Any]) -> Any:
    metadata = data.get("metadata")
    for place in (data, metadata if isinstance(metadata, dict) else {}):
        for name in _TIMES:
            if place.get(name) not in (None, ""):
                return place[name]
    return None


def _metadata(message: Mapping[str, Any]) -> dict[str, Any]:
    metadata = message.get("metadata") or {}
    return dict(metadata) if isinstance(metadata, dict) else {"metadata": metadata}


def _speaker(message: Mapping[str, Any]) -> str:
    """The name of who speaks, which may be an object of the parts of a name."""
    value = next((message[name] for name in _NAMES if message.get(name)), "")
    if isinstance(value, dict):
        value = " ".join(part for part in value.values() if isinstance(part, str))
    return str(value)


def _words(content: Any) -> str:
    """The content, which is a string, or a list of parts of which some are text."""
    if isinstance(content, list):
        return words(content)
    return as_text(content, "its content")


def _first(data: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of some fields that says something, as text; a number is written out."""
    value = next((data[name] for name in names if data.get(name) not in (None, "")), "")
    return as_text(str(value) if isinstance(value, int) else value, "a name in it")
