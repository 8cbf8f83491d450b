"""Notes and OpenAI-style messages of an application to records. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from remem.recall.prompt import without_block
from remem.store import InvalidInput, Record
from remem.store.validation import check_record

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
    """The records that a list adds to a session that ends with the stored ones, placed after it.

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
    """The number of given records that lie before the end of a session that lost some of them.

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
    """True if the key was made from the position, because the message had no id."""
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
    return words(content)


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


# Messages of any client as what was said: its words, whatever stands around them.
#
# A chat goes on with whatever its client and its server agree on. So nothing here raises: what
# has no words says nothing, and a field that a memory cannot keep is left out and named.

_FIELDS = ("name", "speaker", "time", "metadata")
"""Fields of a message that a memory keeps, besides its role and content."""

_CALLS = ("tool_calls", "function_call")


Place = tuple[str | int, ...]
"""The names and numbers that lead to a text within what holds it."""


def texts_in(content: Any) -> Iterator[tuple[Place, str]]:
    """The texts of a message's content, which is a text, a part, or a list of texts and parts, and
    the places where they stand in it. A part has one text, and one of an image or a file none."""
    if isinstance(content, (list, tuple)):
        for number, part in enumerate(content):
            yield from (((number, *place), text) for place, text in _text_of_part(part))
    else:
        yield from _text_of_part(content)


def _text_of_part(part: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(part, str):
        yield (), part
    elif isinstance(part, Mapping):
        texts = ((name, part.get(name)) for name in ("text", "refusal"))
        found = [((name,), text) for name, text in texts if isinstance(text, str) and text]
        yield from found[:1]


def words(content: Any) -> str:
    """The words of a message's content, of whatever form."""
    return "\n".join(text for _, text in texts_in(content) if text.strip())


def said_by(role: str | None, text: str) -> str:
    """The words of a message that somebody said: without a block of memories that was copied along
    and, if it is the assistant's, without the reasoning in front of it."""
    return without_block(without_reasoning(text) if role == "assistant" else text)


def role_of(message: Any) -> Any:
    """The role that a message gives, whatever that is; None if it gives none."""
    return message.get("role") if isinstance(message, Mapping) else None


def utterances(messages: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages in which somebody says something, in the form that ``records_of`` reads, with
    their places. What is said on the way to a call of tools is not."""
    for place, message in enumerate(messages):
        role = role_of(message)
        if isinstance(role, str) and not any(map(message.get, _CALLS)):
            said = said_by(role, words(message.get("content")))
            if said.strip():
                yield place, {"role": role, "content": said} | _kept(message)


def oddities(messages: Sequence[Any], first: int = 0) -> list[str]:
    """A sentence for each message, from the first on, of which something cannot be remembered."""
    told = ((number, _oddity(messages[number])) for number in range(first, len(messages)))
    return [f"message {number} {oddity}" for number, oddity in told if oddity]


def _oddity(message: Any) -> str:
    if not isinstance(message, Mapping):
        return f"was not remembered, because it is a {type(message).__name__}; give an object"
    if not isinstance(message.get("role"), str):
        return "was not remembered, because it does not say whose it is; give it a role"
    content = message.get("content")
    if not isinstance(content, (str, list, tuple, Mapping, type(None))):
        return f"was not remembered, because its content is a {type(content).__name__}; give a text"
    left_out = [name for name in _FIELDS if message.get(name) and name not in _kept(message)]
    return f"was remembered without its {' and '.join(left_out)}" if left_out else ""


def _kept(message: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: message[name] for name in _FIELDS if message.get(name)}
    return {name: value for name, value in given.items() if _can_be_kept(name, value)}


def _can_be_kept(name: str, value: Any) -> bool:
    try:
        for record in records_of([{"role": "user", "content": "-", name: value}], "-"):
            check_record(record)
    except (InvalidInput, TypeError, ValueError):
        return False
    return True


# The reasoning that a model writes in front of its answer; it is not what was said.
#
# Servers that do not take it apart leave it in the answer, between ``<think>`` and ``</think>``
# or tags like these, and sometimes without the first tag, because the model's template wrote that
# one.
_NAMES = r"think|thinking|thought|reasoning"
_OPENING = re.compile(
    rf"\s*<(?:(?P<name>{_NAMES})|(?P<details>details)\s+type=[\"']reasoning[\"'][^<>]*)>",
    re.IGNORECASE,
)
_CLOSING_ALONE = re.compile(rf"</(?:{_NAMES})>", re.IGNORECASE)
_OPENING_ANYWHERE = re.compile(rf"<(?:{_NAMES})>", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_ENDS = frozenset('\n.!?…:;)]}"”*。！？；：）」』।؟')
"""Last characters of a thought, in the scripts that have sentences with an end."""


def without_reasoning(answer: str) -> str:
    """The words of an assistant without the reasoning in front of them.

    Only what stands in front counts: an assistant that speaks about these tags, in a sentence or in
    code, keeps its words. Reasoning that does not end is all there is of an answer: nothing was
    said.
    """
    place = 0
    while opening := _OPENING.match(answer, place):
        name = opening["name"] or opening["details"]
        # One between backticks is spoken of, and ends nothing.
        closing = re.compile(rf"(?<!`)</{name}>|</{name}>(?!`)", re.IGNORECASE)
        found = closing.search(answer, opening.end())
        if found is None:
            return ""
        place = found.end()
    place = place or _end_without_beginning(answer)
    return answer[place:].lstrip() if place else answer


def _end_without_beginning(text: str) -> int:
    """The place where the answer begins behind reasoning without a first tag; 0: there is no
    such reasoning."""
    closing = _CLOSING_ALONE.search(text)
    if closing is None:
        return 0
    before, after = text[: closing.start()], text[closing.end() :]
    line = before.rpartition("\n")[2]
    in_code = line.count("`") % 2 or len(_FENCE.findall(before)) % 2
    last = before.rstrip(" \t\r")[-1:]
    ends_a_thought = not last or last in _ENDS or after[:1] in ("", "\n", "\r")
    if in_code or _OPENING_ANYWHERE.search(before) or not ends_a_thought:
        return 0
    return closing.end()
