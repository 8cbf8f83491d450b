"""What an application hands over, notes and OpenAI-style messages, to records. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from store import InvalidInput, Record

__all__ = ["continuation", "note_key", "placed", "records_of"]

_NOT_SAID = frozenset({"system", "developer", "tool", "function"})
"""Roles of messages that steer a model or answer its tools: nobody said them to anybody."""


def note_key(source: str, text: str, speaker: str | None, said_at: datetime | None) -> str:
    """The key of a note that comes with none: the same note has the same one."""
    identity = json.dumps([text, speaker, said_at and said_at.isoformat()])
    return f"{source}#{hashlib.sha256(identity.encode('ascii')).hexdigest()[:16]}"


def records_of(messages: Sequence[Mapping[str, Any]], session: str) -> list[Record]:
    """The messages that someone said, as records at positions 0, 1, 2, ... of the session.

    A message has ``role`` and ``content`` (a string, or a list of parts of which the text ones
    count), and may have ``name`` (or ``speaker``), ``time`` (a timezone-aware datetime or ISO 8601
    with an offset), ``id`` and ``metadata``. System, developer and tool messages, and messages
    without text (a tool call, say), are left out.

    Raises:
        InvalidInput: a message is not of this form.
    """
    said = [
        (number, message, text)
        for number, message in enumerate(messages)
        if (text := _text(number, message))
    ]
    return [
        _record(number, message, text, session, position)
        for position, (number, message, text) in enumerate(said)
    ]


def placed(given: Sequence[Record], first: int) -> list[Record]:
    """The records at positions first, first + 1, ... of their session."""
    return [
        replace(record, position=first + i, key=_key(record, first + i))
        for i, record in enumerate(given)
    ]


def continuation(stored: Sequence[Record], given: Sequence[Record], first: int) -> list[Record]:
    """What the given records add to a session that ends with the stored ones, placed after it.

    People pass only the newest exchange, or the whole conversation each time, or its tail: if the
    list begins with how the session ends, that overlap is recognised and not added again. So it
    is if some turns of a whole conversation were forgotten meanwhile; they are not added again.

    Args:
        stored: The end of the session, in order, at least as long as ``given`` if there is as much.
        given: At positions 0, 1, 2, ...
        first: The position of what is added.
    """
    longest = min(len(stored), len(given))
    overlap = next(
        size for size in range(longest, -1, -1) if _same(stored[len(stored) - size :], given[:size])
    )
    return placed(given[overlap or _known(stored, given) :], first)


def _same(stored: Sequence[Record], given: Sequence[Record]) -> bool:
    return all(map(_says_the_same, stored, given))


def _known(stored: Sequence[Record], given: Sequence[Record]) -> int:
    """How many of the given records lie before the end of a session that lost some of them.

    At least half of the list and four turns must stand there in the same order: to take a new
    turn for an old one would lose words, which is worse than to store a turn twice.
    """
    matched, end, i = 0, 0, len(given)
    for record in reversed(stored):
        place = next((n for n in range(i - 1, -1, -1) if _says_the_same(record, given[n])), None)
        if place is None:
            break
        end = end or place + 1
        matched, i = matched + 1, place
    return end if matched >= max(4, len(given) / 2) else 0


def _says_the_same(stored: Record, given: Record) -> bool:
    if not (_is_by_place(stored) and _is_by_place(given)):
        return stored.key == given.key
    if given.said_at is not None and stored.said_at != given.said_at:
        return False
    return (stored.role, stored.speaker, stored.text) == (given.role, given.speaker, given.text)


def _is_by_place(record: Record) -> bool:
    """Whether the key was made from the position, because the message had no id."""
    return record.key == f"{record.source}#{record.position}"


def _record(
    number: int, message: Mapping[str, Any], text: str, session: str, position: int
) -> Record:
    identity = message.get("id")
    return Record(
        key=f"{session}#{position if identity is None else identity}",
        source=session,
        position=position,
        text=text,
        role=message.get("role"),
        speaker=message.get("name") or message.get("speaker"),
        said_at=_time(number, message.get("time")),
        metadata=message.get("metadata") or {},
    )


def _key(record: Record, position: int) -> str:
    return f"{record.source}#{position}" if _is_by_place(record) else record.key


def _text(number: int, message: Mapping[str, Any]) -> str:
    if not isinstance(message, Mapping):
        raise InvalidInput(f"message {number} is a {type(message).__name__}; give a dict with role")
    content = message.get("content")
    if message.get("role") in _NOT_SAID or content is None:
        return ""
    if isinstance(content, str):
        return content if content.strip() else ""
    if not isinstance(content, (list, tuple)):
        raise InvalidInput(f"the content of message {number} must be a string or a list of parts")
    texts = [part if isinstance(part, str) else _part_text(part) for part in content]
    return "\n".join(text for text in texts if text.strip())


def _part_text(part: Any) -> str:
    """The words of a part; one of an image or a file has none."""
    if not isinstance(part, Mapping):
        return ""
    text = part.get("text") or part.get("refusal")
    return text if isinstance(text, str) else ""


def _time(number: int, time: Any) -> datetime | None:
    if time is None or isinstance(time, datetime):
        return time
    try:
        return datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    except ValueError:
        raise InvalidInput(
            f"the time of message {number}, {time!r}, is not ISO 8601 with an offset, "
            "such as 2024-05-01T09:30:00+02:00"
        ) from None
