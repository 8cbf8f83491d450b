"""Grammars of time expressions, and the reading of a text with one. Pure.

In layers, "since" before any expression, because the alternative, one pattern for each "since ..."
within one that holds them all, takes the best part of a second to compile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeAlias

from dateutil.relativedelta import relativedelta

Now: TypeAlias = "datetime | None"
"""Time at which the question is asked: naive, at the clock of whoever asks. None: not known."""

Read: TypeAlias = "Callable[[Now], Period]"
"""Meaning of an expression as of a moment; ValueError or OverflowError if it means nothing."""


class Rule(NamedTuple):
    """An expression without others in it: its pattern, and what it means."""

    pattern: str
    resolve: Callable[[re.Match[str], Now], Period]


class Lead(NamedTuple):
    """Words before another expression: their pattern, and what they make of its meaning."""

    pattern: str
    resolve: Callable[[re.Match[str], Read, Now], Period]


class Range(NamedTuple):
    """From one expression to another: the patterns before the first and between the two."""

    opening: str
    joining: str


class Grammar:
    """The time expressions of a language.

    Among those that begin at the same place, ranges go before leads and leads before rules, and of
    each kind the first that means anything has the word.

    Args:
        rules: Expressions that stand alone.
        parts: Those that are times only within others, like "May" in "early May".
        leads: What stands before an expression.
        ranges: What stands around two.
        edge: Pattern of the places where an expression may begin.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        parts: Sequence[Rule],
        leads: Sequence[Lead],
        ranges: Sequence[Range],
        edge: str,
    ) -> None:
        self._rules = [(_compiled(pattern), resolve) for pattern, resolve in rules]
        self._parts = [(_compiled(pattern), resolve) for pattern, resolve in parts]
        self._leads = [(_compiled(pattern), resolve) for pattern, resolve in leads]
        self._ranges = [(_compiled(opening), _compiled(joining)) for opening, joining in ranges]
        # Most questions name no time: one search for all says so in half of the time that one for
        # each takes. It needs no names of groups, which would clash.
        patterns = (_GROUP_NAME.sub("(?:", one[0]) for one in (*ranges, *leads, *rules))
        self._beginning = _compiled(f"{edge}(?:{'|'.join(patterns)})")

    def scan(self, text: str, now: Now) -> Iterator[tuple[Period, int, int]]:
        """The periods that a text names, in its order, and from where to where it does."""
        place = 0
        while beginning := self._beginning.search(text, place):
            start = beginning.start()
            period, place = self._first(self._readings(text, start), now) or (None, start + 1)
            if period:
                yield period, start, place

    def _readings(self, text: str, place: int) -> Iterator[tuple[Read, int]]:
        """Expressions that may stand at a place, each with its end, the likeliest first."""
        for opening, joining in self._ranges:
            if found := opening.match(text, place):
                yield from self._joined(text, found.end(), joining)
        yield from self._led(text, place, _DEPTH)
        yield from _matches(self._rules, text, place)

    def _joined(
        self, text: str, place: int, joining: re.Pattern[str]
    ) -> Iterator[tuple[Read, int]]:
        for first, end in self._inner(text, place, depth=1):
            if found := joining.match(text, end):
                for second, end_of_second in self._inner(text, found.end(), depth=1):
                    yield partial(_between, first, second), end_of_second

    def _led(self, text: str, place: int, depth: int) -> Iterator[tuple[Read, int]]:
        for pattern, resolve in self._leads if depth else ():
            if found := pattern.match(text, place):
                for inner, end in self._inner(text, found.end(), depth - 1):
                    yield partial(resolve, found, inner), end

    def _inner(self, text: str, place: int, depth: int) -> Iterator[tuple[Read, int]]:
        yield from self._led(text, place, depth)
        yield from _matches(self._rules, text, place)
        yield from _matches(self._parts, text, place)

    @staticmethod
    def _first(readings: Iterator[tuple[Read, int]], now: Now) -> tuple[Period, int] | None:
        """The first reading that means a time that has begun, with the end of its words."""
        for read, end in readings:
            with suppress(ValueError, OverflowError):
                period = read(now)
                begun = now is None or period.start <= now
                if begun and period.start.year >= _FIRST_YEAR and period.start < period.end:
                    return period, end
        return None


def present(now: Now) -> datetime:
    """The moment of the question.

    Raises:
        ValueError: it is not known, so that a relative expression means nothing.
    """
    if now is None:
        raise ValueError("the present is not known")
    return now


def yearly(in_year: Callable[[int], Period], number: int | None, now: Now) -> Period:
    """Time that comes once a year: in the year that is named, else the last time that it began.

    Raises:
        ValueError: it never did; or no year is named, and the present is not known.
    """
    if number is not None:
        return in_year(number)
    at = present(now)
    for year in range(at.year, at.year - 9, -1):
        with suppress(ValueError):  # 29 February may be eight years back
            period = in_year(year)
            if period.start <= at:
                return period
    raise ValueError("no year has it")


# "Since the start of May" is as deep as people nest.
_DEPTH = 2

# Nobody who is remembered spoke earlier; and moments near the first of all times cannot be
# converted between time zones.
_FIRST_YEAR = 1900

_GROUP_NAME = re.compile(r"\(\?P<\w+>")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _matches(
    rules: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str], Now], Period]]],
    text: str,
    place: int,
) -> Iterator[tuple[Read, int]]:
    for pattern, resolve in rules:
        if found := pattern.match(text, place):
            yield partial(resolve, found), found.end()


def _between(first: Read, second: Read, now: Now) -> Period:
    """Period of both: if only the second says its year, the first is the latest before it."""
    end = second(now).end
    start = first(end - datetime.resolution)
    return Period(start.start, end, start.fuzz)


# The calendar that people speak in: "last week", "three months ago", "in May".
#
# Moments are naive in here, at the clock of whoever asks; ``reading.dates`` puts their time
# zone back. What does not exist (30 February, the year 0) raises ValueError or OverflowError, as
# datetime does.


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


def latest_season(first_month: int, now: datetime) -> Period:
    """The season that began last."""
    return yearly(lambda year: season(year, first_month), None, now)


def last_season(first_month: int, now: datetime) -> Period:
    """The latest that is over: in July, "last summer" was a year ago."""
    latest = latest_season(first_month, now)
    return latest if latest.end <= now else latest_season(first_month, latest.start - _DAY)


def quarter(number: int, of_year: int) -> Period:
    """The first (1) to the fourth three months of a year."""
    return season(of_year, 3 * number - 2)._replace(fuzz=timedelta(days=7))


_HOLDING = {"day": day, "week": week, "month": month, "year": year}

CALENDAR = frozenset(_HOLDING)
"""Units of which the calendar has a present and a last one."""


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
