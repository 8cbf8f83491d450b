"""WhatsApp's text export ("Export chat"): a .txt, or the .zip or folder it comes in.

The layout follows the language and region of the phone: ``31/12/23, 23:59 - Ana: Hi``,
``[2023-12-31, 11:59:01 PM] Ana: Hi``, ``2023/12/31 下午11:59 - Ana: Hi``, ...
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files, text_lines
from remem.ingest.parsing import Clock, checked, localize
from remem.store import Record

_FILES = ("_chat.txt", "*WhatsApp*.txt", "*/_chat.txt", "*/*WhatsApp*.txt")
_AM = r"a\.?\s?m\.?|上午|午前|오전"
_PM = r"p\.?\s?m\.?|下午|午後|오후"
_BEGIN = re.compile(
    rf"""[\u200e\u200f\u202a-\u202e]*(?P<bracket>\[)?
    (?P<first>\d{{1,4}})[./年년-]\s?(?P<second>\d{{1,2}})[./月월-]\s?(?P<third>\d{{1,4}})[.日일]?
    [,،]?\s(?:(?:à|at|um|kl\.?|a\slas)\s)?
    (?:(?P<am>{_AM})|(?P<pm>{_PM}))?\s?
    (?P<hour>\d{{1,2}})[:.](?P<minute>\d{{2}})(?:[:.](?P<second_of_minute>\d{{2}}))?
    (?:\s?(?:(?P<am_after>{_AM})|(?P<pm_after>{_PM})))?
    (?(bracket)\]|\s[-–])\s(?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SAID = re.compile(r"[\u200e\u200f~\s]*(?P<speaker>[^:]{1,100}):(?:\s(?P<text>.*)|$)", re.DOTALL)
_CHAT_NAME = re.compile(
    r".*whatsapp.*?(?:[ _]-[ _]|[ _](?:with|mit|con|avec|com|met|с)[ _])(.+)", re.IGNORECASE
)
_COPY = re.compile(r" ?\(\d+\)$")  # what a browser appends to the second download

# What the app writes in place of media; on an iPhone such a line begins with a mark instead.
_MARK = "\u200e"
_MARKERS = frozenset(
    {
        "<Media omitted>", "<Multimedia omitido>", "<Archivo omitido>", "<Mídia oculta>",
        "<Ficheiro não revelado>", "<Médias omis>", "<Medien ausgeschlossen>", "<Media omessi>",
        "<Media weggelaten>", "<Без медиафайлов>", "<Medya dahil edilmedi>",
        "<Pominięto multimedia>", "<メディアなし>", "<省略多媒体文件>", "<忽略多媒體檔>",
        "<미디어 파일 제외됨>", "This message was deleted", "You deleted this message",
    }
)  # fmt: skip
_REMEMBERED_MINUTES = 1000


class WhatsAppReader:
    """A source is a chat, named by its file; a record is a message with words.

    Left out: lines that the app wrote itself, and media without a caption. The export names no
    time zone: ``zone`` is that of the phone, None this machine's. Whether 03/04 is in March or in
    April is decided once for the whole file; a ``Problem`` says so if nothing decides it.

    The key of a message is its time and its place in that minute or second, so that an export
    which begins later, as long chats do, gives the same messages the same keys.
    """

    name = "WhatsApp export"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def detect(self, path: Path) -> bool:
        """Whether one of the first lines begins like a message."""
        files = Files(path)
        return any(
            _BEGIN.match(line)
            for member in files.members(*_FILES)[:1]
            for line in files.head(member).split("\n")[:5]
        )

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of the chat."""
        files = Files(path, on_bytes)
        for member in files.members(*_FILES):
            yield from self._chat(files, member)

    def _chat(self, files: Files, member: str) -> Iterator[Item | Problem]:
        path = files.locate(member)
        order = _date_order(_beginnings(Files(files.path), member))
        if not order.is_certain:
            reason = (
                f"nothing in the file tells days from months; dates were read {order.words}: "
                "if that is wrong, change the dates in the file before you import it"
            )
            yield Problem(path, reason)
        chat = _Chat(f"whatsapp/{_chat_name(path)}", order, self._zone)
        for message in _messages(files, member):
            if isinstance(message, Problem):
                yield message
            else:
                build = partial(chat.record, message)
                yield from checked(build, path, "the message", line=message.number)


@dataclass(frozen=True, slots=True)
class _Message:
    """The first line of a message, taken apart, the number of that line, and all lines of it."""

    begin: re.Match[str]
    number: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Order:
    """Which of the first two numbers of a date is the day."""

    is_day_first: bool
    is_certain: bool = True

    @property
    def words(self) -> str:
        return "day first" if self.is_day_first else "month first"

    def date(self, begin: re.Match[str]) -> tuple[int, int, int]:
        """Year, month, day; a year of four digits can stand in front."""
        first, second, third = (int(begin[name]) for name in ("first", "second", "third"))
        if len(begin["first"]) == 4:
            return first, second, third
        year = third if third > 99 else 2000 + third
        return (year, second, first) if self.is_day_first else (year, first, second)


def _messages(files: Files, member: str) -> Iterator[_Message | Problem]:
    """The messages with all their lines; one that does not begin like a message continues it."""
    message: _Message | None = None
    for line in text_lines(files, member):
        if isinstance(line, Problem):
            yield line
        elif begin := _BEGIN.fullmatch(line.text):
            if message:
                yield message
            message = _Message(begin, line.number, [begin["rest"]])
        elif message:
            message.lines.append(line.text)
        elif line.text.strip():
            yield Problem(files.locate(member), "no message begins before this line", line.number)
    if message:
        yield message


def _beginnings(files: Files, member: str) -> Iterator[re.Match[str]]:
    return (item.begin for item in _messages(files, member) if isinstance(item, _Message))


def _date_order(beginnings: Iterable[re.Match[str]]) -> _Order:
    """The order in which fewer dates are impossible or, if none are, go back in time."""
    orders = (_Order(is_day_first=True), _Order(is_day_first=False))
    impossible, backward, last = [0, 0], [0, 0], [(0, 0, 0), (0, 0, 0)]
    is_ambiguous, has_halves = False, False
    for begin in beginnings:
        has_halves = has_halves or _is_afternoon(begin) is not None
        dates = [order.date(begin) for order in orders]
        is_ambiguous = is_ambiguous or dates[0] != dates[1]
        for index, date in enumerate(dates):
            impossible[index] += date[1] > 12
            backward[index] += date < last[index]
            last[index] = date
    for day_first, month_first in (impossible, backward):
        if day_first != month_first:
            return orders[day_first > month_first]
    return _Order(is_day_first=not has_halves, is_certain=not is_ambiguous)


def _is_afternoon(begin: re.Match[str]) -> bool | None:
    """None on a clock of 24 hours."""
    if begin["pm"] or begin["pm_after"]:
        return True
    return False if begin["am"] or begin["am_after"] else None


@dataclass(slots=True)
class _Chat:
    """Makes the records of one chat, in the order of its messages."""

    source: str
    order: _Order
    zone: tzinfo | None
    clock: Clock = field(default_factory=Clock)
    counts: dict[str, int] = field(default_factory=dict)

    def record(self, message: _Message) -> Record | None:
        said_at, stamp = self._time(message.begin)
        ordinal = self._ordinal(stamp)
        position = self.clock.position(said_at)
        said = _SAID.fullmatch("\n".join(message.lines))
        text = _words(said["text"] or "") if said else ""
        if not said or not text.strip():
            return None
        return Record(
            key=f"{self.source}#{stamp}-{ordinal}",
            source=self.source,
            position=position,
            text=text,
            speaker=said["speaker"].strip(),
            said_at=localize(said_at, self.zone),
        )

    def _time(self, begin: re.Match[str]) -> tuple[datetime, str]:
        """When it was said, without a zone, and the same as written in the key."""
        hour, is_afternoon = int(begin["hour"]), _is_afternoon(begin)
        if is_afternoon is not None:
            hour = hour % 12 + 12 * is_afternoon
        second = begin["second_of_minute"]
        said_at = datetime(*self.order.date(begin), hour, int(begin["minute"]), int(second or 0))
        return said_at, said_at.isoformat(timespec="seconds" if second else "minutes")

    def _ordinal(self, stamp: str) -> int:
        """How many messages had the same time so far; only recent times are remembered."""
        self.counts[stamp] = self.counts.get(stamp, 0) + 1
        if len(self.counts) > _REMEMBERED_MINUTES:
            del self.counts[next(iter(self.counts))]
        return self.counts[stamp]


def _words(text: str) -> str:
    """The text without the lines that the app wrote in place of media."""
    lines = text.split("\n")
    return "\n".join(
        line for line in lines if not line.startswith(_MARK) and line.strip() not in _MARKERS
    )


def _chat_name(path: Path) -> str:
    name = path.parent.name.removesuffix(".zip") if path.stem == "_chat" else path.stem
    name = _COPY.sub("", name)
    match = _CHAT_NAME.fullmatch(name)
    return match.group(1) if match else name
