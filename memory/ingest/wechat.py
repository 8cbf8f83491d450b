"""Texts of WeChat and QQ: a chat that WeChat sends by mail, and those that exporters write.

Three layouts: a name and a time under a day that stands in a line of its own; ``Ana(2024-07-01
21:05:00):words``; and a line of time and name above the words, as QQ writes it itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from remem.ingest.files import Line
from remem.ingest.transcripts import AllLines, Spoken, TranscriptReader, first_lines, plain_line

_DATE = r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_DAY = re.compile(rf"[—–-]{{3,}}\s*{_DATE}\s*[—–-]{{3,}}")
_BELOW_A_DAY = re.compile(rf"(?P<name>\S.{{0,80}}?)\s{{2,}}{_CLOCK}")
_IN_ONE_LINE = re.compile(rf"(?P<name>\S.{{0,80}}?)\({_DATE} {_CLOCK}\)[:：](?P<words>.*)")
_TIME_FIRST = re.compile(rf"{_DATE} {_CLOCK} (?P<name>\S.{{0,100}})")
_NAME_FIRST = re.compile(rf"(?P<name>\S.{{0,80}}?) {_DATE} {_CLOCK}")
_TITLE = re.compile(
    r"消息对象[:：](.{1,100})|(.{1,200}?)\s?(?:在微信上|微信群上?)?的聊天记录如下.{0,20}"
    r"|.{0,40}chat history between (.{1,200}) (?:is|as) .{0,60}"
)
_NUMBER = re.compile(r"(?:【[^】]{1,20}】)?(.*?)(?:\(\d{3,}\)|<[^<>\s]+@[^<>\s]+>)?")
_OF_QQ = re.compile(r".*\(\d{3,}\)|.*<[^<>\s]+@[^<>\s]+>")
_BY_NOBODY = ("系统消息", "系統消息")
_MARKS = re.compile(
    r"\[(?:图片|圖片|语音|語音|视频|影片|动画表情|表情|文件|檔案|位置|名片|视频号|语音通话|视频通话"
    r"|拍一拍|Photo|Picture|Image|Voice|Video|Sticker|File|Location|Contact Card)(?:[:：][^\]]*)?\]"
)
_LEVELS = frozenset("debug info notice warning warn error critical fatal trace".split())


class WeChatReader(TranscriptReader):
    """A chat of WeChat or QQ as text; its times are those of this machine."""

    name = "WeChat export"
    prefix = "wechat"
    marks = _MARKS

    def detect(self, path: Path) -> bool:
        """True if its first lines have one of the layouts."""
        lines = [*map(plain_line, first_lines(path))]
        days = [place for place, line in enumerate(lines) if _DAY.fullmatch(line)]
        if days and any(map(_BELOW_A_DAY.fullmatch, lines[days[0] :])):
            return True
        if sum(_IN_ONE_LINE.fullmatch(line) is not None for line in lines) > 1:
            return True
        return any(_has_blocks(lines, header) for header in (_TIME_FIRST, _NAME_FIRST))

    def chat_name(self, path: Path) -> str:
        """Name of the chat, where a line before it tells; else that of the file."""
        titles = (_TITLE.fullmatch(plain_line(line)) for line in first_lines(path))
        title = next(filter(None, titles), None)
        return next(filter(None, title.groups())).strip() if title else path.stem

    def turns(self, lines: Iterator[Line], survey: AllLines) -> Iterator[Spoken]:
        """The turns of whatever layout."""
        header = _layout(plain_line(line.text) for line in survey())
        day: re.Match[str] | None = None
        said: Spoken | None = None
        for line in lines:
            plain = plain_line(line.text)
            found = _DAY.fullmatch(plain)
            day = found or day
            turn = header.fullmatch(plain)
            when = _time(turn, day) if turn else None
            if said and (found or when):
                yield said
                said = None
            if turn and when:
                said = Spoken(line.number, _name(turn["name"]), when)
                said.lines += [turn["words"]] if "words" in header.groupindex else []
            elif said and not found:
                said.lines.append(line.text)
        if said:
            yield said


def _has_blocks(lines: list[str], header: re.Pattern[str]) -> bool:
    """True if two of the lines begin blocks of a chat, and not the lines of a program's log."""
    begins = [
        match
        for above, line, below in zip(["", *lines], lines, lines[1:], strict=False)
        if (match := header.fullmatch(line)) and below and not above
    ]
    names = [match["name"] for match in begins]
    if any(name.split()[0].strip("[]:").casefold() in _LEVELS for name in names):
        return False
    return len(names) > 1 or any(map(_OF_QQ.fullmatch, names))


def _layout(lines: Iterator[str]) -> re.Pattern[str]:
    """The layout that the most lines have; the loosest one only under days."""
    counts = Counter[re.Pattern[str]]()
    has_days = False
    for line in lines:
        has_days = has_days or _DAY.fullmatch(line) is not None
        counts.update(each for each in _DATED if each.fullmatch(line))
        counts[_BELOW_A_DAY] += has_days and _BELOW_A_DAY.fullmatch(line) is not None
    return counts.most_common(1)[0][0] if counts else _BELOW_A_DAY


def _time(turn: re.Match[str], day: re.Match[str] | None) -> datetime | None:
    """The time of a turn, None if it has no day or there is no such time."""
    of_day = turn if "year" in turn.re.groupindex else day
    if of_day is None:
        return None
    numbers = [int(of_day[name]) for name in ("year", "month", "day")]
    numbers += [int(turn[name] or 0) for name in ("hour", "minute", "second")]
    try:
        return datetime(*numbers)  # type: ignore[arg-type]
    except ValueError:
        return None


def _name(written: str) -> str:
    """A name without the number or address behind it and the rank before it."""
    match = _NUMBER.fullmatch(written)
    name = match[1].strip() if match else written
    return "" if name in _BY_NOBODY else name


_DATED = (_IN_ONE_LINE, _TIME_FIRST, _NAME_FIRST)
