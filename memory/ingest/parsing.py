"""Values of exports, checked: each function returns what it promises or raises ``ValueError``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from dateutil import parser as dateparser

from remem.ingest.base import Item, Problem
from remem.store import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
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
    """A moment: ISO 8601, or seconds or milliseconds since 1970. UTC where no offset is given.

    Null and an empty string are None.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return from_unix(value / 1000 if abs(value) >= _MILLISECONDS_FROM else value)
        if isinstance(value, str):
            return localize(dateparser.isoparse(value.strip()), timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{value!r} is not a time")


def from_unix(seconds: float) -> datetime:
    """The moment so many seconds after the beginning of 1970 UTC."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"{seconds!r} is not a time") from None


def localize(moment: datetime, zone: tzinfo | None) -> datetime:
    """A moment with a fixed UTC offset; a naive one is in ``zone``, None being this machine's."""
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    try:
        offset = moment.astimezone(moment.tzinfo).utcoffset()
        return moment.astimezone(timezone(offset or timedelta()))
    except (OverflowError, OSError):
        raise ValueError(f"{moment} is out of the range of times") from None


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
        since = moment.replace(tzinfo=moment.tzinfo or timezone.utc) - _EPOCH
        micros = since // timedelta(microseconds=1)
        self._last = micros if self._last is None else max(self._last + 1, micros)
        return self._last


def checked(
    build: Callable[[], Record | None],
    path: Path,
    place: str,
    *,
    line: int | None = None,
    namespace: str | None = None,
) -> Iterator[Item | Problem]:
    """What ``build`` makes as an ``Item``, nothing for None, or a ``Problem`` if it raises.

    ``place`` says in a Problem which part of the file was wrong: "message 3 of conversation 2".
    """
    try:
        record = build()
        if record is not None:
            _check_characters(record)
            yield Item(record, namespace)
    except (ValueError, RecursionError) as error:
        yield Problem(path, f"{place} was skipped: {error}", line)


def _check_characters(record: Record) -> None:
    words = (record.key, record.source, record.text, record.speaker, record.role)
    for word in (*words, json.dumps(record.metadata, ensure_ascii=False)):
        try:
            (word or "").encode()
        except UnicodeEncodeError:
            raise ValueError("it holds damaged characters (half of a surrogate pair)") from None
