"""The calendar that people speak in: "last week", "three months ago", "in May". Pure arithmetic.

Moments are naive in here, at the clock of whoever asks; ``memory.recall.dates`` puts their time
zone back. What does not exist (30 February, the year 0) raises ValueError or OverflowError, as
datetime does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

__all__ = [
    "Period",
    "ago",
    "ahead",
    "current",
    "day",
    "hours",
    "last",
    "last_weekday",
    "last_weekend",
    "month",
    "named_month",
    "named_year",
    "part",
    "past",
    "recently",
    "season",
    "until",
    "week",
    "year",
]


class Period(NamedTuple):
    """From ``start`` to ``end`` (exclusive), give or take ``fuzz``."""

    start: datetime
    end: datetime
    fuzz: timedelta = timedelta()


_STEPS = {
    "minute": relativedelta(minutes=1),
    "hour": relativedelta(hours=1),
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "year": relativedelta(years=1),
}
_LENGTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_DAY = _LENGTHS["day"]


def day(at: datetime) -> Period:
    """The day that holds a moment."""
    start = _midnight(at)
    return Period(start, start + _DAY)


def week(at: datetime) -> Period:
    """The week that holds a moment, from Monday on."""
    start = _midnight(at) - at.weekday() * _DAY
    return Period(start, start + 7 * _DAY)


def month(at: datetime) -> Period:
    """The month that holds a moment."""
    start = _midnight(at).replace(day=1)
    return Period(start, start + _STEPS["month"])


def year(at: datetime) -> Period:
    """The year that holds a moment."""
    start = _midnight(at).replace(month=1, day=1)
    return Period(start, start + _STEPS["year"])


def named_month(in_year: int, number: int) -> Period:
    """A month by its name, to which people are a few days off."""
    return month(datetime(in_year, number, 1))._replace(fuzz=timedelta(days=5))


def named_year(number: int) -> Period:
    """A year by its number."""
    return year(datetime(number, 1, 1))._replace(fuzz=timedelta(days=30))


def season(number: int, first_month: int) -> Period:
    """The three months from ``first_month`` of a year on."""
    start = datetime(number, first_month, 1)
    return Period(start, start + relativedelta(months=3), timedelta(days=14))


_HOLDING = {"day": day, "week": week, "month": month, "year": year}


def current(unit: str, now: datetime) -> Period:
    """The calendar unit ("day", "week", "month" or "year") of the present."""
    return _HOLDING[unit](now)


def last(unit: str, now: datetime, times: int = 1) -> Period:
    """The calendar unit before that of the present, or ``times`` of them before.

    To some, "last week" is the past seven days: hence the slack.
    """
    before = _HOLDING[unit](now - times * _STEPS[unit])
    return before._replace(fuzz=_LENGTHS[unit] / 4)


def past(count: float, unit: str, now: datetime) -> Period:
    """From ``count`` units ago until now."""
    start = now - _steps(count, unit)
    return Period(start, now, (now - start) / 10)


def recently(now: datetime) -> Period:
    """The past two weeks, and ever less the two months before them."""
    return past(14, "day", now)._replace(fuzz=timedelta(days=60))


def ago(count: float, unit: str, now: datetime, vague: bool = False) -> Period:
    """The time around ``count`` units ago, as wide as the unit, or the part of it that count is.

    The further away, the less exactly people count: the slack is half a unit or 15 % of the
    distance, and a unit more where the number itself is vague ("a few weeks ago").
    """
    middle = now - _steps(count, unit)
    return _around(middle, min(count, 1) * _LENGTHS[unit], abs(now - middle), vague)


def ahead(count: float, unit: str, now: datetime, vague: bool = False) -> Period:
    """The time around ``count`` units after ``now``; as ``ago``, in the other direction."""
    middle = now + _steps(count, unit)
    return _around(middle, min(count, 1) * _LENGTHS[unit], abs(now - middle), vague)


def _around(middle: datetime, length: timedelta, distance: timedelta, vague: bool) -> Period:
    fuzz = max(length / 2, distance * 0.15) + (length if vague else timedelta())
    if length < _DAY:
        return Period(middle - length, middle + length, fuzz)
    # A week around a day: three whole days before it, itself, and three after it.
    start = _midnight(middle - (length - _DAY) / 2)
    return Period(start, start + length, fuzz)


def _steps(count: float, unit: str) -> relativedelta | timedelta:
    """Whole units by the calendar, parts of them by their usual length."""
    return count * _LENGTHS[unit] if count % 1 else int(count) * _STEPS[unit]


def last_weekday(number: int, now: datetime) -> Period:
    """The last Monday (0) to Sunday (6) before today."""
    return day(now - ((now.weekday() - number - 1) % 7 + 1) * _DAY)


def last_weekend(now: datetime) -> Period:
    """The last Saturday and Sunday before this day, or before the weekend that it is part of."""
    sunday = week(now).start - _DAY
    return Period(sunday - _DAY, sunday + _DAY, _DAY)


def hours(period: Period, first: int, end: int) -> Period:
    """From one hour to another of the day with which a period begins; 24 and up is the next."""
    start = period.start
    return Period(start + timedelta(hours=first), start + timedelta(hours=end), timedelta(hours=2))


def part(period: Period, first: float, end: float) -> Period:
    """The part between two fractions of a period: the first half is 0 to 0.5."""
    length = period.end - period.start
    return Period(
        period.start + first * length, period.start + end * length, period.fuzz + length / 10
    )


def until(period: Period, end: datetime) -> Period:
    """From the beginning of a period to a later moment."""
    return Period(period.start, end, period.fuzz)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
