"""What a grammar of time expressions is, and how a text is read with it. Pure.

In layers, "since" before any expression, because the alternative, one pattern for each "since ..."
within one that holds them all, takes the best part of a second to compile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

from memory.recall.dates.periods import Period

__all__ = ["Grammar", "Lead", "Now", "Range", "Read", "Rule", "present", "yearly"]

Now: TypeAlias = "datetime | None"
"""When the question is asked: naive, at the clock of whoever asks. None: not known."""

Read: TypeAlias = "Callable[[Now], Period]"
"""What an expression means as of a moment; ValueError or OverflowError when it means nothing."""


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

    def scan(self, text: str, now: Now) -> Iterator[tuple[Period, str]]:
        """The periods that a text names, in its order, with the words that do."""
        place = 0
        while beginning := self._beginning.search(text, place):
            start = beginning.start()
            period, place = self._first(self._readings(text, start), now) or (None, start + 1)
            if period:
                yield period, text[start:place].strip()

    def _readings(self, text: str, place: int) -> Iterator[tuple[Read, int]]:
        """What may stand at a place, with the end of it, the likeliest first."""
        for opening, joining in self._ranges:
            if found := opening.match(text, place):
                yield from self._joined(text, found.end(), joining)
        yield from self._led(text, place, _DEPTH)
        yield from _matches(self._rules, text, place)

    def _joined(
        self, text: str, place: int, joining: re.Pattern[str]
    ) -> Iterator[tuple[Read, int]]:
        for first, end in self._inner(text, place):
            if found := joining.match(text, end):
                for second, end_of_second in self._inner(text, found.end()):
                    yield partial(_between, first, second), end_of_second

    def _led(self, text: str, place: int, depth: int) -> Iterator[tuple[Read, int]]:
        for pattern, resolve in self._leads if depth else ():
            if found := pattern.match(text, place):
                for inner, end in self._inner(text, found.end(), depth - 1):
                    yield partial(resolve, found, inner), end

    def _inner(self, text: str, place: int, depth: int = 0) -> Iterator[tuple[Read, int]]:
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
    """What comes once a year: in the year that is named, else the last time that it began.

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
    """Where only the second says its year, the first is the latest before it."""
    end = second(now).end
    start = first(end - datetime.resolution)
    return Period(start.start, end, start.fuzz)
