"""Telegram Desktop's HTML export: ``messages.html``, ``messages2.html``, ... in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import READ_ERRORS, Files
from remem.ingest.parsing import checked, without_empty
from remem.store import Record

_ENDINGS = (".html", ".htm")
_MARKS = ('class="page_body chat_page"', 'class="message default')
_TIME = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?(?: UTC([+-]\d{2}):?(\d{2}))?"
)
_CHUNK = 1 << 16
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


class TelegramPageReader:
    """A source is a chat, named by its title, a record a message with words.

    Left out: service messages and media without a caption. A time without an offset, as older
    exports have it, is this machine's.
    """

    name = "Telegram HTML export"

    def detect(self, path: Path) -> bool:
        """True if it is a page with the classes of Telegram's messages."""
        files = Files(path)
        if not files.is_single or path.suffix.lower() not in _ENDINGS:
            return False
        head = files.head(path.name)
        return all(mark in head for mark in _MARKS)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of the page."""
        files = Files(path, on_bytes)
        page = _Page()
        number = 0
        try:
            with files.open_text(path.name) as (text, warning):
                if warning:
                    yield warning
                while chunk := text.read(_CHUNK):
                    page.feed(chunk)
                    for message in page.taken():
                        number += 1
                        yield from checked(partial(_record, message), path, f"message {number}")
            page.close()
            for message in page.taken():
                number += 1
                yield from checked(partial(_record, message), path, f"message {number}")
        except READ_ERRORS as error:
            yield Problem(path, f"the file cannot be read any further ({error})")


class _Message:
    """Parts of one message on the page, told apart by their classes."""

    def __init__(self, identity: str, chat: str, is_joined: bool) -> None:
        self.identity = identity
        self.chat = chat
        self.is_joined = is_joined
        self.time = ""
        self.name = ""
        self.text = ""


class _Page(HTMLParser):
    """Takes a page apart while it comes in; holds no more than one message and its parents."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []  # the class of each element that is open
        self._links: list[str] = []
        self._chat = ""
        self._speaker = ""
        self._message: _Message | None = None
        self._done: list[_Message] = []

    def taken(self) -> Iterator[_Message]:
        """The messages that are complete, once."""
        done, self._done = self._done, []
        yield from done

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "")
        if tag in _VOID:
            if tag == "br":
                self.handle_data("\n")
            return
        if classes.startswith("message default"):
            self._finish()
            self._message = _Message(values.get("id", ""), self._chat, "joined" in classes)
        elif classes.startswith("message "):
            self._finish()
        if self._message and "date" in classes.split() and not self._is_within("forwarded"):
            self._message.time = self._message.time or values.get("title", "")
        self._open.append(f"a {values.get('href', '')}" if tag == "a" else classes)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not self._open:
            return
        closed = self._open.pop()
        link = closed.removeprefix("a ")
        if self._message and closed.startswith("a ") and "://" in link:
            shown = link.partition("://")[2].rstrip("/")
            if self._is_within("text") and shown not in self._message.text:
                self._message.text += f" ({link})"

    def handle_data(self, data: str) -> None:
        if self._message is None:
            if self._is_within("page_header"):
                self._chat = f"{self._chat}{data}".strip()
        elif self._is_within("from_name"):
            if not self._is_within("forwarded"):
                self._message.name += data
        elif self._is_within("text"):
            self._message.text += data

    def close(self) -> None:
        super().close()
        self._finish()

    def _is_within(self, name: str) -> bool:
        return any(name in classes.split() for classes in self._open)

    def _finish(self) -> None:
        message, self._message = self._message, None
        if message:
            name = " ".join(message.name.split())
            self._speaker = message.name = self._speaker if message.is_joined else name
            self._done.append(message)


def _record(message: _Message) -> Record | None:
    text = message.text.strip("\n ")
    if not text.strip():
        return None
    source = f"telegram/{message.chat}"
    identity = message.identity.removeprefix("message")
    said_at = _time(message.time)
    return Record(
        key=f"{source}#{identity}",
        source=source,
        position=int(identity) if identity.isdecimal() else 0,
        text=text,
        speaker=message.name or None,
        said_at=said_at,
        metadata=without_empty({"title": message.chat}),
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
