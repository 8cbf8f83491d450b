"""Exports in HTML: Discord's by DiscordChatExporter, Messenger's and Instagram's, Gemini's.

Times without an offset are this machine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from remem.ingest.assistants import BLOCKS, is_prompt, prompt_in
from remem.ingest.base import Problem
from remem.ingest.chatapps import is_messenger_notice
from remem.ingest.chatpage import Page, PageReader, ReadTime, Said
from remem.ingest.files import Files
from remem.ingest.parsing import Clock, micros_of, without_empty
from remem.store import Record
from remem.store.types import TOOL


def _digest(words: str) -> str:
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]


# Discord

_DISCORD_WORDS = (
    *("chatlog__content", "chatlog__embed-title", "chatlog__embed-description"),
    *("chatlog__embed-author", "chatlog__embed-field-name", "chatlog__embed-field-value"),
    "chatlog__embed-footer-text",
)
_DISCORD_NAMES = ("chatlog__author", "chatlog__author-name")
_DISCORD_TIMES = ("chatlog__timestamp", "chatlog__short-timestamp")
_DISCORD_TAGS = ("chatlog__author-tag", "chatlog__bot-tag")
_DISCORD_ASIDE = ("chatlog__edited-timestamp", "chatlog__reply", "chatlog__reactions")
_DISCORD_EMOJI = ("chatlog__emoji", "emoji")
_CHANNEL = re.compile(r"\[(\d{1,20})\]")


class _DiscordPage(Page):
    """Takes a page apart; the name at the head of a group is that of all in it."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[str] = []
        self.clock = Clock()
        self.name = ""
        self.is_bot = False

    def begins(self, classes: frozenset[str], values: dict[str, str]) -> None:
        if "chatlog__message-group" in classes:
            self.finish()
            self.name, self.is_bot = "", False
        elif "data-message-id" in values and (
            self.said is None or self.said.identity != values["data-message-id"]
        ):
            self.begin(values["data-message-id"])
        elif "preamble__entry" in classes or "info__channel-name" in classes:
            self.entries.append("")
        elif self.said is None:
            # Older pages have the name before the first message of its group.
            self.name = "" if not classes.isdisjoint(_DISCORD_NAMES) else self.name
        elif not classes.isdisjoint(_DISCORD_NAMES):
            self.name, self.is_bot = "", False
        elif not classes.isdisjoint(_DISCORD_TIMES):
            self.said.time = self.said.time or values.get("title", "")
        elif not classes.isdisjoint(_DISCORD_WORDS) and not self.within(*_DISCORD_WORDS):
            self.said.text = f"{self.said.text.rstrip()}\n"
        elif not classes.isdisjoint(_DISCORD_EMOJI) and self.within(*_DISCORD_WORDS):
            self.said.text += values.get("alt", "")

    def hears(self, data: str) -> None:
        if self.within("preamble__entry", "info__channel-name") and self.entries:
            self.entries[-1] += data
        elif self.within(*_DISCORD_TAGS):
            self.is_bot = self.is_bot or data.strip().lower() in ("bot", "app")
        elif self.within(*_DISCORD_NAMES):
            self.name += data
        elif self.said is None or self.within(*_DISCORD_ASIDE):
            return
        elif self.within(*_DISCORD_TIMES):
            self.said.notes["time"] = self.said.notes.get("time", "") + data
        elif self.within(*_DISCORD_WORDS):
            self.said.text += data

    def finish(self) -> None:
        if self.said:
            self.said.name = " ".join(self.name.split())
            self.said.notes["origin"] = TOOL if self.is_bot else ""
            self.said.time = self.said.time or self.said.notes.get("time", "").strip()
        super().finish()


class DiscordPageReader(PageReader):
    """A source is a channel, a record a message with words; the same as in the program's JSON."""

    name = "Discord HTML export"
    _page = _DiscordPage

    def is_own(self, path: Path, head: str) -> bool:  # noqa: ARG002
        """True if it has the classes of the exporter."""
        return "chatlog__message" in head and re.search(r"class=[\"']?chatlog", head) is not None

    def records(self, said: Said, page: Any, path: Path, time: ReadTime) -> Iterator[Record]:
        """The message, if it has words."""
        text = said.text.strip()
        if not text:
            return
        server, channel, *_ = (*(" ".join(each.split()) for each in page.entries), "", "")
        channel = channel.rpartition(" / ")[2]
        number = _CHANNEL.search(path.stem)
        source = f"discord/{number[1] if number else path.stem}"
        said_at = time(said.time)
        yield Record(
            key=f"{source}#{said.identity}",
            source=source,
            position=page.clock.position(said_at),
            text=text,
            speaker=said.name or None,
            said_at=said_at,
            metadata=without_empty({"title": channel, "server": server}),
            origin=said.notes["origin"] or None,
        )


# Messenger and Instagram: two generations of classes

_META_MESSAGES = frozenset(("_a6-g", "_2pi0", "uiBoxWhite"))
_META_NAMES = ("_a6-h", "_2lek")
_META_WORDS = ("_a6-p", "_2let")
_META_TIMES = ("_a6-o", "_2lem")
_META_ASIDE = ("_a6-q", "_4t5o", "_tqp")
_META_FILE = re.compile(r"message_\d{1,4}", re.IGNORECASE)


class _MetaPage(Page):
    """Takes a page apart; blocks of a message stand on lines of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def begins(self, classes: frozenset[str], values: dict[str, str]) -> None:  # noqa: ARG002
        if classes & _META_MESSAGES:
            self.begin()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag in ("div", "li", "p") and self.said and self.within(*_META_WORDS):
            self.said.text += "\n"

    def hears(self, data: str) -> None:
        if self.said is None or self.within(*_META_ASIDE):
            return
        if self.within(*_META_NAMES):
            self.said.name += data
        elif self.within(*_META_TIMES):
            self.said.time += data
        elif self.within(*_META_WORDS):
            self.said.text += data


class MessengerPageReader(PageReader):
    """A source is a thread, named by the folder of its pages, a record a message with words.

    A page begins with the newest message.
    """

    name = "Messenger HTML export"
    _page = _MetaPage

    def is_own(self, path: Path, head: str) -> bool:  # noqa: ARG002
        """True if it has the classes of the program; other pages of its export have them, too."""
        return any(name in head for name in _META_NAMES) and any(
            name in head for name in _META_TIMES
        )

    def pieces(self, files: Files) -> Iterator[tuple[Said | Problem, Page]]:
        """The messages; none of a page that is about other things, such as what was searched."""
        return super().pieces(files) if _META_FILE.fullmatch(files.path.stem) else iter(())

    def records(self, said: Said, page: Any, path: Path, time: ReadTime) -> Iterator[Record]:
        """The message, if it has words."""
        page.number += 1
        text = re.sub(r"\n{2,}", "\n", said.text).strip()
        name = " ".join(said.name.split())
        if not text or not said.time.strip() or is_messenger_notice(text, name):
            return
        said_at = time(said.time)
        thread = path.absolute().parent.name
        source = f"messenger/{thread}"
        words = _digest(f"{name}\n{text}")
        yield Record(
            key=f"{source}#{said_at.isoformat()}-{words}",
            source=source,
            # Of those in one minute, the last on the page was said first.
            position=micros_of(said_at) - page.number,
            text=text,
            speaker=name or None,
            said_at=said_at,
            metadata=without_empty({"title": thread.rpartition("_")[0]}),
        )


# Gemini, on Google's page of activities

_CELL = "mdl-typography--body-1"
_BESIDE = "mdl-typography--text-right"
_GEMINI = re.compile(r"(?:Gemini|Bard)\b")
_YEAR = re.compile(r"\d{4}.*\d{1,2}:\d{2}|\d{1,2}:\d{2}.*\d{4}")


class _ActivityPage(Page):
    """Takes a page apart; blocks of an answer stand on lines of their own."""

    def begins(self, classes: frozenset[str], values: dict[str, str]) -> None:  # noqa: ARG002
        if "outer-cell" in classes:
            self.begin()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self._breaks(tag)

    def handle_endtag(self, tag: str) -> None:
        self._breaks(tag)
        super().handle_endtag(tag)

    def _breaks(self, tag: str) -> None:
        if tag in BLOCKS:
            self.hears("\n")

    def hears(self, data: str) -> None:
        if self.said is None:
            return
        if self.within("header-cell"):
            self.said.name += data
        elif self.within(_CELL) and not self.within(_BESIDE):
            self.said.text += data

    def finish(self) -> None:
        if self.said:
            asked, when, answered = _activity(self.said.text)
            self.said.time = when if _GEMINI.match(self.said.name.strip()) else ""
            self.said.notes = {"asked": asked, "answered": answered}
        super().finish()


def _activity(text: str) -> tuple[str, str, str]:
    """Question, time and answer: the first line that is a time is between the others."""
    lines = text.replace("\xa0", " ").split("\n")
    for place, line in enumerate(lines):
        plain = line.strip()
        if place and len(plain) < 60 and _YEAR.search(plain):
            return "\n".join(lines[:place]), plain, "\n".join(lines[place + 1 :])
    return "", "", ""


class GeminiPageReader(PageReader):
    """A source is the whole activity; its records are questions and answers.

    Left out: what the program says that somebody did, and activities of other products.
    """

    name = "Gemini activity page"
    _page = _ActivityPage

    def is_own(self, path: Path, head: str) -> bool:  # noqa: ARG002
        """True if it is Google's page of activities, with one of Gemini."""
        titles = head.split("mdl-typography--title")[1:]
        return "outer-cell" in head and any(map(_GEMINI.match, (each[2:20] for each in titles)))

    def records(self, said: Said, page: Any, path: Path, time: ReadTime) -> Iterator[Record]:  # noqa: ARG002
        """The question and its answer."""
        asked = said.notes["asked"].strip()
        answered = re.sub(r"\n{2,}", "\n\n", said.notes["answered"]).strip()
        if not said.time or not is_prompt(asked, answered):
            return
        said_at = time(said.time)
        source = f"gemini/{path.stem}"
        # Seconds are all that tells activities apart; the words do the rest.
        words = _digest(asked)
        for place, (role, text) in enumerate((("user", prompt_in(asked)), ("assistant", answered))):
            if text:
                yield Record(
                    key=f"{source}#{said_at.isoformat()}-{words}-{role}",
                    source=source,
                    position=micros_of(said_at) + place,
                    text=text,
                    role=role,
                    said_at=said_at,
                )
