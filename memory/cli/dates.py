"""Dates as people write and read them."""

from __future__ import annotations

from datetime import datetime

from dateutil import parser

from store.errors import InvalidInput

__all__ = ["earliest", "latest", "readable"]


def earliest(text: str) -> datetime:
    """The first moment that ``text`` can mean: "2024" is 1 January 2024, 00:00 local time."""
    return _moment(text, datetime(datetime.now().year, 1, 1))


def latest(text: str) -> datetime:
    """The last moment that ``text`` can mean: "March 2024" ends on the 31st at midnight."""
    return _moment(text, datetime(datetime.now().year, 12, 31, 23, 59, 59, 999999))


def readable(moment: datetime | None) -> str:
    """A date for people, at the clock of whoever said it: "17 Mar 2024, 20:30"."""
    return "" if moment is None else f"{moment.day} {moment:%b %Y, %H:%M}"


def _moment(text: str, missing: datetime) -> datetime:
    try:
        moment = parser.parse(text, default=missing)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{text!r} is not a date; write it like 2024-03-17, 'March 2024' or '2024-03-17 20:30'"
        ) from None
