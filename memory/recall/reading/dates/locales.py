"""Expressions of time in languages that Unicode's CLDR describes.

Babel brings the CLDR along: names of months and days, "gestern", "la semana pasada", "il y a {0}
jours". What it lacks is in ``reading.dates.lexicon``. All is compared in plain letters, as
people type it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
from re import Match
from typing import Any, Literal

from babel import dates, localedata

from remem.recall.reading.dates import grammar
from remem.recall.reading.dates.grammar import (
    Grammar,
    Lead,
    Now,
    Period,
    Range,
    Read,
    Rule,
    present,
    yearly,
)
from remem.recall.reading.dates.lexicon import LEXICONS, Lexicon


def plain(text: str) -> tuple[str, list[int]]:
    """A text in small letters without accents, and the place in the text of each of them."""
    pairs = [
        (_STRAIGHT.get(letter, letter), place)
        for place, written in enumerate(text)
        for letter in unicodedata.normalize("NFKD", written.casefold())
        if not unicodedata.combining(letter)
    ]
    return "".join(letter for letter, _ in pairs), [place for _, place in pairs]


@cache
def locale(language: str) -> Grammar:
    """The grammar of a language of ``LEXICONS``, for texts in ``plain`` letters."""
    lexicon = LEXICONS[language]
    reader = _Reader(_names(language, lexicon), lexicon)
    leads = [Lead(rf"(?:{_any(lexicon.since)}){_GAP}", _since), *reader.leads()]
    ranges = [
        Range(rf"(?:{_any(opening)})\s+", rf"\s+(?:{_any(joining)})\s+")
        for opening, joining in lexicon.ranges
    ]
    return Grammar(reader.rules(), reader.parts(), leads, ranges, edge=r"(?<!\w)(?=\w)")


_STRAIGHT = {"’": "'", "\u2010": "-", "\u2011": "-"}
_GAP = r"(?:\s+|(?<='))"
_UNITS = ("year", "month", "week", "day", "hour", "minute")
_LONG_UNITS = ("year", "month", "week")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_A_DAY = timedelta(days=1)


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text)[0])


def _any(words: str | Iterable[str]) -> str:
    """A pattern of any of some words (``|`` between them), the longest first."""
    words = words.split("|") if isinstance(words, str) else words
    plainly = sorted({plain(word)[0] for word in words}, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in plainly)


@dataclass(frozen=True, slots=True)
class _Names:
    """The words of one language, in plain letters.

    Attributes:
        months: Number of a month by each form of its name.
        short_months: The same by the abbreviations, which are written beside a day.
        weekdays: Number of a day by each form of its name, Monday being 0.
        units: Unit by each form of its name.
        back: How many days ago, by the words for such a day.
        last: Patterns of the words for "last".
        this: Words for "this".
        ago: "So many units ago": ``{0}`` stands for the number, ``{1}`` for the unit.
        links: Words between a day, its month and its year.
    """

    months: Mapping[str, int]
    short_months: Mapping[str, int]
    weekdays: Mapping[str, int]
    units: Mapping[str, str]
    back: Mapping[str, int]
    last: tuple[str, ...]
    this: frozenset[str]
    ago: frozenset[str]
    links: tuple[str, ...]


def _names(language: str, lexicon: Lexicon) -> _Names:
    fields = localedata.load(language)["date_fields"]
    last, this, nouns = _last_and_this(fields)
    units, ago = _units_ago(fields)
    months = _month_names("wide", language, lexicon.endings or {})
    return _Names(
        months=months,
        short_months=_month_names("abbreviated", language, {}) | months,
        weekdays={
            form: number
            for number, day in enumerate(_WEEKDAYS)
            for form in (plain(dates.get_day_names(locale=language)[number])[0], *nouns[day])
        },
        units={
            **units,
            **{form: unit for unit in _LONG_UNITS for form in nouns[unit]},
            **(lexicon.units or {}),
        },
        back={plain(words)[0]: -day for day, words in fields["day"]["relative"].items() if day < 1},
        last=tuple(rf"{plain(one)[0]}\w{{0,3}}" for one in (last, *lexicon.last.split("|"))),
        this=this | {*filter(None, plain(lexicon.this)[0].split("|"))},
        ago=ago | {plain(pattern)[0] for pattern in lexicon.ago},
        links=tuple(re.findall(r"'(\w+)'", str(dates.get_date_format("long", language).pattern))),
    )


def _last_and_this(fields: Mapping[str, Any]) -> tuple[str, frozenset[str], dict[str, set[str]]]:
    """The beginning of all words for "last", the words for "this", and the words for each unit and
    weekday: all of it told from "letzte Woche", "diese Woche", "nächste Woche" and their like."""
    nouns: dict[str, set[str]] = {}
    last: set[str] = set()
    this: set[str] = set()
    for name in (*_LONG_UNITS, *_WEEKDAYS):
        relative = fields[name]["relative"]
        before, now, after = ({*_words(relative[which])} for which in (-1, 0, 1))
        nouns[name] = {word for word in before & after if len(word) > _ARTICLE}
        last |= {word for word in before - after if len(word) > _ARTICLE}
        this |= now - before - after
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*last, strict=False))
    return "".join(letter for letter, *_ in alike), frozenset(this), nouns


_ARTICLE = 2
"""Letters that articles and prepositions have, at most, where units have more."""


def _units_ago(fields: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """Units by the forms of their names, and the words around them in "vor {0} Tagen"."""
    patterns = [
        (unit, plain(pattern)[0]) for unit in _UNITS for pattern in fields[unit]["past"].values()
    ]
    around = set.intersection(*({*_words(pattern)} for _, pattern in patterns))
    units = {
        word: unit for unit, pattern in patterns for word in _words(pattern) if word not in around
    }
    forms = re.compile(rf"\b(?:{_any(units)})\b")
    return units, frozenset(forms.sub("{1}", pattern) for _, pattern in patterns)


def _month_names(
    width: Literal["wide", "abbreviated"], language: str, endings: Mapping[str, str]
) -> dict[str, int]:
    contexts: tuple[Literal["format", "stand-alone"], ...] = ("format", "stand-alone")
    names = {}
    for context in contexts:
        for number, name in dates.get_month_names(width, context, language).items():
            form = plain(name)[0].rstrip(".")
            names[form] = number
            if form[-1] in endings:
                names[form[:-1] + endings[form[-1]]] = number
    return names


class _Reader:
    """The rules of one language.

    Resolvers raise ValueError for what means nothing.
    """

    def __init__(self, names: _Names, lexicon: Lexicon) -> None:
        self._names = names
        self._lexicon = lexicon
        self._numbers = {
            form: float(number + 1) for form, number in _numbered(lexicon.numbers).items()
        }
        self._few = {plain(form)[0] for form in lexicon.few.split("|")}
        self._parts = _numbered(lexicon.parts)
        self._seasons = _numbered(lexicon.seasons)
        self._within = rf"(?:{_any(lexicon.within)}){_GAP}"
        self._part = rf"(?:{self._within})?(?P<part>{_any(self._parts)})"
        behind = "|".join(rf"(?<={plain(words)[0]})" for words in lexicon.before_seasons)
        self._season = rf"(?:{behind})(?P<season>{_any(self._seasons)})"
        self._of = rf"(?:{_any(lexicon.of)}){_GAP}" if lexicon.of else ""

    def rules(self) -> list[Rule]:
        """Expressions that stand alone."""
        names, lexicon = self._names, self._lexicon
        link = rf"(?:(?:{_any(names.links)})\s+)?" if names.links else ""
        era = rf"(?:\s*(?:{_any(lexicon.era)})(?!\w))?" if lexicon.era else ""
        year = rf"(?P<year>(?:19|20)\d\d)(?!\d){era}"
        in_year = rf",?\s+{link}{year}"
        joining = "|".join(joining for _, joining in lexicon.ranges)
        days = (
            r"(?P<day>\d{1,2})(?!:)(?:\.?(?:er|o|a)\b)?\.?"
            rf"(?:(?:\s*[-–]\s*|\s+(?:{_any(joining)})\s+)(?P<end>\d{{1,2}})\.?)?"
        )
        month = rf"(?P<month>{_any(names.months)})\b"
        short = rf"(?P<month>{_any(names.short_months)})\b\.?"
        weekday = rf"(?P<weekday>{_any(names.weekdays)})\b"
        unit = rf"(?P<unit>{_any(names.units)})\b"
        held = (form for form, unit in names.units.items() if unit in grammar.CALENDAR)
        whole = rf"(?P<unit>{_any(held)})\b"
        a_year = _any(form for form, unit in names.units.items() if unit == "year")
        last = rf"(?:{'|'.join(names.last)})\b"
        this = rf"(?:{_any(names.this)})\b"
        number = rf"(?P<number>{_any([*self._numbers, *self._few])}|\d{{1,3}}){_GAP}"
        within = self._within
        return [
            Rule(
                rf"(?:{weekday},?\s+(?:\w{{1,3}}\s+)?)?{days}\s+{link}{short}{in_year}", self._days
            ),
            Rule(rf"(?:{weekday},?\s+(?:\w{{1,3}}\s+)?)?{days}\s+{link}{short}", self._days),
            Rule(
                rf"(?P<day>\d{{1,2}})[./-](?P<number>\d{{1,2}})[./-]{year}",
                self._days,
            ),
            Rule(r"(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?!\d)", self._days),
            Rule(rf"(?:{within})?{month}{in_year}", self._month),
            Rule(rf"{last}\s+{month}", self._month),
            Rule(rf"(?:{within})?{month}\s+{last}", self._month),
            Rule(rf"{within}{month}(?!\s+\d)", self._month),
            Rule(rf"{within}(?:(?:{a_year})\s+)?{year}(?:\s+(?:{a_year})\b)?(?![-/]\d)", _year),
            Rule(rf"(?P<back>{_any(names.back)})\b", self._day_back),
            *(
                Rule(self._counted(pattern, number, unit), self._ago)
                for pattern in sorted(names.ago)
            ),
            Rule(rf"{last}\s+{number}{unit}", self._past),
            Rule(rf"{number}{last}\s+{unit}", self._past),
            Rule(rf"{last}\s+{whole}", self._last),
            Rule(rf"{whole}\s+{last}", self._last),
            Rule(rf"{this}(?:\s+|'){whole}", self._this),
            Rule(rf"{self._part}\s+{self._of}{whole}", self._part_of_this),
            *(self._season_rules(last, this) if self._seasons else []),
            Rule(rf"(?:{within})?q(?P<quarter>[1-4])[\s/-]{year}", _quarter),
            Rule(rf"{last}\s+{weekday}", self._last_weekday),
            Rule(rf"{weekday}(?:\s+{last})?", self._last_weekday),
            Rule(rf"(?:{_any(lexicon.recently)})\b", _recently),
        ]

    def parts(self) -> list[Rule]:
        """Expressions that are times behind other words only: "mai" in "seit mai"."""
        month = rf"(?P<month>{_any(self._names.months)})\b"
        return [Rule(month, self._month), Rule(r"(?P<year>(?:19|20)\d\d)(?!\d|er|-\D)", _year)]

    def leads(self) -> list[Lead]:
        """Words before another expression: "fin" in "fin mai", "Herbst" in "Herbst 2023"."""
        of = rf"(?:\s+|-)(?:{self._of})?"
        leads = [Lead(self._part + of, self._part_of)]
        if self._seasons:
            # Nobody says "summer in 2023", and "j'ai été en 2023" tells of no summer.
            season = rf"(?:{self._within})?{self._season}{of}(?!{self._within})"
            leads.append(Lead(season, self._season_of))
        return leads

    def _season_rules(self, last: str, this: str) -> list[Rule]:
        season = rf"{self._season}\b"
        names = self._names
        others = _any([*names.units, *names.weekdays, *names.months])  # "Frau Winter letzte Woche"
        return [
            Rule(rf"{last}\s+{season}", self._last_season),
            Rule(rf"(?:{self._within})?{season}\s+{last}(?!\s+(?:{others})\b)", self._last_season),
            Rule(rf"{this}(?:\s+|'){season}", self._latest_season),
        ]

    @staticmethod
    def _counted(pattern: str, number: str, unit: str) -> str:
        """The expression for a pattern of "so many units ago"."""
        words = re.escape(pattern).replace(r"\{0\}\ ", number).replace(r"\{1\}", unit)
        return words.replace(r"\ ", r"\s+") + r"(?!\w)"

    def _days(self, found: Match[str], now: Now) -> Period:
        groups = found.groupdict()
        number = int(groups.get("number") or self._names.short_months[groups["month"]])
        first, end = int(found["day"]), int(groups.get("end") or found["day"])

        def days(year: int) -> Period:
            last = grammar.day(datetime(year, number, end))
            return Period(datetime(year, number, first), last.end)

        return yearly(days, _year_number(found), now)

    def _month(self, found: Match[str], now: Now) -> Period:
        number = self._names.months[found["month"]]
        return yearly(lambda year: grammar.named_month(year, number), _year_number(found), now)

    def _day_back(self, found: Match[str], now: Now) -> Period:
        words = re.sub(r"\s+", " ", found["back"])
        return grammar.day(present(now) - self._names.back[words] * _A_DAY)

    def _ago(self, found: Match[str], now: Now) -> Period:
        word = found.groupdict().get("number") or ""
        return grammar.ago(self._number(word), self._unit(found), present(now), word in self._few)

    def _past(self, found: Match[str], now: Now) -> Period:
        return grammar.past(self._number(found["number"]), self._unit(found), present(now))

    def _last(self, found: Match[str], now: Now) -> Period:
        return grammar.last(self._unit(found), present(now))

    def _this(self, found: Match[str], now: Now) -> Period:
        return grammar.current(self._unit(found), present(now))

    def _part_of(self, found: Match[str], whole: Read, now: Now) -> Period:
        return self._third(found, whole(now))

    def _part_of_this(self, found: Match[str], now: Now) -> Period:
        """Part of the present year or month: "Anfang des Jahres", "a fin de mes"."""
        return self._third(found, self._this(found, now))

    def _third(self, found: Match[str], whole: Period) -> Period:
        number = self._parts[found["part"]]
        return grammar.part(whole, number / 3, (number + 1) / 3)

    def _season_of(self, found: Match[str], year: Read, now: Now) -> Period:
        within = year(now)
        if within[:2] != grammar.year(within.start)[:2]:
            raise ValueError("only a year has seasons")
        return grammar.season(within.start.year, self._first_month(found))

    def _last_season(self, found: Match[str], now: Now) -> Period:
        return grammar.last_season(self._first_month(found), present(now))

    def _latest_season(self, found: Match[str], now: Now) -> Period:
        return grammar.latest_season(self._first_month(found), present(now))

    def _first_month(self, found: Match[str]) -> int:
        return 3 * (self._seasons[found["season"]] + 1)

    def _last_weekday(self, found: Match[str], now: Now) -> Period:
        number = self._names.weekdays[found["weekday"]]
        return grammar.last_weekday(number, present(now))._replace(fuzz=_A_DAY)

    def _unit(self, found: Match[str]) -> str:
        return self._names.units[found["unit"]]

    def _number(self, word: str) -> float:
        """The number that a word stands for; of none ("год назад") it is one."""
        if word.isdecimal() or not word:
            return float(word or 1)
        return 3.0 if word in self._few else self._numbers[word]


def _numbered(forms: Iterable[str]) -> dict[str, int]:
    """Numbers from 0 on by each form, of which those of one number stand between ``|``."""
    return {
        plain(form)[0]: number for number, of_one in enumerate(forms) for form in of_one.split("|")
    }


def _year_number(found: Match[str]) -> int | None:
    number = found.groupdict().get("year")
    return int(number) if number else None


def _year(found: Match[str], _: Now) -> Period:
    return grammar.named_year(int(found["year"]))


def _quarter(found: Match[str], _: Now) -> Period:
    return grammar.quarter(int(found["quarter"]), int(found["year"]))


def _recently(_: Match[str], now: Now) -> Period:
    return grammar.recently(present(now))


def _since(_: Match[str], since: Read, now: Now) -> Period:
    return grammar.until(since(now), present(now))
