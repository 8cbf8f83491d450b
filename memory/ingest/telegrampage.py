"""Telegram Desktop's HTML export: ``messages.html``, ``messages2.html``, ... in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from remem.ingest.chatpage import Page, PageReader, ReadTime, Said
from remem.ingest.parsing import without_empty
from remem.store import Record

_MARKS = ('class="page_body chat_page"', 'class="message default')
_TIME = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?(?: UTC([+-]\d{2}):?(\d{2}))?"
)


class _TelegramPage(Page):
    """Takes a page apart; a message without a name is of who said the one before it."""

    def __init__(self) -> None:
        super().__init__()
        self.chat = ""
        self.speaker = ""

    def begins(self, classes: frozenset[str], values: dict[str, str]) -> None:
        if {"message", "default"} <= classes:
            self.begin(values.get("id", ""))
        elif "message" in classes:
            self.finish()
        if self.said and "date" in classes and not self.within("forwarded"):
            self.said.time = self.said.time or values.get("title", "")

    def hears(self, data: str) -> None:
        if self.said is None:
            if self.within("page_header"):
                self.chat = f"{self.chat}{data}".strip()
        elif self.within("from_name"):
            if not self.within("forwarded"):
                self.said.name += data
        elif self.within("text"):
            self.said.text += data


class TelegramPageReader(PageReader):
    """A source is a chat, named by its title, a record a message with words.

    Left out: service messages and media without a caption. A time without an offset, as older
    exports have it, is this machine's.
    """

    name = "Telegram HTML export"
    _page = _TelegramPage

    def is_own(self, path: Path, head: str) -> bool:  # noqa: ARG002
        """True if it has the classes of Telegram's messages."""
        return all(mark in head for mark in _MARKS)

    def times(self, path: Path) -> tuple[ReadTime | None, str]:  # noqa: ARG002
        """The function that reads times as Telegram writes them, alike in all languages."""
        return _time, ""

    def records(self, said: Said, page: Any, path: Path, time: ReadTime) -> Iterator[Record]:  # noqa: ARG002
        """The message, if it has words."""
        page.speaker = " ".join(said.name.split()) or page.speaker
        text = said.text.strip("\n ")
        if not text.strip():
            return
        source = f"telegram/{page.chat}"
        identity = said.identity.removeprefix("message")
        yield Record(
            key=f"{source}#{identity}",
            source=source,
            position=int(identity) if identity.isdecimal() else 0,
            text=text,
            speaker=page.speaker or None,
            said_at=time(said.time),
            metadata=without_empty({"title": page.chat}),
        )


def _time(written: str) -> datetime:
    match = _TIME.match(written)
    if match is None:
        raise ValueError(f"{written!r} is not a time")
    day, month, year, hour, minute, second, offset, minutes = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    if offset is None:
        return moment.astimezone()
    parsed = datetime.strptime(f"{offset}{minutes}", "%z").tzinfo
    return moment.replace(tzinfo=parsed or timezone.utc)
