"""Dates as people write and read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from dateutil import parser

from remem.recall.reading.dates import time_spans
from remem.store import Record
from remem.store.errors import InvalidInput


def earliest(text: str) -> datetime:
    """The first moment that ``text`` can mean: "2024" is 1 January 2024, 00:00 local time.

    Without a year it is in the present one, and a time alone is today. Words such as "yesterday",
    "last week" and "now" are understood as in a question.

    Raises:
        InvalidInput: it is no date, or one of many, like "Friday".
    """
    return _read(text, datetime(datetime.now().year, 1, 1), 0)


def latest(text: str) -> datetime:
    """The last moment that ``text`` can mean: "March 2024" ends on the 31st at midnight.

    Raises:
        InvalidInput: it is no date, or one of many, like "Friday".
    """
    return _read(text, datetime(datetime.now().year, 12, 31, 23, 59, 59, 999999), 1)


def readable(moment: datetime | None) -> str:
    """A date for people, at the clock of whoever said it: "17 Mar 2024, 20:30"."""
    return "" if moment is None else f"{moment.day} {moment:%b %Y, %H:%M}"


def _read(text: str, missing: datetime, end: int) -> datetime:
    try:
        return _moment(text, missing)
    except InvalidInput:
        if period := _in_words(text):
            return period[end]
        raise


def _in_words(text: str) -> tuple[datetime, datetime] | None:
    """The first and last moment of a time that is named by words alone, as seen from now."""
    words, present = text.strip(), now()
    if words.casefold() == "now":
        return present, present
    for span in time_spans(words, present):
        if span.phrase == words:
            return _local(span.start), _local(span.end) - timedelta(microseconds=1)
    return None


def _local(moment: datetime) -> datetime:
    """The same time of day with the offset that the local zone had on that day."""
    return moment.replace(tzinfo=None).astimezone()


# What a text leaves open comes from the default that it is parsed with, so what comes out alike
# with these two, which share no part but are both in leap years, is what the text names.
_DEFAULTS = (datetime(2000, 1, 1, 0), datetime(2004, 2, 2, 1))


def _moment(text: str, missing: datetime) -> datetime:
    try:
        one, other = (parser.parse(text, default=default) for default in _DEFAULTS)
        if one.year != other.year and one.month != other.month:
            # A day of the week, or of any month, moves the day; a time alone leaves it.
            if one.hour != other.hour or (one.day, other.day) != (1, 2):
                raise InvalidInput(f"{text!r} is one of many days; write its date, like 2024-03-17")
            missing = datetime.combine(datetime.now(), missing.time())
        moment = parser.parse(text, default=missing)
        return moment if moment.utcoffset() is not None else moment.astimezone()
    except InvalidInput:
        raise
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{text!r} is not a date; write it like 2024-03-17, 'March 2024', '2024-03-17 20:30' "
            "or yesterday"
        ) from None


# What time it is, for what was said just now.


def now() -> datetime:
    """The present in the local zone, so that a memory shows the time that its owner's clock did."""
    return datetime.now().astimezone()


def dated(record: Record) -> Record:
    """The record, said now if nobody knows when."""
    return record if record.said_at else replace(record, said_at=now())
