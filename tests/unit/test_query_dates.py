"""Expressions of time in questions: what they mean, and what is none.

All questions are asked on Wednesday 14 June 2023 at 15:30, in Shanghai.
"""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remem.recall.reading.dates import Span, time_spans

SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2023, 6, 14, 15, 30, tzinfo=SHANGHAI)


def named(query: str, now: datetime | None = NOW) -> list[str]:
    """Each span as its first and its last moment; days without the time."""
    return [
        f"{_moment(span.start)} to {_moment(span.end - timedelta(seconds=1))}"
        for span in time_spans(query, now)
    ]


def _moment(at: datetime) -> str:
    midnight = (at + timedelta(seconds=1)).time() == datetime.min.time() or at.hour == 0
    return f"{at:%Y-%m-%d}" if midnight else f"{at:%Y-%m-%d %H:%M}"


def days(first: str, last: str | None = None) -> list[str]:
    return [f"{first} to {last or first}"]


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("today", "2023-06-14", "2023-06-14"),
        ("yesterday", "2023-06-13", "2023-06-13"),
        ("the day before yesterday", "2023-06-12", "2023-06-12"),
        ("two days ago", "2023-06-12", "2023-06-12"),
        ("10 days ago", "2023-06-04", "2023-06-04"),
        ("last Friday", "2023-06-09", "2023-06-09"),
        ("this past Saturday", "2023-06-10", "2023-06-10"),
        ("on Tuesday", "2023-06-13", "2023-06-13"),
        ("on Wednesday", "2023-06-07", "2023-06-07"),
        ("on Monday last week", "2023-06-05", "2023-06-05"),
        ("last week's Friday", "2023-06-09", "2023-06-09"),
        ("last week", "2023-06-05", "2023-06-11"),
        ("this week", "2023-06-12", "2023-06-18"),
        ("last weekend", "2023-06-10", "2023-06-11"),
        ("over the weekend", "2023-06-10", "2023-06-11"),
        ("three weeks ago", "2023-05-21", "2023-05-27"),
        ("a couple of weeks ago", "2023-05-28", "2023-06-03"),
        ("on the Wednesday two months ago", "2023-04-12", "2023-04-12"),
        ("last month", "2023-05-01", "2023-05-31"),
        ("this month", "2023-06-01", "2023-06-30"),
        ("last year", "2022-01-01", "2022-12-31"),
        ("last summer", "2022-06-01", "2022-08-31"),
        ("this spring", "2023-03-01", "2023-05-31"),
        ("in the summer of 2021", "2021-06-01", "2021-08-31"),
        ("in Q3 2022", "2022-07-01", "2022-09-30"),
        ("in the first quarter of 2022", "2022-01-01", "2022-03-31"),
        ("last winter", "2022-12-01", "2023-02-28"),
        ("at Christmas", "2022-12-25", "2022-12-25"),
        ("on Valentine's Day", "2023-02-14", "2023-02-14"),
        ("on New Year’s Eve", "2022-12-31", "2022-12-31"),
        ("on Easter", "2023-04-09", "2023-04-09"),
        ("at Thanksgiving 2021", "2021-11-25", "2021-11-25"),
        ("on the 13th", "2023-06-13", "2023-06-13"),
        ("on the 20th", "2023-05-20", "2023-05-20"),
        ("on the 31st", "2023-05-31", "2023-05-31"),
    ],
)
def test_relative_expressions_count_from_the_present(phrase: str, first: str, last: str) -> None:
    assert named(f"What did I buy {phrase}?") == days(first, last)


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("on 8 May 2023", "2023-05-08", "2023-05-08"),
        ("on the 8th of May, 2023", "2023-05-08", "2023-05-08"),
        ("on May 8th, 2023", "2023-05-08", "2023-05-08"),
        ("on may 8 2023", "2023-05-08", "2023-05-08"),
        ("on 2023-05-08", "2023-05-08", "2023-05-08"),
        ("on 2023/5/8", "2023-05-08", "2023-05-08"),
        ("on 8.5.2023", "2023-05-08", "2023-05-08"),
        ("on 25/12/2022", "2022-12-25", "2022-12-25"),
        ("on 3-8 May 2022", "2022-05-03", "2022-05-08"),
        ("on May 3 to 8, 2022", "2022-05-03", "2022-05-08"),
        ("in May 2022", "2022-05-01", "2022-05-31"),
        ("in Sept. 2022", "2022-09-01", "2022-09-30"),
        ("in 2022-05", "2022-05-01", "2022-05-31"),
        ("in 05/2022", "2022-05-01", "2022-05-31"),
        ("in 2022", "2022-01-01", "2022-12-31"),
        ("between August 11 and August 15 2022", "2022-08-11", "2022-08-15"),
        ("from July to October 2022", "2022-07-01", "2022-10-31"),
        ("between 2020 and 2022", "2020-01-01", "2022-12-31"),
        ("in the second week of November 2022", "2022-11-08", "2022-11-14"),
        ("in the last week of November 2022", "2022-11-24", "2022-11-30"),
        ("on the first Monday of May 2023", "2023-05-01", "2023-05-01"),
        ("on the last weekend in May 2023", "2023-05-27", "2023-05-28"),
        ("in the first half of September 2022", "2022-09-01", "2022-09-15"),
        ("in the week of 23 June 2022", "2022-06-20", "2022-06-26"),
        ("the week before 16 November 2022", "2022-11-09", "2022-11-15"),
        ("the day before 3 June 2023", "2023-06-02", "2023-06-02"),
        ("the Sunday before October 25, 2022", "2022-10-23", "2022-10-23"),
        ("last weekend before April 10, 2023", "2023-04-08", "2023-04-09"),
        ("10 days after 1 May 2023", "2023-05-11", "2023-05-11"),
    ],
)
def test_dates_with_a_year_need_no_present(phrase: str, first: str, last: str) -> None:
    query = f"Where were you {phrase}?"
    assert named(query) == named(query, None) == days(first, last)


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("in May", "2023-05-01", "2023-05-31"),
        ("in june", "2023-06-01", "2023-06-30"),
        ("in July", "2022-07-01", "2022-07-31"),
        ("last March", "2023-03-01", "2023-03-31"),
        ("on May 8th", "2023-05-08", "2023-05-08"),
        ("on the 13th of August", "2022-08-13", "2022-08-13"),
        ("between May and July", "2022-05-01", "2022-07-31"),
        ("from October to March", "2022-10-01", "2023-03-31"),
        ("on 29 February", "2020-02-29", "2020-02-29"),
    ],
)
def test_without_a_year_it_is_the_latest_that_has_begun(phrase: str, first: str, last: str) -> None:
    assert named(f"Who came {phrase}?") == days(first, last)


def test_a_date_in_slashes_is_read_month_first_unless_that_is_yet_to_come() -> None:
    assert named("what about 5/8/2023?") == days("2023-05-08")
    assert named("what about 8/5/2023?") == days("2023-05-08")
    assert named("what about 8/5/2022?") == days("2022-08-05")


@pytest.mark.parametrize(
    ("phrase", "start"),
    [
        ("in the past three months", datetime(2023, 3, 14, 15, 30)),
        ("over the past week", datetime(2023, 6, 7, 15, 30)),
        ("since April", datetime(2023, 4, 1)),
        ("since 2021", datetime(2021, 1, 1)),
        ("since last summer", datetime(2022, 6, 1)),
        ("since the start of the year", datetime(2023, 1, 1)),
        ("自从四月", datetime(2023, 4, 1)),
        ("过去两周", datetime(2023, 5, 31, 15, 30)),
    ],
)
def test_what_lasts_until_now_ends_now(phrase: str, start: datetime) -> None:
    (span,) = time_spans(f"How often did I run {phrase}?", NOW)
    assert (span.start, span.end) == (start.replace(tzinfo=SHANGHAI), NOW)


@pytest.mark.parametrize(
    ("phrase", "first", "last"),
    [
        ("昨天", "2023-06-13", "2023-06-13"),
        ("前天", "2023-06-12", "2023-06-12"),
        ("两天前", "2023-06-12", "2023-06-12"),
        ("三周前", "2023-05-21", "2023-05-27"),
        ("十五天以前", "2023-05-30", "2023-05-30"),
        ("上周五", "2023-06-09", "2023-06-09"),
        ("上上周五", "2023-06-02", "2023-06-02"),
        ("这周一", "2023-06-12", "2023-06-12"),
        ("星期天", "2023-06-11", "2023-06-11"),
        ("上周末", "2023-06-10", "2023-06-11"),
        ("上个星期", "2023-06-05", "2023-06-11"),
        ("上个月", "2023-05-01", "2023-05-31"),
        ("上个月8号", "2023-05-08", "2023-05-08"),
        ("今年", "2023-01-01", "2023-12-31"),
        ("去年五月", "2022-05-01", "2022-05-31"),
        ("去年夏天", "2022-06-01", "2022-08-31"),
        ("去年第四季度", "2022-10-01", "2022-12-31"),
        ("2023年一季度", "2023-01-01", "2023-03-31"),
        ("去年上半年", "2022-01-01", "2022-07-02"),
        ("5月8日", "2023-05-08", "2023-05-08"),
        ("五月", "2023-05-01", "2023-05-31"),
        ("2023年5月8号", "2023-05-08", "2023-05-08"),
        ("2023年5月", "2023-05-01", "2023-05-31"),
        ("二〇二二年十二月", "2022-12-01", "2022-12-31"),
        ("2022年", "2022-01-01", "2022-12-31"),
        ("从五月到七月", "2022-05-01", "2022-07-31"),
    ],
)
def test_chinese_expressions(phrase: str, first: str, last: str) -> None:
    (found,) = named(f"我{phrase}去了哪里？")
    assert found[:10] == first
    assert found.split(" to ")[1][:10] == last


def test_hours_of_a_day_are_narrower_than_the_day() -> None:
    assert named("what did I eat this morning?") == ["2023-06-14 05:00 to 2023-06-14 11:59"]
    assert named("and yesterday evening?") == ["2023-06-13 17:00 to 2023-06-13"]
    assert named("昨天下午我说了什么？") == ["2023-06-13 12:00 to 2023-06-13 17:59"]
    (span,) = time_spans("an hour ago?", NOW)
    assert span.start <= NOW - timedelta(hours=1) < span.end <= NOW


@pytest.mark.parametrize(
    "query",
    [
        "May I ask something?",
        "it may 5 times as likely rain",
        "may 3 people come along?",
        "who may be in charge?",
        "they march on, march 3 miles and march home",
        "give me a second, the second one",
        "the sun sat on the sea",
        "what did I say before my trip?",
        "which day of the week do I swim?",
        "what do I do on Tuesdays?",
        "how many days ago was it?",
        "my last year of college",
        "the last time we met, my last name",
        "the fall of Rome",
        "I live on the 5th floor",
        "the 27th item of your list",
        "the march of time",
        "a meeting at 10:30, room 2019, chapter 5/8",
        "0800-2023-999999",
        "what is on next Friday, this Friday, tomorrow, next week, next May?",
        "a group of 2000 people, 2000 dollars for 2000 books",
        "in the end, at the end of the day",
        "以前天气怎么样？",
        "一周一次还是每周五？",
        "三个人，五年级，一年级",
        "我在四季度假村住了几天？",
        "",
    ],
)
def test_words_that_only_look_like_a_time_are_none(query: str) -> None:
    assert named(query) == []


@pytest.mark.parametrize(
    "query", ["on the 31st of June", "2023-13-45", "31/31/2022", "5000 years ago"]
)
def test_what_no_calendar_has_is_no_time(query: str) -> None:
    assert named(query) == []


def test_without_a_present_relative_expressions_mean_nothing() -> None:
    assert named("yesterday, last Friday, in May, three weeks ago, since April?", None) == []
    assert named("昨天，上周五，五月，三周前？", None) == []


def test_without_a_present_spans_are_in_utc() -> None:
    (span,) = time_spans("in May 2022?", None)
    assert span.start == datetime(2022, 5, 1, tzinfo=timezone.utc)


def test_spans_are_in_the_time_zone_of_the_present() -> None:
    (span,) = time_spans("in May 2022?", NOW)
    assert span.start == datetime(2022, 4, 30, 16, tzinfo=timezone.utc)
    assert span.start.tzinfo is SHANGHAI


def test_what_is_yet_to_begin_is_left_out() -> None:
    assert named("what did I plan for 3 July 2023, and this weekend?") == []


def test_a_day_that_the_clocks_left_out_is_no_span() -> None:
    samoa = datetime(2023, 6, 14, tzinfo=ZoneInfo("Pacific/Apia"))
    assert named("what did I do on 30 December 2011?", samoa) == []
    assert named("what did I do on 31 December 2011?", samoa) == days("2011-12-31")


def test_several_expressions_come_in_their_order() -> None:
    spans = time_spans("Did I run more last week than in May 2022, or 去年八月?", NOW)
    assert [span.phrase for span in spans] == ["last week", "in May 2022", "去年八月"]


def test_a_phrase_is_as_it_was_written() -> None:
    (span,) = time_spans("So, THREE  Weeks\tAgo?", NOW)
    assert span.phrase == "THREE  Weeks\tAgo"


def test_the_vaguer_the_words_the_greater_the_slack() -> None:
    phrases = ["on 8 May 2023", "three days ago", "three weeks ago", "a few weeks ago", "lately"]
    slack = [time_spans(phrase, NOW)[0].fuzz for phrase in phrases]
    assert slack[0] == timedelta()
    assert slack == sorted(set(slack))


def test_closeness_is_one_inside_and_falls_to_zero_outside() -> None:
    day = timedelta(days=1)
    span = Span(NOW, NOW + 4 * day, "then", fuzz=2 * day)
    at = [span.closeness(NOW + offset * day) for offset in (-3, -2, -1, 0, 2, 4)]
    assert at == [0.0, 0.0, 0.5, 1.0, 1.0, 1.0]


def test_closeness_falls_more_slowly_after_the_span_because_things_are_told_later() -> None:
    (span,) = time_spans("What did I see on 8 May 2023?", NOW)
    assert span.closeness(span.start - timedelta(hours=1)) == 0.0
    assert 0.5 < span.closeness(span.end + timedelta(days=1)) < 1.0
    assert span.closeness(span.end + timedelta(days=3)) == 0.0


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert named("x " * 1000 + "yesterday") == []


WORDS = (
    "last this past next on in since from to between and the of before after ago two a few "
    "day week weekend month year hour Friday May may 8th 31 29 2023 2023-05 5/8/2022 early end "
    "February first summer christmas recently 上 个 周 五 月 日 年 前 从 到 三 十 去年 最近 底 - ,"
).split()
MOMENTS = st.none() | st.datetimes(timezones=st.timezones())


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(), MOMENTS)
@example("0 hours ago, 999 years ago, 一九〇〇年", datetime(1, 1, 1, tzinfo=SHANGHAI))
@example("上十十十周前", NOW)
@example("٣ days ago, 三百天前", datetime.max.replace(tzinfo=timezone.utc))
def test_any_text_gives_spans_in_order_that_are_not_empty(query: str, now: datetime | None) -> None:
    spans = time_spans(query, now)
    assert all(span.start.timestamp() < span.end.timestamp() for span in spans)
    assert all(span.phrase in query for span in spans)
    assert all(span.fuzz >= timedelta() for span in spans)
    assert all(span.earliest <= span.start < span.end < span.latest for span in spans)
    assert all(0.0 <= span.closeness(span.start) <= 1.0 for span in spans)


def test_a_span_reaches_no_further_than_the_calendar() -> None:
    [today] = time_spans("today", datetime(9999, 12, 30, tzinfo=timezone.utc))
    assert today.latest == datetime.max.replace(tzinfo=timezone.utc)
