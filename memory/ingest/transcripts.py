"""Text exports in which the time and the name do not stand in one line: LINE, iMessage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from dateutil import parser as dateparser

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files, Line, lines_apart
from remem.ingest.headers import clean_marks
from remem.ingest.parsing import Clock, checked, localize
from remem.store import Record

_LINE_TITLE = re.compile(r"\ufeff?\[LINE\] ?(?:Chat history (?:with|in) )?(.+)")
_LINE_DAY = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})\s?(?:\(.{1,10}\)|[^\W\d]{0,12})")
_LINE_TURN = re.compile(
    r"(?:(上午|午前|오전|AM)|(下午|午後|오후|PM))?\s?(\d{1,2}):(\d{2})\s?([AP]M)?\t(.*)"
)
_LINE_MARKS = re.compile(
    r"\[(?:Photo|Sticker|Video|Voice message|File|Album|Contact|Location|Note|"
    r"写真|スタンプ|動画|ボイスメッセージ|ファイル|アルバム|사진|스티커|貼圖|照片|影片|圖片)\]"
    r"|\[(?:Album|アルバム|相簿|앨범)\] .{0,100}|\u260e\ufe0f? ?.{1,60}"
)
_IMESSAGE_TIME = re.compile(
    r"([A-Z][a-z]{2} \d{1,2}, \d{4}\s+\d{1,2}:\d{2}:\d{2} [AP]M)(?: \((?:Read|Delivered).*\))?"
)
_IMESSAGE_NOTES = re.compile(
    r"(?:Tapbacks:|Edited .* later:|Sent with .*|This message responded to .*)"
)


@dataclass(slots=True)
class Spoken:
    """A turn that is being read: where it begins, who said it, when, and its lines."""

    line: int
    speaker: str
    said_at: datetime
    lines: list[str] = field(default_factory=list)


AllLines = Callable[[], Iterator[Line]]
"""Function that goes through a file's lines, for what must be known before its turns are read."""


class TranscriptReader:
    """A source is a chat, named by its file; a record is a turn with words.

    Subclasses say what they are called, and take the lines of a file apart.

    Attributes:
        marks: Pattern of what the program writes in the place of a turn without words, such as
            "[Photo]"; None where ``turns`` leaves that out.
    """

    name = ""
    prefix = ""
    marks: re.Pattern[str] | None = None

    def turns(self, lines: Iterator[Line], survey: AllLines) -> Iterator[Spoken]:
        """The turns in the lines of a file."""
        raise NotImplementedError

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns of the chat; their times are those of this machine."""
        problems: list[Problem] = []
        lines = partial(lines_apart, member=path.name, problems=problems)
        turns = self.turns(lines(Files(path, on_bytes)), partial(lines, Files(path)))
        source = f"{self.prefix}/{self.chat_name(path)}"
        clock = Clock()
        counts: dict[str, int] = {}
        for said in turns:
            if not said.speaker:  # a notice, which another export may not have
                continue
            stamp = said.said_at.isoformat()
            if stamp not in counts:
                counts.clear()  # times only go on, or almost
            counts[stamp] = counts.get(stamp, 0) + 1
            key = f"{source}#{stamp}-{counts[stamp]}"
            build = partial(self._record, said, key, source, clock.position(said.said_at))
            yield from checked(build, path, "the message", line=said.line)
        yield from problems

    def chat_name(self, path: Path) -> str:
        """Name of the chat in a file."""
        return path.stem

    def _record(self, said: Spoken, key: str, source: str, position: int) -> Record | None:
        text = "\n".join(said.lines).strip("\n")
        words = text.strip()
        if not words or (self.marks and self.marks.fullmatch(words)):
            return None
        return Record(
            key=key,
            source=source,
            position=position,
            text=text,
            speaker=said.speaker,
            said_at=localize(said.said_at, None),
        )


_FIRST = 24


def first_lines(path: Path) -> list[str]:
    """The lines by which a file is known, without their ends; none of what is no single file."""
    files = Files(path)
    if not files.is_single:
        return []
    lines = files.head(path.name).split("\n", _FIRST)[:_FIRST]
    return [line.removesuffix("\r").removeprefix("\ufeff") for line in lines]


def plain_line(text: str) -> str:
    """A line without marks of writing direction, and without white space around it."""
    return clean_marks(text).strip()


def _line_turns(lines: Iterator[Line]) -> Iterator[Spoken]:
    """A day stands in a line of its own, a turn after a time and a tab."""
    day: tuple[int, int, int] | None = None
    said: Spoken | None = None
    for line in lines:
        if match := _LINE_DAY.fullmatch(line.text.strip()):
            day = (int(match[1]), int(match[2]), int(match[3]))
        elif day and (match := _LINE_TURN.fullmatch(line.text)):
            if said:
                yield said
            hour = int(match[3])
            if match[1] or match[2] or match[5]:
                hour = hour % 12 + 12 * bool(match[2] or match[5] == "PM")
            speaker, tab, text = match[6].partition("\t")
            said = Spoken(line.number, speaker if tab else "", datetime(*day, hour, int(match[4])))
            said.lines.append("" if _LINE_MARKS.fullmatch(text.strip()) else text)
        elif said:
            said.lines.append(line.text)
    if said:
        yield said


def _imessage_turns(lines: Iterator[Line]) -> Iterator[Spoken]:
    """A time, a name and the words stand in lines of their own."""
    said: Spoken | None = None
    is_name_next = False
    for line in lines:
        if match := _IMESSAGE_TIME.fullmatch(line.text.strip()):
            if said:
                yield said
            said = Spoken(line.number, "", dateparser.parse(match[1]))
            is_name_next = True
        elif said and is_name_next:
            said.speaker, is_name_next = line.text.strip(), False
        elif said and not _IMESSAGE_NOTES.fullmatch(line.text.strip()):
            said.lines.append(line.text)
    if said:
        yield said


class LineReader(TranscriptReader):
    """A chat of LINE, saved as text."""

    name = "LINE export"
    prefix = "line"

    def turns(self, lines: Iterator[Line], survey: AllLines) -> Iterator[Spoken]:  # noqa: ARG002
        """The turns, of which each follows its day."""
        return _line_turns(lines)

    def detect(self, path: Path) -> bool:
        """True if its first line is that of LINE, or its first day is followed by turns."""
        lines = first_lines(path)
        days = [place for place, each in enumerate(lines) if _LINE_DAY.fullmatch(each.strip())]
        return bool(days) and any(map(_LINE_TURN.fullmatch, lines[days[0] :]))

    def chat_name(self, path: Path) -> str:
        """Name of the chat, which the program puts into the file's."""
        title = _LINE_TITLE.fullmatch(path.stem)
        return title[1].removeprefix("Chat with ") if title else path.stem


class IMessageReader(TranscriptReader):
    """A chat of iMessage, as imessage-exporter writes it."""

    name = "iMessage export"
    prefix = "imessage"

    def turns(self, lines: Iterator[Line], survey: AllLines) -> Iterator[Spoken]:  # noqa: ARG002
        """The turns, each under its time and its name."""
        return _imessage_turns(lines)

    def detect(self, path: Path) -> bool:
        """True if the first line that is not blank is a time of it."""
        lines = map(str.strip, first_lines(path))
        first = next(filter(None, lines), "")
        return bool(_IMESSAGE_TIME.fullmatch(first))
