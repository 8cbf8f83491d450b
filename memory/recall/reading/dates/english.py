"""Expressions of time in English."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from re import Match, match

from dateutil.easter import easter
from dateutil.relativedelta import relativedelta, weekday

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
from remem.recall.reading.states import TWO_TO_TWELVE

_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_IN_YEAR = rf"(?:,?\s+(?:of\s+)?{_YEAR})"
_NO_YEAR = r"(?!,?\s+(?:of\s+)?(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})"
_ORDINAL = rf"{_DAY}(?:st|nd|rd|th)"
_DAYS = (
    rf"{_DAY}(?:st|nd|rd|th)?"
    r"(?:(?:\s?[-–]\s?|\s+(?:to|and)\s+)(?P<last>\d{1,2})(?:st|nd|rd|th)?)?(?![\d:])"
)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_MONTH = rf"(?P<month>(?:{_MONTHS}|mar(?:ch)?|may)\b\.?)"
# What may be a verb as well is a month by its capital: not in "march 3 miles", "may 5 of us".
_SURE_MONTH = rf"(?P<month>(?:{_MONTHS}|(?-i:M(?:ar(?:ch)?|ay|ARCH|AY)))\b\.?)"
_WEEKDAY = (
    r"(?P<weekday>(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?-i:Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat))\b)"
)
_SEASON = r"(?P<season>(?:spring|summer|autumn|fall|winter)\b)"
_UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?\b"
_NUMBERS: dict[str, float] = {
    "half a": 0.5,
    "half an": 0.5,
    "a couple of": 2,
    "couple of": 2,
    "a few": 3,
    "few": 3,
    "several": 4,
    "one": 1,
    **{word: n for n, word in enumerate(TWO_TO_TWELVE.split("|"), 2)},
    "a": 1,
    "an": 1,
}
_VAGUE = ("couple", "few", "several")
_NUMBER = rf"(?P<number>{'|'.join(_NUMBERS)}|\d{{1,3}})\s+"
_PARTS = {
    "beginning": (0, 1 / 3),
    "start": (0, 1 / 3),
    "early": (0, 1 / 3),
    "middle": (1 / 3, 2 / 3),
    "mid": (1 / 3, 2 / 3),
    "end": (2 / 3, 1),
    "late": (2 / 3, 1),
    "first half": (0, 1 / 2),
    "second half": (1 / 2, 1),
}
_HOURS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (17, 24), "night": (18, 30)}
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_QUARTERS = {
    word: number
    for number, words in enumerate(
        ("q1 first 1st", "q2 second 2nd", "q3 third 3rd", "q4 fourth 4th"), 1
    )
    for word in words.split()
}
_QUARTER = (
    rf"(?:the\s+)?(?P<quarter>q[1-4]|(?:{'|'.join(_QUARTERS)})(?=\s+quarter\b))(?:\s+quarter)?"
)
_HOLIDAYS = {
    r"christmas\s+eve": relativedelta(month=12, day=24),
    r"christmas": relativedelta(month=12, day=25),
    r"new\s+year['’]?s\s+eve": relativedelta(month=12, day=31),
    r"new\s+year['’]?s": relativedelta(month=1, day=1),
    r"valentine['’]?s": relativedelta(month=2, day=14),
    r"halloween": relativedelta(month=10, day=31),
    r"thanksgiving": relativedelta(month=11, day=1, weekday=weekday(3, 4)),
}


def _number(found: Match[str]) -> float:
    word = found["number"].lower()
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _vague(found: Match[str]) -> bool:
    return any(word in found["number"].lower() for word in _VAGUE)


def _month_number(found: Match[str]) -> int:
    return "janfebmaraprmayjunjulaugsepoctnovdec".index(found["month"][:3].lower()) // 3 + 1


def _weekday_number(found: Match[str]) -> int:
    return "montuewedthufrisatsun".index(found["weekday"][:3].lower()) // 3


def _year_number(found: Match[str]) -> int | None:
    number = found.groupdict().get("year")
    return int(number) if number else None


_A_DAY = timedelta(days=1)

# Dates. Resolvers raise ValueError for what means nothing.


def _in_year(found: Match[str], now: Now, month: int, day: int, last: int) -> Period:
    """Days of a month: of the year that is given, else of the latest that has them."""

    def days(number: int) -> Period:
        return Period(datetime(number, month, day), grammar.day(datetime(number, month, last)).end)

    return yearly(days, _year_number(found), now)


def _days(found: Match[str], now: Now) -> Period:
    day = int(found["day"])
    last = int(found.groupdict().get("last") or day)
    return _in_year(found, now, _month_number(found), day, last)


def _digits(found: Match[str], now: Now) -> Period:
    day = int(found["day"])
    return _in_year(found, now, int(found["month"]), day, day)


def _day_of_latest_month(found: Match[str], now: Now) -> Period:
    """ "On the 13th": of the latest month in which it has come."""
    at = present(now)
    for months in range(3):  # in March, the latest 31st may be of January
        with suppress(ValueError):
            month = grammar.month(at - relativedelta(months=months))
            day = grammar.day(month.start.replace(day=int(found["day"])))
            if day.start <= at:
                return day
    raise ValueError("no month has it")


def _month(found: Match[str], now: Now) -> Period:
    named = _month_number(found)

    def of(number: int) -> Period:
        return grammar.named_month(number, named)

    return yearly(of, _year_number(found), now)


def _month_in_digits(found: Match[str], _: Now) -> Period:
    return grammar.month(datetime(int(found["year"]), int(found["month"]), 1))


def _year(found: Match[str], _: Now) -> Period:
    return grammar.named_year(int(found["year"]))


def _season(found: Match[str], now: Now) -> Period:
    first_month = _SEASONS[found["season"].lower()]

    def of(number: int) -> Period:
        return grammar.season(number, first_month)

    return yearly(of, _year_number(found), now)


def _last_season(found: Match[str], now: Now) -> Period:
    return grammar.last_season(_SEASONS[found["season"].lower()], present(now))


def _quarter(found: Match[str], _: Now) -> Period:
    return grammar.quarter(_QUARTERS[found["quarter"].lower()], int(found["year"]))


def _holiday(found: Match[str], now: Now) -> Period:
    name = found["holiday"].lower()

    def in_year(number: int) -> Period:
        if name == "easter":
            at = datetime.combine(easter(number), datetime.min.time())
        else:
            shift = next(shift for form, shift in _HOLIDAYS.items() if match(form, name))
            at = datetime(number, 1, 1) + shift
        return grammar.day(at)._replace(fuzz=timedelta(days=3))

    return yearly(in_year, _year_number(found), now)


# Relative to the present.


def _day_back(found: Match[str], now: Now) -> Period:
    """ "Yesterday evening", "this morning", "today", "last night"."""
    words = found.group().lower()
    yesterday = words.startswith(("yesterday", "last"))
    day = grammar.day(present(now) - yesterday * _A_DAY)
    hours = next((_HOURS[part] for part in _HOURS if words.endswith(part)), None)
    return grammar.hours(day, *hours) if hours else day


def _ago(found: Match[str], now: Now) -> Period:
    return grammar.ago(_number(found), found["unit"].lower(), present(now), _vague(found))


def _weekday_ago(found: Match[str], now: Now) -> Period:
    """ "The Wednesday two months ago": the one nearest to that."""
    around = _ago(found, now)
    middle = around.start + (around.end - around.start) / 2
    nearest = middle - 4 * _A_DAY + relativedelta(weekday=weekday(_weekday_number(found)))
    return grammar.day(nearest)._replace(fuzz=around.fuzz)


def _past(found: Match[str], now: Now) -> Period:
    number = _number(found) if "number" in found.groupdict() else 1
    return grammar.past(number, found["unit"].lower(), present(now))


def _last(found: Match[str], now: Now) -> Period:
    return grammar.last(found["unit"].lower(), present(now))


def _this(found: Match[str], now: Now) -> Period:
    return grammar.current(found["unit"].lower(), present(now))


def _last_weekday(found: Match[str], now: Now) -> Period:
    return grammar.last_weekday(_weekday_number(found), present(now))._replace(fuzz=_A_DAY)


def _weekday_of_last_week(found: Match[str], now: Now) -> Period:
    monday = grammar.last("week", present(now)).start
    return grammar.day(monday + _weekday_number(found) * _A_DAY)


def _last_weekend(_: Match[str], now: Now) -> Period:
    return grammar.last_weekend(present(now))


def _this_weekend(_: Match[str], now: Now) -> Period:
    saturday = grammar.week(present(now)).start + 5 * _A_DAY
    return Period(saturday, saturday + 2 * _A_DAY)


def _recently(_: Match[str], now: Now) -> Period:
    return grammar.recently(present(now))


# Expressions around others.


def _since(_: Match[str], since: Read, now: Now) -> Period:
    return grammar.until(since(now), present(now))


def _part(found: Match[str], whole: Read, now: Now) -> Period:
    return grammar.part(whole(now), *_PARTS[found["part"].lower()])


def _nth(found: Match[str], whole: Read, now: Now) -> Period:
    """ "The second week of May", "the last weekend in June", "the first Monday of 2023"."""
    nth, what, of = _NTH[found["nth"].lower()], found["what"].lower(), whole(now)
    if what == "week":
        start = of.start + (nth - 1) * 7 * _A_DAY if nth > 0 else of.end - 7 * _A_DAY
        return Period(start, start + 7 * _A_DAY, 2 * _A_DAY)
    number = 5 if what == "weekend" else _weekday_number(found)
    first = of.start if nth > 0 else of.end - _A_DAY
    start = first + relativedelta(weekday=weekday(number, nth))
    return Period(start, start + (2 if what == "weekend" else 1) * _A_DAY, _A_DAY)


def _week_of(_: Match[str], within: Read, now: Now) -> Period:
    return grammar.week(within(now).start)._replace(fuzz=_A_DAY)


def _number_before(found: Match[str], event: Read, now: Now) -> Period:
    return _ago(found, event(now).start)


def _number_after(found: Match[str], event: Read, now: Now) -> Period:
    last_day = event(now).end - _A_DAY
    return grammar.ahead(_number(found), found["unit"].lower(), last_day, _vague(found))


def _before(found: Match[str], event: Read, now: Now) -> Period:
    """ "The week before 3 August", "the Sunday before Christmas"."""
    start = event(now).start
    if found["weekday"]:
        return _last_weekday(found, start)
    what = found["what"].lower()
    if what == "day":
        return grammar.day(start - _A_DAY)
    return grammar.last_weekend(start) if what == "weekend" else grammar.past(1, what, start)


_IN = r"(?:in|during|since|until|till|throughout)\s+"

_RULES: list[Rule] = [
    Rule(rf"{_YEAR}[-/](?P<month>\d{{1,2}})[-/]{_DAY}(?!\d)", _digits),
    # Month first, as dateutil reads it, unless that day does not exist or is yet to come.
    Rule(rf"(?P<month>\d{{1,2}})/{_DAY}/{_YEAR}", _digits),
    Rule(rf"{_DAY}/(?P<month>\d{{1,2}})/{_YEAR}", _digits),
    Rule(rf"{_DAY}\.(?P<month>\d{{1,2}})\.{_YEAR}", _digits),
    Rule(rf"{_YEAR}[-/](?P<month>\d{{1,2}})(?![\d/-])", _month_in_digits),
    Rule(rf"(?<!/)(?P<month>\d{{1,2}})/{_YEAR}", _month_in_digits),
    Rule(rf"(?:on\s+)?(?:the\s+)?{_DAYS}\s+(?:of\s+)?{_MONTH}{_IN_YEAR}", _days),
    Rule(rf"(?:on\s+)?(?:the\s+)?{_ORDINAL}\s+of\s+{_MONTH}{_NO_YEAR}", _days),
    Rule(rf"(?:on\s+)?(?:the\s+)?{_DAYS}\s+{_SURE_MONTH}{_NO_YEAR}", _days),
    Rule(rf"(?:on\s+)?{_MONTH}\s+(?:the\s+)?{_DAYS}{_IN_YEAR}", _days),
    Rule(rf"(?:on\s+)?{_SURE_MONTH}\s+(?:the\s+)?{_DAYS}{_NO_YEAR}", _days),
    Rule(rf"on\s+{_MONTH}\s+{_DAYS}{_NO_YEAR}", _days),
    Rule(rf"{_MONTH}\s+(?:the\s+)?{_ORDINAL}\b{_NO_YEAR}", _days),
    Rule(rf"(?:{_IN})?{_MONTH}{_IN_YEAR}", _month),
    Rule(rf"on\s+the\s+{_ORDINAL}(?=\s*(?:[?.,;!]|$))", _day_of_latest_month),
    Rule(rf"{_IN}{_MONTH}(?!\s+\d)", _month),
    Rule(rf"(?:last|this(?:\s+past)?)\s+{_SURE_MONTH}", _month),
    Rule(rf"(?:(?:in|during)\s+)?(?:the\s+)?{_SEASON}{_IN_YEAR}", _season),
    Rule(
        rf"(?:in|during|over|this(?:\s+past)?|since)\s+(?:the\s+)?{_SEASON}(?!\s+of\b){_NO_YEAR}",
        _season,
    ),
    Rule(rf"last\s+{_SEASON}", _last_season),
    Rule(rf"(?:(?:in|during)\s+)?{_QUARTER}{_IN_YEAR}", _quarter),
    Rule(
        rf"(?P<holiday>{'|'.join(_HOLIDAYS)}|easter)\b(?:\s+day\b)?"
        rf"(?:{_IN_YEAR}|{_NO_YEAR})",
        _holiday,
    ),
    Rule(rf"{_IN}{_YEAR}(?![-/]\d)", _year),
    Rule(r"earlier\s+today|today", _day_back),
    Rule(r"yesterday(?:\s+(?:morning|afternoon|evening|night))?|last\s+night", _day_back),
    Rule(r"this\s+(?:morning|afternoon|evening)", _day_back),
    Rule(
        rf"(?:on\s+)?(?:the\s+)?{_WEEKDAY}\s+{_NUMBER}(?P<unit>week|month)s?\s+ago\b", _weekday_ago
    ),
    Rule(rf"{_NUMBER}{_UNIT}\s+(?:ago|back)\b", _ago),
    Rule(rf"(?:on\s+)?{_WEEKDAY},?\s+(?:of\s+)?last\s+week\b", _weekday_of_last_week),
    Rule(rf"last\s+week(?:['’]s|\s+on|,)?\s+{_WEEKDAY}", _weekday_of_last_week),
    Rule(rf"(?:the\s+)?(?:last|past|previous)\s+{_NUMBER}{_UNIT}", _past),
    Rule(r"past\s+(?P<unit>week|month|year)\b(?!\s+of\b)", _past),
    Rule(r"(?:last|previous)\s+(?P<unit>week|month|year)\b(?!\s+of\b)", _last),
    Rule(r"this\s+(?P<unit>week|month|year)\b", _this),
    Rule(r"(?:last|this\s+past|past|over\s+the|previous)\s+weekend\b", _last_weekend),
    Rule(r"this\s+weekend\b", _this_weekend),
    Rule(rf"(?:last|this\s+past|past|on)\s+{_WEEKDAY}", _last_weekday),
    Rule(r"(?:recently|lately|the\s+other\s+day|of\s+late)\b", _recently),
]
_BARE: list[Rule] = [
    Rule(_MONTH + _NO_YEAR, _month),
    Rule(_YEAR, _year),
    Rule(_WEEKDAY, _last_weekday),
    Rule(rf"the\s+{_SEASON}", _season),
    Rule(r"the\s+(?P<unit>week|month|year)\b", _this),
]
_LEADS: list[Lead] = [
    Lead(r"since\s+", _since),
    Lead(rf"(?:the\s+)?(?P<part>{'|'.join(_PARTS)})\s+(?:of|in)\s+", _part),
    Lead(r"(?P<part>early|mid|late)[\s-]+(?!(?-i:may|march)\b)", _part),
    Lead(
        rf"(?:the\s+)?(?P<nth>{'|'.join(_NTH)})\s+(?P<what>week|weekend|{_WEEKDAY})\s+(?:of|in)\s+",
        _nth,
    ),
    Lead(r"(?:the\s+)?week\s+of\s+", _week_of),
    Lead(
        rf"(?:(?:the|last)\s+)?(?P<what>day|week|weekend|month|year|{_WEEKDAY})\s+before\s+",
        _before,
    ),
    Lead(rf"{_NUMBER}{_UNIT}\s+before\s+", _number_before),
    Lead(rf"{_NUMBER}{_UNIT}\s+after\s+", _number_after),
]
_RANGES = [
    Range(r"between\s+", r"\s+and\s+"),
    Range(rf"(?:from\s+)?(?=\d|{_MONTHS}|mar|may)", r"\s*(?:to|until|till|through|-|–)\s*"),
]


@cache
def english() -> Grammar:
    """The grammar, put together when it is first needed."""
    return Grammar(_RULES, _BARE, _LEADS, _RANGES, edge=r"\b(?=\w)")
