"""The timeline: how much was said when and by whom, from years to a day that reads like a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Response

from remem.memory import Memory
from remem.serve.errors import ApiError
from remem.serve.page.people import is_mine, me_of
from remem.serve.page.visits import HtmlRoute, Reading
from remem.serve.sessions import PREFIX
from remem.store import F, Filter, Record
from remem.uses.summary import Line
from remem.versions import is_current

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/timeline"

_COLOURS = 5
_MOST_OF_A_DAY = 500
_WIDTH = 1000.0
_FEW, _MANY = 5, 20_000
"""Memories of which a summary is shown: more than the first, and no more than the second."""
_SHORT_WORDS = 150
_FIRST_YEAR = 1900
_LEAP = 2024
_FIRST, _LAST = date(1, 12, 31), date(9999, 1, 1)
"""Between them, the next year and midnight in any zone are dates, too."""

Tally = Mapping[str | None, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: what one speaker said.

    Attributes:
        colour: Number of the speaker's colour.
        start, width: In thousandths of the longest bar.
        records: How much it was.
    """

    colour: int
    start: float
    width: float
    records: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A year, a month or a day.

    Attributes:
        begins: Its first day.
        records: What was said then.
        parts: The same by speaker, those with colours of their own first.
    """

    begins: date
    records: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    """Slots in their order, and who has which colour.

    Attributes:
        speakers: Those with a colour of their own; the last colour is that of all others.
        others: How many share it.
    """

    slots: Sequence[Slot]
    speakers: Sequence[str | None]
    others: int


def chart_of(days: Sequence[date], tally: Tally, everybody: Sequence[str | None]) -> Chart:
    """The bars of a tally. Pure.

    Args:
        days: The first day of each slot.
        tally: Counts of each slot, by speaker.
        everybody: Speakers in the order of their colours, which they keep at every zoom.
    """
    colours = {speaker: place for place, speaker in enumerate(everybody[:_COLOURS])}
    by_colour = [[0] * len(days) for _ in range(_COLOURS + 1)]
    for speaker, counts in tally.items():
        row = by_colour[colours.get(speaker, _COLOURS)]
        for place, count in enumerate(counts):
            row[place] += count
    totals = [sum(row[place] for row in by_colour) for place in range(len(days))]
    most = max(totals, default=0) or 1
    slots = []
    for place, day in enumerate(days):
        parts, start = [], 0.0
        for colour, row in enumerate(by_colour):
            width = _WIDTH * row[place] / most
            if width:
                parts.append(Part(colour, start, width, row[place]))
            start += width
        slots.append(Slot(day, totals[place], tuple(parts)))
    return Chart(slots, everybody[:_COLOURS], max(0, len(everybody) - _COLOURS))


def _check_day(year: int | None, month: int | None, day: int | None) -> None:
    """Refuse a day that no year has, or not this one; what is None may be any.

    Raises:
        ApiError: 404.
    """
    whole = (
        _LEAP if year is None else year,
        1 if month is None else month,
        1 if day is None else day,
    )
    try:
        is_shown = _FIRST < date(*whole) < _LAST
    except (OverflowError, ValueError):
        is_shown = False
    if not is_shown:
        raise ApiError(404, "no_day", "there is no such day in the calendar")


def _edges(days: Sequence[date]) -> list[datetime]:
    """Midnights of the local zone."""
    return [datetime(day.year, day.month, day.day).astimezone() for day in days]


def _months(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, 13)]


def _days(month: date) -> list[date]:
    return [day for n in range(31) if (day := month + timedelta(days=n)).month == month.month]


def _after(days: Sequence[date], step: str) -> date:
    last = days[-1]
    if step == "year":
        return date(last.year + 1, 1, 1)
    if step == "month":
        return date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return last + timedelta(days=1)


def _tally(memory: Memory, days: Sequence[date], step: str) -> Tally:
    return memory.tally(_edges([*days, _after(days, step)]))


def _all_years(memory: Memory) -> tuple[list[date], Tally]:
    """The years in which something was said, from the first to the last, and how much."""
    years = [date(year, 1, 1) for year in range(_FIRST_YEAR, date.today().year + 2)]
    tally = _tally(memory, years, "year")
    full = [place for place in range(len(years)) if any(row[place] for row in tally.values())]
    if not full:
        return [], {}
    first, end = full[0], full[-1] + 1
    return years[first:end], {speaker: row[first:end] for speaker, row in tally.items()}


def _by_amount(tally: Tally) -> list[str | None]:
    return sorted(tally, key=lambda speaker: (-sum(tally[speaker]), speaker or ""))


@dataclass(frozen=True, slots=True)
class Talk:
    """The part of one source that was said on a day.

    Attributes:
        source: Its name.
        records: In their order.
        mine: Keys of what stands on the right: what the user of this browser said.
    """

    source: str
    records: Sequence[Record]
    mine: frozenset[str]


def _talks(records: Sequence[Record], me: str) -> list[Talk]:
    talks = []
    for source, some in groupby(records, lambda each: each.source):
        said = list(some)
        is_with_assistant = any(each.role == "assistant" for each in said)
        mine = [
            each.key
            for each in said
            if (each.role == "user" if is_with_assistant else is_mine(each, me))
        ]
        talks.append(Talk(source, said, frozenset(mine)))
    return talks


def _in_short(memory: Memory, chart: Chart, end: date) -> Sequence[Line]:
    """The sentences that tell most of what a chart shows; none of next to nothing, nor of so much
    that the page would be waited for."""
    if not _FEW < sum(slot.records for slot in chart.slots) <= _MANY:
        return ()
    then = _said_within(chart.slots[0].begins, end)
    return memory.summarize(_SHORT_WORDS, where=then).lines


def _said_on(memory: Memory, day: date) -> list[Record]:
    then = _said_within(day, day + timedelta(days=1))
    current = (record for record in memory.scan(then) if is_current(record))
    return sorted(current, key=lambda record: (str(record.source), record.position))


def _said_within(first: date, end: date) -> Filter:
    """The condition that something was said on the first day or later, and before the end."""
    start, behind = _edges([first, end])
    return F("said_at").between(start, behind - timedelta(microseconds=1))


@router.get(PATH)
async def timeline(
    visit: Reading,
    year: int | None = None,
    month: int | None = None,
    day: int | None = None,
) -> Response:
    """The years, the months of one, the days of a month, or a day."""

    me = me_of(visit)

    def read(memory: Memory) -> dict[str, Any]:
        years, by_year = _all_years(memory)
        everybody = _by_amount(by_year)
        only = years[0].year if len(years) == 1 else None
        at = only if year is None else year
        _check_day(at, month, day)
        if at is None:
            chart = chart_of(years, by_year, everybody)
            return {"step": "years", "chart": chart, "short": ()}
        if month is None:
            months = _months(at)
            chart = chart_of(months, _tally(memory, months, "month"), everybody)
            short = _in_short(memory, chart, date(at + 1, 1, 1))
            return {"step": "year", "at": date(at, 1, 1), "chart": chart, "short": short}
        days = _days(date(at, month, 1))
        chart = chart_of(days, _tally(memory, days, "day"), everybody)
        if day is None:
            short = _in_short(memory, chart, _after(days, "day"))
            return {"step": "month", "at": days[0], "chart": chart, "short": short}
        here = days[day - 1]
        full = [slot.begins for slot in chart.slots if slot.records]
        said = _said_on(memory, here)
        return {
            "step": "day",
            "at": here,
            "chart": chart,
            "talks": _talks(said[:_MOST_OF_A_DAY], me),
            "left_out": max(0, len(said) - _MOST_OF_A_DAY),
            "before": max((each for each in full if each < here), default=None),
            "behind": min((each for each in full if each > here), default=None),
        }

    return visit.page("timeline.html", **await visit.read(read))
