"""KakaoTalk's text exports: of the PC, of Android and of the iPhone, in its languages.

On a PC a day stands in a line of its own and a turn is ``[Ana] [오후 9:05] words``; a telephone
writes ``2024년 7월 1일 오후 9:05, Ana : words``. What the program says itself has no name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from remem.ingest.files import Line
from remem.ingest.stamps import Stamps
from remem.ingest.transcripts import AllLines, Spoken, TranscriptReader, first_lines, plain_line

_TITLE = re.compile(r".{0,200}(?:카카오톡|KakaoTalk Chat|カカオトーク).{0,200}")
_OF_TITLE = re.compile(
    r"(.{1,200}?)\s?(?:님과 카카오톡 대화|카카오톡 대화)|KakaoTalk Chats? with (.{1,200})"
    r"|(.{1,200})とのカカオトーク.{0,40}"
)
_SAVED = re.compile(r"(?:저장한 날짜|Date Saved|保存日|保存した日)\s?:.{4,60}")
_RULE = re.compile(r"-{5,}\s*(.{6,60}?)\s*-{5,}")
_ON_PC = re.compile(r"\[([^\]\n]{1,80})\] \[([^\]\n]{3,20})\](?: (.*)|$)")
_CLOCK = re.compile(r"(오전|午前|上午)?(오후|午後|下午)?\s?(\d{1,2}):(\d{2})\s?([AaPp][Mm])?")
_BEGINS = re.compile(r"(?:\d{4}[-.년年/]|[A-Z][a-z]{2,8}\.? \d|\d{1,2}[./ ])")
_TURN = re.compile(r"(.{8,40}?\d{1,2}:\d{2}(?:\s?[AP]M)?), (.{1,80}?) : (.*)")
_NOTICE = re.compile(r"(.{8,40}?\d{1,2}:\d{2}(?:\s?[AP]M)?)(?:, .{1,300})?")
_DAY = re.compile(r"\d{4}[년年.] ?\d{1,2}[월月.] ?\d{1,2}[일日.].{0,8}")
_MARKS = re.compile(
    r"(?:사진|동영상|이모티콘|음성메시지|Photos?|Videos?|Emoticons?|Voice Note|写真|動画)"
    r"(?: \d{1,3}(?:장|枚)?)?|삭제된 메시지입니다\.?|This message was deleted\.?"
    r"|(?:파일|File|ファイル): .{1,200}\.\w{1,5}"
)
_SYSTEM = re.compile(
    r".{1,80}(?:님이 (?:들어왔|나갔)습니다|님을 초대(?:하였|했)습니다|님을 내보냈습니다"
    r"|메시지를 가렸습니다| (?:joined|left) this chatroom| invited .{1,80})\.?"
)


class KakaoTalkReader(TranscriptReader):
    """A chat of KakaoTalk, saved as text; its times are those of this machine."""

    name = "KakaoTalk export"
    prefix = "kakaotalk"
    marks = _MARKS

    def detect(self, path: Path) -> bool:
        """True if its first lines are a title and the time of saving, or a day and a turn."""
        lines = [*map(plain_line, first_lines(path))]
        saved = any(map(_SAVED.fullmatch, lines[:4])) and _TITLE.fullmatch(lines[0])
        return bool(saved) or (any(map(_RULE.fullmatch, lines)) and any(map(_ON_PC.match, lines)))

    def chat_name(self, path: Path) -> str:
        """Name of the chat: that of its title, because the file's changes with every export."""
        title = _OF_TITLE.fullmatch(plain_line(next(iter(first_lines(path)), "")))
        return next(filter(None, title.groups()), path.stem).strip() if title else path.stem

    def turns(self, lines: Iterator[Line], survey: AllLines) -> Iterator[Spoken]:
        """The turns of either layout."""
        is_on_pc = any(_RULE.fullmatch(line.text.strip()) for line in survey())
        written = _written_on_pc if is_on_pc else _written_on_telephone
        stamps = Stamps(found for line in survey() if (found := written(plain_line(line.text))))
        begun = (_begun_on_pc if is_on_pc else _begun_on_telephone)(stamps)
        said: Spoken | None = None
        for line in lines:
            plain = plain_line(line.text)
            begins = begun(plain)
            if begins is None:
                if said and not _SYSTEM.fullmatch(plain):
                    said.lines.append(line.text)
                continue
            if said:
                yield said
            name, when, words = begins
            said = Spoken(line.number, name, when, [words])
        if said:
            yield said


_Begins = tuple[str, datetime, str]
"""Name, time and first words of a turn; what is no turn but ends one has an empty name."""


def _written_on_pc(line: str) -> str:
    """The day in a line, as it stands there; empty if there is none."""
    rule = _RULE.fullmatch(line)
    return rule[1] if rule else ""


def _begun_on_pc(stamps: Stamps) -> Callable[[str], _Begins | None]:
    day: datetime | None = None

    def begun(line: str) -> _Begins | None:
        nonlocal day
        if rule := _RULE.fullmatch(line):
            day = _time(stamps, rule[1])
            return ("", day, "") if day else None
        turn = _ON_PC.fullmatch(line)
        clock = _CLOCK.fullmatch(turn[2].strip()) if turn else None
        if day is None or turn is None or clock is None:
            return None
        hour = int(clock[3])
        if clock[1] or clock[2] or clock[5]:
            is_late = bool(clock[2]) or (clock[5] or "").lower() == "pm"
            hour = hour % 12 + 12 * is_late
        if hour > 23 or int(clock[4]) > 59:
            return None
        return turn[1].strip(), day.replace(hour=hour, minute=int(clock[4])), turn[3] or ""

    return begun


def _written_on_telephone(line: str) -> str:
    """The time or the day in a line, as it stands there; empty if there is none."""
    if not _BEGINS.match(line):
        return ""
    if _DAY.fullmatch(line):
        return line
    match = _TURN.fullmatch(line) or _NOTICE.fullmatch(line)
    return match[1] if match else ""


def _begun_on_telephone(stamps: Stamps) -> Callable[[str], _Begins | None]:
    def begun(line: str) -> _Begins | None:
        written = _written_on_telephone(line)
        when = _time(stamps, written) if written else None
        if when is None:
            return None
        turn = _TURN.fullmatch(line)
        return (turn[2].strip(), when, turn[3]) if turn else ("", when, "")

    return begun


def _time(stamps: Stamps, written: str) -> datetime | None:
    try:
        return stamps.naive(written)
    except ValueError:
        return None
