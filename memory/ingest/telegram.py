"""Telegram Desktop's JSON export: ``result.json`` of one chat or of the whole account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import json_pieces, sniff
from remem.ingest.parsing import (
    as_list,
    as_object,
    as_text,
    checked,
    from_unix,
    linked,
    localize,
    without_empty,
)
from remem.store import Record

_FILES = ("result.json", "*/result.json")
_CHATS = ("", "chats.list.item", "left_chats.list.item")
_LISTS = ("messages", "chats.list.item.messages", "left_chats.list.item.messages")
_MESSAGES = tuple(f"{path}.item" for path in _LISTS)
_ENTERED = {*_CHATS, *_LISTS, "chats", "chats.list", "left_chats", "left_chats.list"}
_ONE_CHAT = {"type", "id", "messages.item.type", "messages.item.date"}
_QUARTER = timedelta(minutes=15)  # all offsets from UTC are multiples of it
_LARGEST_OFFSET = timedelta(hours=15)


class TelegramReader:
    """A source is a chat, a record a message with words, its position Telegram's message number.

    A poll, a contact and a place are words, too. Left out: service messages ("Ana joined the
    group") and media without a caption. Older exports
    give local times only; ``zone`` is then the zone of the machine that made the export.
    """

    name = "Telegram export"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def detect(self, path: Path) -> bool:
        """True if it has ``chats.list`` or the messages of one chat."""
        files = Files(path)
        return any(
            "chats.list" in paths or paths >= _ONE_CHAT
            for paths in (set(sniff(files, member)) for member in files.members(*_FILES))
        )

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of each chat."""
        files = Files(path, on_bytes)
        for member in files.members(*_FILES):
            yield from self._chats(files, member)

    def _chats(self, files: Files, member: str) -> Iterator[Item | Problem]:
        chat: dict[str, Any] = {}
        number = 0
        path = files.locate(member)
        for piece in json_pieces(files, member, _ENTERED.__contains__):
            if isinstance(piece, Problem):
                yield piece
                continue
            place, value = piece
            parent, _, name = place.rpartition(".")
            if place in _CHATS:
                chat, number = {}, 0
            elif parent in _CHATS and name in ("id", "name"):
                chat[name] = value
            elif place in _MESSAGES:
                number += 1
                build = partial(_record, value, chat, number, self._zone)
                yield from checked(build, path, f"message {number} of chat {chat.get('name')!r}")


def _record(data: Any, chat: Mapping[str, Any], number: int, zone: tzinfo | None) -> Record | None:
    message = as_object(data, "it")
    if message.get("type") == "service":
        return None
    text = _words(message)
    if not text.strip():
        return None
    source = f"telegram/{chat.get('id') or chat.get('name')}"
    identity = message.get("id")
    return Record(
        key=f"{source}#{number if identity is None else identity}",
        source=source,
        position=identity if isinstance(identity, int) else number,
        text=text,
        speaker=as_text(message.get("from"), "its sender") or None,
        said_at=_time(message, zone),
        metadata=without_empty(
            {
                "title": chat.get("name"),
                "forwarded_from": message.get("forwarded_from"),
                "reply_to": message.get("reply_to_message_id"),
            }
        ),
    )


def _words(message: Mapping[str, Any]) -> str:
    """The text, and what was asked in a poll, or sent as a contact, a place, a list or a bill."""
    text = _text(message.get("text")) or _text(message.get("text_entities"))
    others = (_poll, _contact, _location, _tasks, _invoice)
    parts = (text, *(part(message) for part in others))
    return "\n".join(part for part in parts if part.strip())


def _text(text: Any) -> str:
    """A text, which is a string, or a list of strings and of pieces with a format."""
    if isinstance(text, dict):
        return _piece(text)
    if isinstance(text, list):
        return "".join(map(_piece, text))
    return as_text(text, "its text")


def _piece(piece: Any) -> str:
    """A piece of the text; of words with a link behind them, the link, too."""
    if not isinstance(piece, dict):
        return as_text(piece, "a part of its text")
    words = as_text(piece.get("text"), "a part of its text")
    link = as_text(piece.get("href"), "a link in its text")
    return linked(words, link) if link else words


def _poll(message: Mapping[str, Any]) -> str:
    if "poll" not in message:
        return ""
    poll = as_object(message["poll"], "its poll")
    answers = as_list(poll.get("answers"), "the answers of its poll")
    if not answers:
        raise ValueError("its poll has no answers")
    texts = [f"- {_text(as_object(each, 'an answer').get('text'))}" for each in answers]
    return "\n".join((_text(poll.get("question")), *texts))


def _contact(message: Mapping[str, Any]) -> str:
    contact = as_object(message.get("contact_information") or {}, "its contact")
    names = ("first_name", "last_name", "phone_number")
    return " ".join(str(contact[name]) for name in names if contact.get(name))


def _location(message: Mapping[str, Any]) -> str:
    place = as_object(message.get("location_information") or {}, "its place")
    named = (message.get("place_name"), message.get("address"))
    degrees = [str(place[name]) for name in ("latitude", "longitude") if name in place]
    return "\n".join(str(part) for part in (*named, ", ".join(degrees)) if part)


def _tasks(message: Mapping[str, Any]) -> str:
    tasks = as_object(message.get("todo_list") or {}, "its list of tasks")
    answers = as_list(tasks.get("answers") or tasks.get("items"), "its tasks")
    each = [as_object(task, "a task") for task in answers]
    lines = [f"- {_text(task.get('text') or task.get('title'))}" for task in each]
    return "\n".join(filter(None, (_text(tasks.get("title")), *lines)))


def _invoice(message: Mapping[str, Any]) -> str:
    invoice = as_object(message.get("invoice_information") or {}, "its bill")
    return "\n".join(_text(invoice[name]) for name in ("title", "description") if invoice.get(name))


def _time(message: Mapping[str, Any], zone: tzinfo | None) -> datetime | None:
    """The moment in the exporter's zone: the export has it in UTC and as local time."""
    local = as_text(message.get("date"), "its date")
    unix = message.get("date_unixtime")
    if unix is None:
        return localize(datetime.fromisoformat(local), zone) if local else None
    try:
        moment = from_unix(int(unix))
        offset = datetime.fromisoformat(local).replace(tzinfo=timezone.utc) - moment
    except (TypeError, ValueError):
        raise ValueError(f"{unix!r} or {local!r} is not a time") from None
    is_offset = abs(offset) <= _LARGEST_OFFSET and not offset % _QUARTER
    return moment.astimezone(timezone(offset)) if is_offset else moment
