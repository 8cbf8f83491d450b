"""Values of exports, checked: each function returns what it promises or raises ``ValueError``."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from dateutil import parser as dateparser

from remem.ingest.base import Item, Problem
from remem.store import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER = re.compile(r"-?\d{9,}(?:\.\d+)?")
_NUMBERS = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.]\d{4}\b")
_NAMED = re.compile(
    r"(?=.*\b\d{4}\b)(?=.*\b\d{1,2}\b).*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
_REMEMBERED_TIMES = 1000
_MILLISECONDS_FROM = 1e11  # in seconds the year 5138, in milliseconds 1973


def as_object(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """A JSON array; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{what} is not a list")
    return value


def as_text(value: Any, what: str) -> str:
    """A JSON string; null is an empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{what} is not a text")
    return value


def as_time(value: Any) -> datetime | None:
    """A moment: ISO 8601, RFC 2822, with a month's name, or a number since 1970. UTC where no
    offset is given.

    A number counts seconds, milliseconds, microseconds or nanoseconds, by its size. Null and an
    empty string are None. Of 07/01/2024, nothing says which is the month: it is no time.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return from_unix(_seconds(value))
        if isinstance(value, str):
            return localize(_moment(value.strip()), timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{value!r} is not a time")


def _seconds(number: float) -> float:
    """Seconds since 1970; so far from it, a number of seconds would be in the year 5138."""
    for _ in ("milli", "micro", "nano"):
        if abs(number) >= _MILLISECONDS_FROM:
            number /= 1000
    return number


def _moment(text: str) -> datetime:
    try:
        return dateparser.isoparse(text)
    except ValueError:
        if numbers := _NUMBERS.match(text):
            first, second = int(numbers[1]), int(numbers[2])
            if first != second and max(first, second) <= 12:
                raise
            return dateparser.parse(text, dayfirst=first > 12)
        if not _NAMED.search(text):
            raise
        with warnings.catch_warnings():
            warnings.simplefilter("error", dateparser.UnknownTimezoneWarning)
            try:
                return dateparser.parse(text)
            except dateparser.UnknownTimezoneWarning:
                raise ValueError(f"the time zone of {text!r} is not known") from None


def from_unix(seconds: float) -> datetime:
    """The moment so many seconds after the beginning of 1970 UTC."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"{seconds!r} is not a time") from None


def micros_of(moment: datetime) -> int:
    """Microseconds since the beginning of 1970 UTC; a naive moment is in UTC."""
    since = moment.replace(tzinfo=moment.tzinfo or timezone.utc) - _EPOCH
    return since // timedelta(microseconds=1)


def localize(moment: datetime, zone: tzinfo | None) -> datetime:
    """A moment with a fixed UTC offset; a naive one is in ``zone``, None being this machine's."""
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    try:
        offset = moment.astimezone(moment.tzinfo).utcoffset()
        return moment.astimezone(timezone(offset or timedelta()))
    except (OverflowError, OSError):
        raise ValueError(f"{moment} is out of the range of times") from None


def linked(words: str, link: str) -> str:
    """Words with the link behind them; the link alone, where the words are no more than it."""
    shown, bare = (each.partition("://")[2].rstrip("/") or each for each in (words, link))
    return f"{words} ({link})" if words and shown != bare else link


def without_empty(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that say something: no nulls, empty texts and empty lists."""
    return {name: value for name, value in metadata.items() if value not in (None, "", [])}


class Clock:
    """Positions made of time, for formats whose exports may begin later each time.

    Counting from the first message would number the same message differently in the next export.
    Messages in one instant, or set back in time, follow their predecessor.
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def position(self, moment: datetime) -> int:
        """Microseconds since 1970, or one more than the position before if that is more."""
        micros = micros_of(moment)
        self._last = micros if self._last is None else max(self._last + 1, micros)
        return self._last


class Ordinals:
    """Numbers of the messages of one time, for formats that name messages by nothing else.

    Only recent times are remembered: those of an export go on, or almost.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def next(self, stamp: str) -> int:
        """The number of one more message of a time, counted from 1."""
        self._counts[stamp] = self._counts.get(stamp, 0) + 1
        if len(self._counts) > _REMEMBERED_TIMES:
            del self._counts[next(iter(self._counts))]
        return self._counts[stamp]


def checked(
    build: Callable[[], Record | None],
    path: Path,
    place: str,
    *,
    line: int | None = None,
    namespace: str | None = None,
) -> Iterator[Item | Problem]:
    """The record that ``build`` makes as an ``Item``, nothing for None, a ``Problem`` if it raises.

    Args:
        place: Part of the file, for the ``Problem``: "message 3 of conversation 2".
    """
    try:
        record = build()
        if record is not None:
            _check_characters(record)
            yield Item(record, namespace)
    except (ValueError, RecursionError) as error:
        yield Problem(path, f"{place} was skipped: {error}", line)


def doubted(one: Item | Problem) -> Item | Problem:
    """The same, with the mark that nothing told days from months."""
    return replace(one, is_doubtful=True) if isinstance(one, Item) else one


def _check_characters(record: Record) -> None:
    words = (record.key, record.source, record.text, record.speaker, record.role)
    for word in (*words, json.dumps(record.metadata, ensure_ascii=False)):
        try:
            (word or "").encode()
        except UnicodeEncodeError:
            raise ValueError("it holds damaged characters (half of a surrogate pair)") from None
