"""Expressions of time in Chinese."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from re import Match

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

_NUMERALS = "零一二三四五六七八九"
_NUMBER = r"(?P<number>\d{1,3}|[一二两三四五六七八九十]{1,3}|几|数|半)"
_UNITS = {
    "分钟": "minute",
    "小时": "hour",
    "钟头": "hour",
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
# Months are counted with 个 ("三个月前"); without, "三月" is March.
_COUNTED = rf"{_NUMBER}(?:个?(?P<unit>分钟|小时|钟头|星期|礼拜|天|日|周|年)|个(?P<months>月))"
_YEARS_BACK = {"今年": 0, "去年": 1, "前年": 2}
_YEAR = r"(?:(?P<year>(?:19|20)\d\d|[一二][零〇○一二三四五六七八九]{3})年)"
_YEAR_BACK = rf"(?P<back>{'|'.join(_YEARS_BACK)})"
_IN_YEAR = rf"(?:{_YEAR}|{_YEAR_BACK})的?"
_MONTH = r"(?<!\d)(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月份?"
_DAY = r"(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})[日号]"
_PARTS = {
    "初": (0, 1 / 3),
    "中旬": (1 / 3, 2 / 3),
    "底": (2 / 3, 1),
    "末": (2 / 3, 1),
    "上旬": (0, 1 / 3),
    "下旬": (2 / 3, 1),
    "上半年": (0, 1 / 2),
    "下半年": (1 / 2, 1),
}
_PART = rf"(?P<part>{'|'.join(_PARTS)})"
_SEASONS = {"春": 3, "夏": 6, "秋": 9, "冬": 12}
_SEASON = rf"(?P<season>[{''.join(_SEASONS)}])[天季]"
_QUARTER = r"(?P<quarter>[1-4一二三四])季度"
_WEEK = r"(?:周|星期|礼拜)"
_WEEKDAY = rf"{_WEEK}(?P<weekday>[一二三四五六日天])"
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_HOURS = {
    "早": (5, 12),
    "早上": (5, 12),
    "早晨": (5, 12),
    "上午": (5, 12),
    "中午": (11, 14),
    "下午": (12, 18),
    "晚": (17, 28),
    "晚上": (17, 28),
    "夜": (18, 30),
    "夜里": (18, 30),
}
_HOUR = rf"(?P<hour>{'|'.join(sorted(_HOURS, key=len, reverse=True))})"
_A_DAY = timedelta(days=1)


def _integer(text: str) -> int:
    """``两`` is 2, ``二十三`` 23, ``二〇二三`` 2023."""
    if text.isdecimal():
        return int(text)
    text = text.replace("两", "二").replace("〇", "零").replace("○", "零")
    if "十" not in text:
        return int("".join(str(_NUMERALS.index(sign)) for sign in text))
    tens, ones = text.split("十")
    return 10 * _NUMERALS.index(tens or "一") + _NUMERALS.index(ones or "零")


def _counted(found: Match[str]) -> tuple[float, str, bool]:
    """A number, its unit, and whether the number is vague."""
    unit = _UNITS[found["unit"] or found["months"]]
    vague = {"几": 3.0, "数": 3.0, "半": 0.5}.get(found["number"])
    return vague or _integer(found["number"]), unit, found["number"] in "几数"


def _year_number(found: Match[str], now: Now) -> int | None:
    groups = found.groupdict()
    if back := groups.get("back"):
        return present(now).year - _YEARS_BACK[back]
    return _integer(groups["year"]) if groups.get("year") else None


def _with_part(found: Match[str], whole: Period) -> Period:
    return grammar.part(whole, *_PARTS[found["part"]]) if found["part"] else whole


def _day(found: Match[str], now: Now) -> Period:
    month, day = _integer(found["month"]), _integer(found["day"])
    number = _year_number(found, now)
    return yearly(lambda year: grammar.day(datetime(year, month, day)), number, now)


def _month(found: Match[str], now: Now) -> Period:
    month = _integer(found["month"])
    number = _year_number(found, now)
    return yearly(lambda year: _with_part(found, grammar.named_month(year, month)), number, now)


def _season(found: Match[str], now: Now) -> Period:
    first_month = _SEASONS[found["season"]]
    number = _year_number(found, now)
    return yearly(lambda year: grammar.season(year, first_month), number, now)


def _quarter(found: Match[str], now: Now) -> Period:
    quarter = _integer(found["quarter"])
    number = _year_number(found, now)
    return yearly(lambda year: grammar.quarter(quarter, year), number, now)


def _year(found: Match[str], now: Now) -> Period:
    number = _year_number(found, now)
    return yearly(lambda year: _with_part(found, grammar.named_year(year)), number, now)


def _day_back(found: Match[str], now: Now) -> Period:
    day = grammar.day(present(now) - _DAYS_BACK[found["back"]] * _A_DAY)
    return grammar.hours(day, *_HOURS[found["hour"]]) if found["hour"] else day


def _ago(found: Match[str], now: Now) -> Period:
    count, unit, vague = _counted(found)
    return grammar.ago(count, unit, present(now), vague)


def _past(found: Match[str], now: Now) -> Period:
    count, unit, _ = _counted(found)
    return grammar.past(count, unit, present(now))


def _weekday_number(found: Match[str]) -> int:
    return "一二三四五六日".index(found["weekday"].replace("天", "日"))


def _weekday_of_week(found: Match[str], now: Now) -> Period:
    """ "上周五", unlike "last Friday", is of the calendar week before; "这周五" of the present."""
    monday = grammar.week(present(now) - 7 * found["last"].count("上") * _A_DAY).start
    return grammar.day(monday + _weekday_number(found) * _A_DAY)


def _last_weekday(found: Match[str], now: Now) -> Period:
    return grammar.last_weekday(_weekday_number(found), present(now))._replace(fuzz=_A_DAY)


def _last_weekend(_: Match[str], now: Now) -> Period:
    return grammar.last_weekend(present(now))


def _last(found: Match[str], now: Now) -> Period:
    """The calendar week or month, of now or before."""
    unit, times = _UNITS[found["unit"]], found["last"].count("上")
    if not times:
        return grammar.current(unit, present(now))
    return grammar.last(unit, present(now), times)


def _day_of_last_month(found: Match[str], now: Now) -> Period:
    month = grammar.last("month", present(now))
    return grammar.day(month.start.replace(day=_integer(found["day"])))


def _recently(_: Match[str], now: Now) -> Period:
    return grammar.recently(present(now))


def _since(_: Match[str], since: Read, now: Now) -> Period:
    return grammar.until(since(now), present(now))


_RULES = [
    Rule(rf"(?:{_IN_YEAR})?{_MONTH}{_DAY}", _day),
    Rule(rf"(?:{_IN_YEAR})?{_MONTH}{_PART}?", _month),
    Rule(rf"(?:{_IN_YEAR})?{_SEASON}", _season),
    Rule(rf"(?:{_IN_YEAR}第?|第){_QUARTER}", _quarter),
    Rule(rf"(?:近|最近|过去|这)的?{_COUNTED}(?!前)", _past),
    Rule(rf"{_COUNTED}(?:以|之)?前", _ago),
    Rule(rf"{_IN_YEAR}{_PART}?", _year),
    Rule(rf"{_YEAR_BACK}?年(?P<part>初|底|末)", _year),
    Rule(rf"(?<!以)(?P<back>大前|前|昨|今)[天日]{_HOUR}?", _day_back),
    Rule(r"(?P<back>昨|今)(?P<hour>早|晚|夜)上?", _day_back),
    Rule(rf"(?P<last>上{{1,2}}个?|这个?|本){_WEEKDAY}", _weekday_of_week),
    Rule(rf"上个?{_WEEK}末|周末", _last_weekend),
    Rule(rf"(?<![\d一二两三四五六七八九十几每]){_WEEKDAY}", _last_weekday),
    Rule(rf"上个?月{_DAY}", _day_of_last_month),
    Rule(r"(?P<last>上{1,2}一?个?|这一?个?|本)(?P<unit>周|星期|礼拜|月)", _last),
    Rule(r"最近|近来|近期|前几天|前不久|前阵子|这几天|这段时间", _recently),
]
_LEADS = [Lead(r"自从?", _since)]
_RANGES = [
    Range(
        r"[从自]?(?=[\d一二三四五六七八九十去今前昨上])",
        r"\s*[到至~～—–-]\s*",
    ),
]


@cache
def chinese() -> Grammar:
    """The grammar, put together when it is first needed."""
    return Grammar(_RULES, [], _LEADS, _RANGES, edge="")
