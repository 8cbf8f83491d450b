"""Slack's workspace export: a folder or .zip with a folder of day files for each channel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    as_list,
    as_object,
    as_text,
    checked,
    from_unix,
    without_empty,
)
from remem.store import Record
from remem.store.types import TOOL

_DAYS = ("*/????-??-??.json", "*/*/????-??-??.json")
_USERS = ("users.json", "*/users.json")
_WRITTEN_BY_SLACK = re.compile(
    r"(channel|group|bot|pinned|unpinned|reminder|huddle)_"
    r"(join|leave|topic|purpose|name|archive|unarchive|convert.*|posting.*|canvas.*"
    r"|add|remove|enable|disable|item|thread)"
)
_REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


class SlackReader:
    """A source is a channel, a record a message with words.

    Slack writes a text with codes; they are decoded to what was seen: ``<@U1>`` to ``@Ana``,
    ``<https://x.org|here>`` to ``here (https://x.org)``, ``&amp;`` to ``&``. A reply in a thread
    carries the time stamp of the thread's first message in ``thread``. Left out: notices written
    by Slack itself ("joined the channel") and files without words.
    """

    name = "Slack export"

    def detect(self, path: Path) -> bool:
        """Whether there are users and day files of messages with a ``ts``."""
        files = Files(path)
        if files.is_single or not files.members(*_USERS):
            return False
        return any("item.ts" in sniff(files, member) for member in files.members(*_DAYS)[:1])

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of each channel, day by day."""
        files = Files(path, on_bytes)
        names: dict[str, str] = {}
        for member in files.members(*_USERS):
            for user in json_values(files, member):
                if isinstance(user, Problem):
                    yield user
                elif isinstance(user, dict) and isinstance(user.get("id"), str):
                    names[user["id"]] = _name(user)
        days = files.members(*_DAYS)
        for folder, members in groupby(days, key=lambda member: member.rpartition("/")[0]):
            channel = _Channel(f"slack/{folder.rpartition('/')[2]}", names)
            for member in members:
                yield from channel.day(files, member)


class _Channel:
    """Makes the records of one channel, in the order of its messages."""

    def __init__(self, source: str, names: Mapping[str, str]) -> None:
        self._source = source
        self._names = names
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
        stamp = as_text(message.get("ts"), "its ts")
        said_at = from_unix(_seconds(stamp))
        position = self._clock.position(said_at)
        subtype = as_text(message.get("subtype"), "its subtype")
        text = self._decoded(_words(message))
        if _WRITTEN_BY_SLACK.fullmatch(subtype) or not text.strip():
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

    def _decoded(self, text: str) -> str:
        return unescape(_REFERENCE.sub(self._reference, text))

    def _reference(self, match: re.Match[str]) -> str:
        kind, target, label = match.group(1), match.group(2), match.group(3)
        if kind == "@":
            return f"@{label or self._names.get(target, target)}"
        if kind:
            return f"{kind if kind == '#' else '@'}{label or target}".replace("@@", "@")
        return f"{label} ({target})" if label and label not in target else target


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


def _words(message: Mapping[str, Any]) -> str:
    """The text; a bot often has its words in attachments instead."""
    text = as_text(message.get("text"), "its text")
    if text.strip():
        return text
    attachments = as_list(message.get("attachments"), "its attachments")
    texts = [
        item.get("text") or item.get("fallback") for item in attachments if isinstance(item, dict)
    ]
    return "\n".join(text for text in texts if isinstance(text, str))
