"""Tables of text: ``.csv`` and ``.tsv``, of messages, or of anything else.

Columns say what they are by name. With a name, a time and words, a row is a turn; a table of other
things is a document, whose rows are paragraphs of "column: value".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import READ_ERRORS, Files
from remem.ingest.parsing import Clock, Ordinals, checked, doubted
from remem.ingest.stamps import Stamps
from remem.store import Record

TABLES = (".csv", ".tsv")
_SEPARATORS = (",", ";", "\t", "|")
_NOT_IN_NAMES = re.compile(r"[\s_\-/().]+")
_WHO = (
    *("nickname", "sendername", "author", "authorname", "sender", "from", "user", "username"),
    *("name", "speaker", "talker", "contact", "发送者", "发送人", "昵称", "보낸사람", "이름"),
    *("送信者", "名前", "absender", "expéditeur", "remitente", "autor", "auteur"),
)
_WHEN = (
    *("strtime", "datetime", "timestamp", "messagedate", "date", "time", "sentat", "createdat"),
    *("senttime", "createtime", "dateandtime", "时间", "日期", "日時", "日付", "날짜", "datum"),
    *("fecha", "data", "zeit", "hora"),
)
_WORDS = (
    *("strcontent", "content", "contents", "text", "message", "messagetext", "body", "msg"),
    *("内容", "消息", "メッセージ", "본문", "메시지", "nachricht", "mensaje", "mensagem", "texte"),
)
_CLOCKS = ("time", "时间", "zeit", "hora", "heure")
_HAS_CLOCK = re.compile(r"\d:\d\d|\d{9}")
_TEXT_TYPE = "1"  # WeChat's number for a message of words


@dataclass(frozen=True, slots=True)
class _Columns:
    """Places of the columns of a table of messages; ``clock`` and ``type`` are -1 if not there."""

    who: int
    when: int
    words: int
    clock: int = -1
    type: int = -1

    def fit(self, row: Sequence[str]) -> bool:
        """True if a row has all of them."""
        return len(row) > max(self.who, self.when, self.words, self.clock, self.type)

    def written(self, row: Sequence[str]) -> str:
        """The time in a row, as it stands there."""
        when = row[self.when].strip()
        if self.clock >= 0 and when and not _HAS_CLOCK.search(when):
            when = f"{when} {row[self.clock].strip()}"
        return when


class MessageTableReader:
    """A source is a table, named by its file, a record a row with words.

    Times without an offset are this machine's.
    """

    name = "table of messages"

    def detect(self, path: Path) -> bool:
        """True if it is a table with a name, a time and words in its columns."""
        files = Files(path)
        if not files.is_single or path.suffix.lower() not in TABLES:
            return False
        head = files.head(path.name, 1 << 14)
        try:
            names = next(csv.reader(head.splitlines()[:1], delimiter=_separator(head)), [])
        except csv.Error:
            return False
        return _columns(names) is not None

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The rows, as turns."""
        stamps = Stamps(_times(Files(path)))
        if reason := stamps.refusal or stamps.doubt:
            yield Problem(path, reason)
        if stamps.refusal:
            return
        table = _Table(f"table/{path.stem}", stamps)
        for number, row in enumerate(table_rows(Files(path, on_bytes)), start=1):
            if isinstance(row, Problem):
                yield row
                continue
            for one in checked(partial(table.record, row), path, f"row {number}"):
                yield doubted(one) if stamps.doubt else one


def _times(files: Files) -> Iterator[str]:
    columns: _Columns | None = None
    for row in table_rows(files):
        if isinstance(row, Problem):
            continue
        if columns is None:
            columns = _columns(row)
            if columns is None:
                return
        elif columns.fit(row):
            yield columns.written(row)


def table_rows(files: Files) -> Iterator[list[str] | Problem]:
    """The rows of a table, its names first; what cannot be read becomes a ``Problem``."""
    member = files.path.name
    try:
        with files.open_text(member) as (text, warning):
            if warning:
                yield warning
            separator = _separator(files.head(member, 1 << 14))
            rows = csv.reader(_without_mark(text), delimiter=separator)
            while True:
                try:
                    row = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Problem(files.path, f"a row was skipped: {error}", rows.line_num)
                else:
                    if any(map(str.strip, row)):
                        yield row
    except READ_ERRORS as error:
        yield Problem(files.path, f"the file cannot be read any further ({error})")


def paragraphs(rows: Iterable[list[str] | Problem], problems: list[Problem]) -> Iterator[str]:
    """Lines of a document in which each row of a table is a paragraph."""
    names: list[str] | None = None
    is_empty = True
    for row in rows:
        if isinstance(row, Problem):
            problems.append(row)
        elif names is None:
            names = [name.strip() for name in row]
        else:
            is_empty = False
            for place, cell in enumerate(row):
                name = names[place] if place < len(names) else ""
                if cell.strip():
                    yield f"{name}: {cell.strip()}\n" if name else f"{cell.strip()}\n"
            yield "\n"
    if is_empty and names:
        yield "\n".join(filter(None, names))


def _without_mark(text: IO[str]) -> Iterator[str]:
    """The lines, without the mark of byte order that some programs put before them."""
    for number, line in enumerate(text):
        yield line if number else line.removeprefix("\ufeff")


def _separator(head: str) -> str:
    """The sign that parts the most names in the first line."""
    first = head.partition("\n")[0]
    return max(_SEPARATORS, key=first.count)


def _columns(names: Sequence[str]) -> _Columns | None:
    """The columns of a table of messages, None if it is one of other things."""
    keys = [_NOT_IN_NAMES.sub("", name.removeprefix("\ufeff")).casefold() for name in names]

    def place(wanted: Sequence[str]) -> int:
        return next((keys.index(name) for name in wanted if name in keys), -1)

    who, when, words = place(_WHO), place(_WHEN), place(_WORDS)
    if min(who, when, words) < 0 or len({who, when, words}) < 3:
        return None
    clock = place(_CLOCKS)
    kind = keys.index("type") if "type" in keys and "strcontent" in keys else -1
    return _Columns(who, when, words, -1 if clock == when else clock, kind)


@dataclass(slots=True)
class _Table:
    """Makes the records of one table, row by row."""

    source: str
    stamps: Stamps
    columns: _Columns | None = None
    clock: Clock = field(default_factory=Clock)
    ordinals: Ordinals = field(default_factory=Ordinals)

    def record(self, row: Sequence[str]) -> Record | None:
        """The record of a row; None of the names, and of a row without words."""
        columns = self.columns
        if columns is None:
            self.columns = _columns(row)
            return None
        if not columns.fit(row):
            raise ValueError("it has fewer columns than the first row")
        said_at = self.stamps.time(columns.written(row))
        stamp = said_at.replace(tzinfo=None).isoformat()
        ordinal = self.ordinals.next(stamp)
        text = row[columns.words].strip("\r\n")
        is_words = columns.type < 0 or row[columns.type] == _TEXT_TYPE
        if not text.strip() or not is_words:
            return None
        return Record(
            key=f"{self.source}#{stamp}-{ordinal}",
            source=self.source,
            position=self.clock.position(said_at),
            text=text,
            speaker=row[columns.who].strip() or None,
            said_at=said_at,
        )
