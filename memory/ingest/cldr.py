"""Words that telephones write into dates and times, language by language, from Unicode's CLDR.

No list of ours: Babel brings the CLDR along. It is read once in a process, and only when a file
has words in its dates ("klo", "du.", "凌晨") that are not English.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from typing import Any

Hours = frozenset[int]
"""The hours of a day, 0 to 23, that a word such as "p.m." or "凌晨" stands for."""

MORNING: Hours = frozenset(range(12))
AFTERNOON: Hours = frozenset(range(12, 24))

_HALVES = {"am": MORNING, "pm": AFTERNOON}
_WORD = re.compile(r"[^\s\d,،.;:/()\[\]\-‐–—]+")
_KEY_DROPS = re.compile(r"[\s.'’\u200c\u200d]+")
_QUOTED = re.compile(r"'([^']+)'")
_PATTERN_LETTERS = re.compile(r"[A-Za-z{}\d]+")
_FIELDS = re.compile(r"[dMLy]")
_FORMATS = (
    "date_formats",
    "time_formats",
    "datetime_formats",
    "datetime_formats_relative",  # "12.3.2022 klo 14.08"
    "datetime_skeletons",
)
_PERIOD_WIDTHS = ("abbreviated", "wide")  # in the narrow ones "a" is morning here, evening there
_MONTH_WIDTHS = ("abbreviated", "wide")


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one locale's dates and times.

    Attributes:
        name: Its CLDR name: "fr_CA".
        periods: Hours by the word for them.
        months: Number of a month, 1 to 12, by its name.
        fillers: Words without a meaning of their own: "klo", "г", "Uhr", and names of weekdays.
        order: The fields of a short date: "dmy", "mdy" or "ymd".
    """

    name: str
    periods: Mapping[str, Hours]
    months: Mapping[str, int]
    fillers: frozenset[str]
    order: str

    def knows(self, word: str) -> bool:
        """True if the word is one of the language's dates and times; a key of ``word_key``."""
        return word in self.periods or word in self.months or word in self.fillers


def word_key(word: str) -> str:
    """The word as it is looked up: "p. m.", "p.m." and "PM" are one."""
    return _KEY_DROPS.sub("", word).casefold()


def words_of(text: str) -> list[str]:
    """The keys of the words between the numbers of a date."""
    return [word_key(word) for word in _WORD.findall(text)]


@cache
def languages() -> tuple[Language, ...]:
    """All languages that are official, or spoken by one in a hundred, somewhere; those which more
    territories speak come first."""
    from babel import localedata

    speakers = _speakers()
    names = [name for name in sorted(localedata.locale_identifiers()) if _base(name) in speakers]
    found: dict[tuple[Any, ...], Language] = {}
    for _, group in groupby(names, key=_base):
        for name in group:
            language = _language(name, localedata.load(name))
            alike = (
                _base(name),
                language.order,
                language.fillers,
                *(frozenset(each.items()) for each in (language.periods, language.months)),
            )
            found.setdefault(alike, language)
        localedata.clear_caches()  # all at once would take 200 MB
    return tuple(sorted(found.values(), key=lambda each: -speakers[_base(each.name)]))


def _base(name: str) -> str:
    return name.partition("_")[0]


def _speakers() -> Mapping[str, float]:
    """Percentages of the speakers of each language, summed over all territories."""
    from babel.core import get_global

    shares: defaultdict[str, float] = defaultdict(float)
    for spoken in get_global("territory_languages").values():
        for name, facts in spoken.items():
            if facts["official_status"] or facts["population_percent"] >= 1:
                shares[_base(name)] += facts["population_percent"] or 0
    return shares


def _language(name: str, data: Mapping[str, Any]) -> Language:
    patterns = list(_patterns(data))
    days = _names(data.get("days", {}), _MONTH_WIDTHS)
    return Language(
        name=name,
        periods=_periods(data),
        months={
            key: int(number)
            for number, text in _names(data.get("months", {}), _MONTH_WIDTHS)
            if (key := word_key(text)) and not key.isdigit()
        },
        fillers=frozenset(
            word
            for text in (*(text for _, text in days), *map(_literals, patterns))
            for word in (word_key(text), *words_of(text))
        ),
        order=_order(str(getattr(data["date_formats"]["short"], "pattern", ""))),
    )


def _periods(data: Mapping[str, Any]) -> dict[str, Hours]:
    rules = data.get("day_period_rules", {})
    spans = {**rules.get(None, {}), **rules.get("selection", {})}
    hours: dict[str, Hours] = {}
    for period, text in _names(data.get("day_periods", {}), _PERIOD_WIDTHS):
        meant = _HALVES.get(period) or frozenset(
            hour for span in spans.get(period, ()) for hour in _hours(span)
        )
        key = word_key(text)
        if meant and key:
            hours[key] = hours.get(key, frozenset()) | meant
    return hours


def _hours(span: Mapping[str, int]) -> Iterator[int]:
    """The hours that a rule of the CLDR names; its times are in seconds since midnight."""
    if "at" in span:
        yield span["at"] // 3600 % 24
        return
    start, end = span["from"] // 3600, span["before"] // 3600
    for hour in range(start, end if end > start else end + 24):
        yield hour % 24


def _names(contexts: Mapping[str, Any], widths: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """Pairs of what is named and its name; a reference to another width is followed there."""
    for context in contexts.values():
        for width in widths:
            names = context.get(width) if isinstance(context, Mapping) else None
            if isinstance(names, tuple):  # an alias, and what differs from it
                names = names[1]
            if isinstance(names, Mapping):
                yield from ((key, text) for key, text in names.items() if isinstance(text, str))


def _patterns(data: Mapping[str, Any]) -> Iterator[str]:
    for kind in _FORMATS:
        formats = data.get(kind, {})
        for pattern in formats.values() if isinstance(formats, Mapping) else ():
            yield str(getattr(pattern, "pattern", pattern))


def _literals(pattern: str) -> str:
    """Words that a pattern holds as they are: quoted, or in a script of no field's letter."""
    bare = _PATTERN_LETTERS.sub(" ", _QUOTED.sub(" ", pattern))
    return " ".join((*_QUOTED.findall(pattern), bare))


def _order(pattern: str) -> str:
    fields = _FIELDS.findall(_QUOTED.sub("", pattern).replace("L", "M"))
    return "".join(dict.fromkeys(field.lower() for field in fields))


# Years as telephones write them: of two digits, and of other calendars than ours.

_FIRST_CHATS = 2009  # of two digits, a year is one since the first messenger on a telephone
_CENTURIES = (2000, 2500, 1400, 1300)  # ours, the Buddhists', and two of Iran
_BUDDHIST = 543
_TAIWAN = 1911
_OURS = range(1970, 2200)
_OF_BUDDHA = range(2400, 2700)
_OF_PERSIA = range(1340, 1421)
_OF_ISLAM = range(1421, 1500)
_PERSIAN_EPOCH = date(622, 3, 22)
_LEAP_CYCLE = (1, 5, 9, 13, 17, 22, 26, 30)  # leap years of 33, by their remainder
_CYCLE_YEARS = 33
_CYCLE_DAYS = _CYCLE_YEARS * 365 + len(_LEAP_CYCLE)


def gregorian(year: str, month: int, day: int) -> date:
    """The day in our calendar.

    Args:
        year: As it was written: "2022", "22", "2565" (Thailand), "1401" (Iran), "111" (Taiwan).

    Raises:
        ValueError: there is no such day, or its calendar is not known.
    """
    number = _whole_year(year)
    if number in _OF_ISLAM:
        raise ValueError(
            f"its year {number} is of the Islamic calendar, which is not known here; "
            "export the chat from a telephone with the Gregorian calendar"
        )
    if number in _OF_PERSIA:
        return _from_persian(number, month, day)
    return date(number - _BUDDHIST if number in _OF_BUDDHA else number, month, day)


def is_recent(year: str) -> bool:
    """True if a year of two digits can be one in which people chatted by telephone; any longer year
    is taken at its word."""
    return len(year) > 2 or _recent_year(int(year)) is not None


def _whole_year(year: str) -> int:
    number = int(year)
    if len(year) > 3:
        return number
    if len(year) == 3:
        return number + _TAIWAN
    return _recent_year(number) or 2000 + number


def _recent_year(number: int) -> int | None:
    """The year that ends in the two digits, in the first calendar in which it is recent."""
    recent = range(_FIRST_CHATS, date.today().year + 2)
    years = (number + century for century in _CENTURIES)
    return next((year for year in years if _roughly(year) in recent), None)


def _roughly(year: int) -> int:
    """The year of ours in which most of another calendar's year lies."""
    if year in _OF_BUDDHA:
        return year - _BUDDHIST
    return year + 621 if year < 1900 else year


def _from_persian(year: int, month: int, day: int) -> date:
    """Of the solar calendar; its leap years follow a cycle of 33 years in our times."""
    longest = 31 if month <= 6 else 30
    if not (1 <= month <= 12 and 1 <= day <= longest):
        raise ValueError(f"there is no day {year}/{month}/{day}")
    cycles, rest = divmod(year - 1, _CYCLE_YEARS)
    leaps = sum(leap <= rest for leap in _LEAP_CYCLE)
    days = cycles * _CYCLE_DAYS + rest * 365 + leaps
    days += (month - 1) * 31 - max(0, month - 7) + day - 1
    return _PERSIAN_EPOCH + timedelta(days=days - 1)
