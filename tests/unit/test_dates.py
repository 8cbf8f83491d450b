"""Dates on the command line: what people write is a span, and the option says which end counts."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from remem.dates import earliest, latest, readable
from remem.recall.reading.dates import time_spans
from remem.store.errors import InvalidInput


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", (2024, 1, 1), (2024, 12, 31, 23, 59, 59, 999999)),
        ("2024-02", (2024, 2, 1), (2024, 2, 29, 23, 59, 59, 999999)),
        ("March 2023", (2023, 3, 1), (2023, 3, 31, 23, 59, 59, 999999)),
        ("3 May 2024", (2024, 5, 3), (2024, 5, 3, 23, 59, 59, 999999)),
        ("2024-05-03 14:05", (2024, 5, 3, 14, 5), (2024, 5, 3, 14, 5, 59, 999999)),
    ],
)
def test_a_date_means_the_whole_span_that_it_names(
    text: str, first: tuple[int, ...], last: tuple[int, ...]
) -> None:
    assert earliest(text) == local(*first)
    assert latest(text) == local(*last)


@pytest.mark.parametrize("text", ["yesterday", "Last week", "3 days ago", "last May", "today"])
def test_words_mean_what_they_mean_in_a_question(text: str) -> None:
    present = datetime.now().astimezone()
    [span] = time_spans(text, present)
    first, end = (each.replace(tzinfo=None).astimezone() for each in (span.start, span.end))
    assert (earliest(text), latest(text)) == (first, end - timedelta(microseconds=1))


def test_words_are_read_at_the_clock_of_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        offsets = [earliest(text).utcoffset() for text in ("last year", "last summer", "July 2023")]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert offsets == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=2)]


def test_now_is_now() -> None:
    before = datetime.now().astimezone()
    assert before <= earliest("now") <= latest("Now") <= datetime.now().astimezone()


@pytest.mark.parametrize("text", ["yesterday and more", "what was yesterday"])
def test_a_sentence_is_no_date(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a date"):
        earliest(text)


def test_an_offset_that_is_written_is_kept() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert earliest("2024-05-03T14:05+05:30") == datetime(2024, 5, 3, 14, 5, tzinfo=india)


@pytest.mark.parametrize("text", ["", "soonish", "2024-13-45", "9" * 30, "2024-03-17T20:30+25:00"])
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a date; write it like 2024-03-17"):
        earliest(text)


@pytest.mark.parametrize("text", ["Friday", "Friday 13:00", "Saturday 13:00", "17", "17th"])
def test_one_of_many_days_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is one of many days; write its date"):
        earliest(text)


def test_a_time_alone_is_today_and_a_date_without_a_year_in_this_one() -> None:
    today = datetime.now()
    assert earliest("13:00") == local(today.year, today.month, today.day, 13)
    assert latest("3 May") == local(today.year, 5, 3, 23, 59, 59, 999999)


def test_a_date_is_shown_at_the_clock_of_whoever_said_it() -> None:
    lisbon_summer = timezone(timedelta(hours=1))
    said_at = datetime(2024, 5, 3, 14, 5, tzinfo=lisbon_summer)
    assert readable(said_at) == "3 May 2024, 14:05"
    assert readable(None) == ""
