"""The language and the order of dates that a chat's headers are written in, found by all of them.

A single line says little: 03/04 is in March or in April, and "م" may be any word. All lines of a
file were written by one telephone, so what fits all of them is what was meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from remem.ingest.cldr import (
    AFTERNOON,
    MORNING,
    Hours,
    Language,
    gregorian,
    is_recent,
    languages,
    words_of,
)
from remem.ingest.headers import Header, Layout

_ENGLISH: Mapping[str, Hours] = {"am": MORNING, "pm": AFTERNOON}
_MOST_LAYOUTS = 1000
_QUOTED_LINES = 2
_LONGEST_WORD = 4  # words of one name: "e pas dites"
_ORDERS = ("dmy", "mdy", "ymd", "ydm")
_PLACES = {order: tuple(map(order.index, "ymd")) for order in _ORDERS}
_WORDS = {"dmy": "day first", "mdy": "month first", "ymd": "year first", "ydm": "year first"}
_FAR_SMALLER = 10


@dataclass(frozen=True, slots=True)
class Meaning:
    """The words of a layout, understood: the hours that they leave, and the month they name."""

    hours: Hours | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """Meaning of the numbers and words in a chat's headers.

    Attributes:
        order: Of the numbers of a date: "dmy", "mdy", "ymd" or "ydm".
        is_certain: True if the file or its language decides the order.
        meanings: Of each layout in it that was understood.
    """

    order: str
    is_certain: bool
    meanings: Mapping[Layout, Meaning]

    @property
    def words(self) -> str:
        """The order for people: "day first"."""
        return _WORDS[self.order]

    def knows(self, header: Header) -> bool:
        """True if the header was understood."""
        return header.layout in self.meanings

    def is_strange(self, header: Header) -> bool:
        """True if it was not understood, though it has the signs of those that were."""
        layout = header.layout
        known = (each.skeleton for each in self.meanings)
        return layout not in self.meanings and layout.skeleton in known

    def time(self, header: Header) -> datetime:
        """Date and time of a header, without a zone.

        Raises:
            ValueError: there is no such time, or its calendar is not known.
        """
        meaning = self.meanings[header.layout]
        day = self._day(header, meaning.month)
        hour = _on_24_hours(header.hour, meaning.hours)
        return datetime(day.year, day.month, day.day, hour, header.minute, header.second or 0)

    def _day(self, header: Header, month: int | None) -> date:
        if month is not None:
            first, _, third = header.date
            year, day = (first, third) if len(first) > 2 else (third, first)
            return gregorian(year, month, int(day))
        year, number, day = (header.date[place] for place in _PLACES[_fitting(self.order, header)])
        return gregorian(year, int(number), int(day))


@dataclass(slots=True)
class Survey:
    """Counts over all headers of a file; they take little memory, however long the file is."""

    layouts: Counter[Layout] = field(default_factory=Counter)
    on_24_hours: set[Layout] = field(default_factory=set)
    _tallies: Mapping[str, _Tally] = field(
        default_factory=lambda: {order: _Tally() for order in _ORDERS}
    )
    _is_ambiguous: bool = False

    def add(self, header: Header) -> None:
        """Count one more header."""
        layout = header.layout
        if layout not in self.layouts and len(self.layouts) >= _MOST_LAYOUTS:
            return
        self.layouts[layout] += 1
        if header.hour > 12:
            self.on_24_hours.add(layout)
        if layout.has_month_number:
            orders = _possible(header)
            self._is_ambiguous |= header.date[0] != header.date[1] and len(orders) > 1
            for order in orders:
                places = _PLACES[order]
                self._tallies[order].add(*(header.date[place] for place in places))

    def dialect(self) -> Dialect:
        """Dialect that fits all headers; layouts that make no sense are not in its meanings."""
        fitting = _languages_of(self.layouts)
        meanings: dict[Layout, Meaning] = {}
        for layout in self.layouts:
            meaning = _meaning(layout, fitting)
            if layout in self.on_24_hours:  # there, no word can move the time
                meaning = Meaning(month=meaning.month if meaning else None)
            if meaning is not None and (layout.has_month_number or meaning.month):
                meanings[layout] = meaning
        meanings |= _other_halves(self.layouts, meanings)
        order, is_certain = self._order(fitting, meanings)
        return Dialect(order, is_certain, meanings)

    def refusal(self, dialect: Dialect) -> str:
        """Reason not to read the file at all; empty if there is none.

        Half of its messages would be taken for continuations of others if "PM" were understood and
        the word for AM were not. One strange line may be what somebody quoted.
        """
        unread = {layout: n for layout, n in self.layouts.items() if layout not in dialect.meanings}
        read = self.layouts.total() - sum(unread.values())
        known = {layout.skeleton for layout in dialect.meanings}
        alike = sum(count for layout, count in unread.items() if layout.skeleton in known)
        if sum(unread.values()) <= read and alike < _QUOTED_LINES:
            return ""
        words = sorted({word for layout in unread for word in layout.words})
        what = f"the words in their dates ({', '.join(words[:4])})" if words else "their dates"
        return (
            f"its lines begin like messages, but {what} are of no language that is known, and "
            "nothing was read; change them, such as to 2024-05-31 14:08, and import it again"
        )

    def _order(
        self, fitting: Sequence[Language], meanings: Mapping[Layout, Meaning]
    ) -> tuple[str, bool]:
        """The order with the fewest impossible dates, then with the fewest that go back in time.

        With the year in front only if the others are impossible, or leap about where it does not.
        """
        most = max(tally.count for tally in self._tallies.values())
        left = [order for order in _ORDERS if self._tallies[order].count == most]
        for fault in ("impossible", "backward"):
            least = min(getattr(self._tallies[order], fault) for order in left)
            left = [each for each in left if getattr(self._tallies[each], fault) == least]
            if left[0] == "ymd":  # nobody writes the day in the middle without need
                return "ymd", True
        if "ymd" in left and self._is_smooth(left):
            return "ymd", True
        left = [order for order in left if order != "ymd"]
        spoken = [language.order for language in fitting if language.order in left]
        if len(left) == 1 or (spoken and len(set(spoken)) == 1):
            return (spoken or left)[0], True
        has_halves = any(each.hours for each in meanings.values())
        usual = spoken[0] if spoken else "mdy" if has_halves else "dmy"
        return usual, not self._is_ambiguous

    def _is_smooth(self, orders: Iterable[str]) -> bool:
        """True if days follow each other with the year in front, and otherwise are far apart."""
        jumps = {order: self._tallies[order].jumps for order in orders}
        others = min((jumps[order] for order in jumps if order in ("dmy", "mdy")), default=0)
        return jumps["ymd"] * _FAR_SMALLER < others


@dataclass(slots=True)
class _Tally:
    """Counts of dates that are impossible or out of sequence in one order of the numbers."""

    count: int = 0
    impossible: int = 0
    backward: int = 0
    jumps: int = 0
    _last: int = 0

    def add(self, year: str, month: str, day: str) -> None:
        place = (int(year) * 12 + int(month)) * 31 + int(day)
        self.count += 1
        self.impossible += int(month) > 12 or int(day) > 31 or not is_recent(year)
        if self._last:
            self.backward += place < self._last
            self.jumps += abs(place - self._last)
        self._last = place


def _possible(header: Header) -> tuple[str, ...]:
    """The orders that the lengths of the numbers leave; a year may be 2022, 22, 2565 or 111."""
    first, _, third = header.date
    if len(first) > 2:
        return ("ymd", "ydm")
    return ("dmy", "mdy") if len(third) > 2 else ("dmy", "mdy", "ymd")


def _fitting(order: str, header: Header) -> str:
    """The order, or of a line that was written otherwise, the one that it can have."""
    possible = _possible(header)
    return order if order in possible else possible[0]


def _on_24_hours(hour: int, hours: Hours | None) -> int:
    """The hour of the day; of the two that a clock of 12 may mean, the one that is in ``hours``.

    Telephones draw the lines between the periods of a day in several ways. If neither is in it,
    it is the one in the same half of the day, and at 12 o'clock, the nearest.
    """
    if hours is None or hour > 12:
        return hour
    candidates = (hour % 12, hour % 12 + 12)
    half = _half(hours)
    if not hours.intersection(candidates) and half and hour != 12:
        return next(each for each in candidates if each in half)
    return min(candidates, key=lambda each: min(_apart(each, other) for other in hours))


def _half(hours: Hours | None) -> Hours | None:
    """The half of the day in which all the hours are, None if they are in both."""
    return next((half for half in (MORNING, AFTERNOON) if hours and hours <= half), None)


def _apart(one: int, other: int) -> int:
    return min((one - other) % 24, (other - one) % 24)


def _other_halves(
    layouts: Iterable[Layout], meanings: Mapping[Layout, Meaning]
) -> dict[Layout, Meaning]:
    """The meanings of words that stand where others stand for the other half of the day.

    Telephones have words that the CLDR has changed since; where one of the two is known, the only
    other one is its opposite. In English, no other word is.
    """
    strange: dict[tuple[str, ...], list[Layout]] = {}
    for layout in layouts:
        if layout not in meanings and layout.has_month_number:
            strange.setdefault(layout.skeleton, []).append(layout)
    found = {}
    for skeleton, alike in strange.items():
        known = [each for each in meanings if each.skeleton == skeleton]
        half = _half(meanings[known[0]].hours) if len(known) == 1 else None
        if len(alike) == 1 and half and not _is_english(known[0]):
            found[alike[0]] = Meaning(hours=MORNING if half == AFTERNOON else AFTERNOON)
    return found


def _languages_of(layouts: Iterable[Layout]) -> list[Language]:
    """The languages that know the words of the most layouts; none if there are no words but AM
    and PM, as anywhere."""
    worded = [each for each in layouts if not each.is_wordless and not _is_english(each)]
    if not worded:
        return []
    known = {
        language.name: sum(_read(each, language) is not None for each in worded)
        for language in languages()
    }
    most = max(known.values())
    return [each for each in languages() if most and known[each.name] == most]


def _is_english(layout: Layout) -> bool:
    words = [word for literal in layout.literals for word in words_of(literal)]
    return "".join(words) in _ENGLISH


def _meaning(layout: Layout, fitting: Sequence[Language]) -> Meaning | None:
    if layout.is_wordless:
        return Meaning()
    if _is_english(layout):
        words = (word for literal in layout.literals for word in words_of(literal))
        return Meaning(hours=_ENGLISH["".join(words)])
    readings = [meaning for each in fitting or languages() if (meaning := _read(layout, each))]
    return next((each for each in readings if each.hours), readings[0] if readings else None)


def _read(layout: Layout, language: Language) -> Meaning | None:
    """The layout in the words of a language, None if it lacks one of them."""
    hours: Hours | None = None
    month: int | None = None
    for literal in layout.literals:
        words = words_of(literal)
        while words:
            for length in range(min(_LONGEST_WORD, len(words)), 0, -1):
                word = "".join(words[:length])
                if language.knows(word):
                    break
            else:
                return None
            if word in language.months and not layout.has_month_number:
                month = language.months[word]
            elif word in language.periods:
                hours = language.periods[word] if hours is None else hours & language.periods[word]
            del words[:length]
    return Meaning(hours or None, month)
