"""Slack's workspace export: a folder or .zip with a folder of day files for each channel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from html import unescape
from itertools import groupby
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import json_values, sniff
from remem.ingest.parsing import (
    Clock,
    as_object,
    as_text,
    checked,
    from_unix,
    linked,
    without_empty,
)
from remem.store import Record
from remem.store.types import TOOL

_DAYS = ("*/????-??-??.json", "*/*/????-??-??.json")
_USERS = ("users.json", "org_users.json", "*/users.json", "*/org_users.json")
_CHANNELS = tuple(
    f"{folder}{name}.json" for folder in ("", "*/") for name in ("channels", "groups", "mpims")
)
_DIRECT = ("dms.json", "*/dms.json")
_WRITTEN_BY_SLACK = re.compile(
    r"(channel|group|bot|pinned|unpinned|reminder|huddle)_"
    r"(join|leave|topic|purpose|name|archive|unarchive|convert.*|posting.*|canvas.*"
    r"|add|remove|enable|disable|item|thread)"
    r"|tombstone|message_deleted|ekm_access_denied|sh_room_(created|shared)"
    r"|joiner_notification.*|app_conversation_(join|leave)|unpinned_item|(channel|group)_.*posting.*"
)


class SlackReader:
    """A source is a channel, a record a message with words.

    The words are those of the text, the blocks and what apps attach. A reply in a thread carries
    the time stamp of the thread's first message in ``thread``. Left out: notices written by Slack
    itself ("joined the channel"), previews of linked pages, and files without words.
    """

    name = "Slack export"

    def detect(self, path: Path) -> bool:
        """True if there are users or channels, and day files of messages with a ``ts``."""
        files = Files(path)
        if files.is_single or not files.members(*_USERS, *_CHANNELS, *_DIRECT):
            return False
        return any("item.ts" in sniff(files, member) for member in files.members(*_DAYS)[:1])

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of each channel, day by day."""
        files = Files(path, on_bytes)
        names: dict[str, str] = {}
        yield from _named(files, _USERS, names)
        channels: dict[str, str] = {}
        yield from _named(files, _CHANNELS, channels)
        words = SlackWords(names, channels)
        days = files.members(*_DAYS)
        for folder, members in groupby(days, key=lambda member: member.rpartition("/")[0]):
            channel = _Channel(f"slack/{folder.rpartition('/')[2]}", names, words)
            for member in members:
                yield from channel.day(files, member)


class _Channel:
    """Makes the records of one channel, in the order of its messages."""

    def __init__(self, source: str, names: Mapping[str, str], words: SlackWords) -> None:
        self._source = source
        self._names = names
        self._words = words
        self._clock = Clock()

    def day(self, files: Files, member: str) -> Iterator[Item | Problem]:
        """The messages of a day file."""
        number = 0
        for message in json_values(files, member):
            if isinstance(message, Problem):
                yield message
            else:
                number += 1
                build = partial(self._record, message)
                yield from checked(build, files.locate(member), f"message {number}")

    def _record(self, data: Any) -> Record | None:
        message = as_object(data, "it")
        stamp = _stamp(message)
        said_at = from_unix(_seconds(stamp))
        position = self._clock.position(said_at)
        subtype = as_text(message.get("subtype"), "its subtype")
        if _WRITTEN_BY_SLACK.fullmatch(subtype):
            return None
        text = self._words.of(message)
        if not text.strip():
            return None
        thread = as_text(message.get("thread_ts"), "its thread_ts")
        return Record(
            key=f"{self._source}#{stamp}",
            source=self._source,
            position=position,
            text=text,
            speaker=self._speaker(message) or None,
            said_at=said_at,
            metadata=without_empty({"thread": thread}),
            origin=TOOL if message.get("bot_id") else None,
        )

    def _speaker(self, message: Mapping[str, Any]) -> str:
        user = as_text(message.get("user") or message.get("bot_id"), "its user")
        profile = as_object(message.get("user_profile") or {}, "its user_profile")
        written = as_text(message.get("username"), "its username")
        return self._names.get(user) or _name({"profile": profile, "name": written}) or user


def _named(files: Files, patterns: Sequence[str], names: dict[str, str]) -> Iterator[Problem]:
    """Fill in the names of all users or channels, by their ids."""
    for member in files.members(*patterns):
        for each in json_values(files, member):
            if isinstance(each, Problem):
                yield each
            elif isinstance(each, dict) and isinstance(each.get("id"), str):
                names[each["id"]] = _name(each)


def _stamp(message: Mapping[str, Any]) -> str:
    """The time stamp, which some tools write as a number."""
    stamp = message.get("ts")
    return f"{stamp:.6f}" if isinstance(stamp, float) else as_text(stamp, "its ts")


def _seconds(stamp: str) -> float:
    try:
        return float(stamp)
    except ValueError:
        raise ValueError(f"{stamp!r} is not a time stamp") from None


def _name(user: Mapping[str, Any]) -> str:
    profile = user.get("profile")
    if not isinstance(profile, dict):
        profile = {}
    candidates = (
        profile.get("real_name"),
        user.get("real_name"),
        profile.get("display_name"),
        user.get("name"),
    )
    return next((name for name in candidates if isinstance(name, str) and name), "")


# The words of a Slack message, wherever it has them: text, blocks, attachments, transcripts.
#
# Slack writes a text with codes; they are decoded to what was seen: ``<@U1>`` to ``@Ana``,
# ``<#C2|>`` to ``#kitchen``, ``<https://x.org|here>`` to ``here (https://x.org)``, ``&amp;`` to
# ``&``.

_REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_WORD = re.compile(r"\w+")
_NOT_SHOWN = re.compile(r"This content can['’]t be displayed\.?")
_ADDRESS = re.compile(r"(?:mailto|tel|sms):")
_BOLD = re.compile(r"(?<!\w)([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?!\w)")
_WRITTEN = ("snippet", "post", "space")
_EMOJI = re.compile(r":[\w+'-]+:")


class SlackWords:
    """Decodes messages of one workspace.

    Args:
        names: Of people, by their ids.
        channels: Names of channels, by their ids.
    """

    def __init__(self, names: Mapping[str, str], channels: Mapping[str, str]) -> None:
        self._names = names
        self._channels = channels

    def of(self, message: Mapping[str, Any]) -> str:
        """All words of a message, each part that says something new on lines of its own.

        Left out are previews of the web pages behind links.
        """
        text = self.decoded(as_text(message.get("text"), "its text")).strip("\n")
        parts = [] if _NOT_SHOWN.fullmatch(text.strip()) else [text]
        parts.append(self._blocks(message.get("blocks")))
        parts += [self._attachment(each) for each in _objects(message.get("attachments"))]
        parts += [_transcript(each) for each in _objects(message.get("files"))]
        return "\n".join(_that_add(filter(str.strip, parts)))

    def decoded(self, text: str) -> str:
        """A text in Slack's markup without its codes."""
        return unescape(_REFERENCE.sub(self._reference, text))

    def _reference(self, match: re.Match[str]) -> str:
        kind, target, label = match.group(1), match.group(2), match.group(3)
        if kind == "@":
            return f"@{label or self._names.get(target, target)}".replace("@@", "@")
        if kind == "#":
            return f"#{label or self._channels.get(target, target)}"
        if kind:
            is_date = target.startswith("date^")
            return label or target if is_date else f"@{label or target}".replace("@@", "@")
        address = _ADDRESS.sub("", target)
        if address != target:
            return label or address
        return linked(label or "", target)

    def _blocks(self, blocks: Any) -> str:
        return "\n".join(filter(None, map(self._block, _objects(blocks))))

    def _block(self, block: Mapping[str, Any]) -> str:
        kind = block.get("type")
        if kind == "rich_text":
            return self._rich_lines(block.get("elements"))
        if kind == "actions":
            return ""  # buttons, which nobody said
        if kind in ("image", "video"):
            texts = [self._text(block.get(name)) for name in ("title", "description")]
            return "\n".join(filter(None, texts)) or self._text(block.get("alt_text"))
        if kind == "table":
            return "\n".join(self._row(row) for row in _list(block.get("rows")))
        texts = [self._text(block.get("text"))]
        texts += [self._text(each) for each in _list(block.get("fields"))]
        texts += [self._text(each) for each in _list(block.get("elements"))]
        return "\n".join(filter(None, texts))

    def _text(self, value: Any) -> str:
        """A text object, or the text itself."""
        if isinstance(value, dict):
            text = value.get("text")
            is_marked = value.get("type") == "mrkdwn"
            value = _BOLD.sub(r"\2", text) if is_marked and isinstance(text, str) else text
        return self.decoded(value) if isinstance(value, str) else ""

    def _row(self, row: Any) -> str:
        """The cells of a row of a table: texts, or rich ones."""
        cells = (
            self._rich_lines(cell.get("elements"))
            if cell.get("type") == "rich_text"
            else self._text(cell)
            for cell in _objects(row)
        )
        return " | ".join(filter(None, cells))

    def _rich_lines(self, elements: Any) -> str:
        lines = []
        for element in _objects(elements):
            if element.get("type") == "rich_text_list":
                lines += [f"- {self._rich(each)}" for each in _objects(element.get("elements"))]
            else:
                lines.append(self._rich(element).strip("\n"))
        return "\n".join(lines)

    def _rich(self, section: Mapping[str, Any]) -> str:
        return "".join(map(self._piece, _objects(section.get("elements"))))

    def _piece(self, piece: Mapping[str, Any]) -> str:
        """A piece of rich text; its words stand in a field that depends on its type."""
        get: Any = piece.get
        match piece.get("type"):
            case "link":
                url, text = str(get("url") or ""), str(get("text") or "")
                return self._reference_of("", url, text)
            case "user":
                return self._reference_of("@", str(get("user_id") or ""))
            case "channel":
                return self._reference_of("#", str(get("channel_id") or ""))
            case "broadcast":
                return f"@{get('range')}"
            case "usergroup":
                return f"@{get('usergroup_id')}"
            case "emoji":
                return f":{get('name')}:"
            case "date":
                return str(get("fallback") or "")
        if isinstance(piece.get("elements"), list):
            return self._rich(piece)
        return str(get("text") or "")

    def _reference_of(self, kind: str, target: str, label: str = "") -> str:
        code = f"<{kind}{target}|{label}>" if label else f"<{kind}{target}>"
        return _REFERENCE.sub(self._reference, code)

    def _attachment(self, attachment: Mapping[str, Any]) -> str:
        """Words of an app or of a shared message, with its title and fields."""
        is_shared = attachment.get("is_share") or attachment.get("is_msg_unfurl")
        if attachment.get("from_url") and attachment.get("service_name") and not is_shared:
            return ""
        texts = [self._text(attachment.get(name)) for name in ("pretext", "title", "text")]
        for each in _objects(attachment.get("fields")):
            title, value = self._text(each.get("title")), self._text(each.get("value"))
            texts.append(": ".join(filter(None, (title, value))))
        texts.append(self._blocks(attachment.get("blocks")))
        for each in _objects(attachment.get("message_blocks")):
            shared = each.get("message")
            texts.append(self._blocks(shared.get("blocks")) if isinstance(shared, dict) else "")
        words = "\n".join(_that_add(filter(str.strip, texts)))
        return words or self._text(attachment.get("fallback"))


def _transcript(file: Mapping[str, Any]) -> str:
    """Words of a voice message, of a mail that was sent to a channel, or of a text as far as it is
    shown there."""
    transcription = file.get("transcription")
    preview = transcription.get("preview") if isinstance(transcription, dict) else None
    spoken = preview.get("content") if isinstance(preview, dict) else None
    shown = file.get("preview") if file.get("mode") in _WRITTEN else None
    written = file.get("plain_text") or shown
    return "\n".join(text for text in (spoken, written) if isinstance(text, str) and text.strip())


def _that_add(parts: Iterable[str]) -> Iterator[str]:
    """The parts with words that those before them do not have: Slack says many things twice."""
    known: set[str] = set()
    for part in parts:
        words = {word.casefold() for word in _WORD.findall(_EMOJI.sub(" ", part))}
        if not known or not words <= known:
            yield part
        known |= words


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]
