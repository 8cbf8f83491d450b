"""Headers of chats in the layouts of many languages, none of which is listed in the code."""

from datetime import datetime, timezone

import pytest

from remem.ingest import WhatsAppReader
from remem.ingest.cldr import gregorian
from remem.ingest.headers import parse_header

READER = WhatsAppReader(zone=timezone.utc)
NOON, NIGHT = datetime(2022, 3, 25, 14, 8), datetime(2022, 3, 26, 2, 8)


def times(reading):
    return [record.said_at.replace(tzinfo=None, second=0) for record in reading.records]


@pytest.mark.parametrize(
    ("noon", "night"),
    [
        ("25.3.2022 klo 14.08 -", "26.3.2022 klo 2.08 -"),
        ("[25.3.2022 klo 14.08.18]", "[26.3.2022 klo 2.08.18]"),
        ("٢٥‏/٣‏/٢٠٢٢، ٢:٠٨ م -", "٢٦‏/٣‏/٢٠٢٢، ٢:٠٨ ص -"),
        ("[٢٥‏/٣‏/٢٠٢٢، ٢:٠٨:١٨ م]", "[٢٦‏/٣‏/٢٠٢٢، ٢:٠٨:١٨ ص]"),
        ("[25.03.22 г., 14:08:18 ч.]", "[26.03.22 г., 2:08:18 ч.]"),
        ("2022. 03. 25. du. 2:08 -", "2022. 03. 26. de. 2:08 -"),
        ("25/3/22, 2:08 μ.μ. -", "26/3/22, 2:08 π.μ. -"),
        ("25/03/2022, 2:08 PTG -", "26/03/2022, 2:08 PG -"),
        ("[25.03.2022 ÖS 2:08:18]", "[26.03.2022 ÖÖ 2:08:18]"),
        ("25/3/2022 2:08 p. m. -", "26/3/2022 2:08 a. m. -"),
        ("25.3.22, 2:08 e pasdites -", "26.3.22, 2:08 e paradites -"),
        ("25/3/22, பிற்பகல் 2:08 -", "26/3/22, முற்பகல் 2:08 -"),
        ("25/3/22, 2:08 CH -", "26/3/22, 2:08 SA -"),
        ("14:08 25/3/22 -", "2:08 26/3/22 -"),
        ("[14:08, 25/3/2022]", "[2:08, 26/3/2022]"),
        ("2022-03-25 14 h 08 -", "2022-03-26 2 h 08 -"),
        ("[2022-03-25 14 h 08 min 18 s]", "[2022-03-26 2 h 08 min 18 s]"),
        ("2022/3/25 下午2:08 -", "2022/3/26 凌晨2:08 -"),
        ("2022/03/25 午後2:08 -", "2022/03/26 午前2:08 -"),
        ("22. 3. 25. 오후 2:08 -", "22. 3. 26. 오전 2:08 -"),
        ("25/3/2565 14:08 -", "26/3/2565 02:08 -"),
        ("۱۴۰۱/۱/۵،‏ ۱۴:۰۸ -", "۱۴۰۱/۱/۶،‏ ۲:۰۸ -"),
        ("2022-03-25 02:08 nm. -", "2022-03-26 02:08 vm. -"),
        ("25/03/2022 14:08:18:", "26/03/2022 02:08:18:"),
        ("25 mars 2022 à 14:08 -", "26 mars 2022 à 02:08 -"),
        ("Mar 25, 2022, 2:08 PM -", "Mar 26, 2022, 2:08 AM -"),
        ("25/03/2022, 2:08 da tarde -", "26/03/2022, 2:08 da madrugada -"),
        ("२५/३/२२, २:०८ pm -", "२६/३/२२, २:०८ am -"),
        ("[25.03.2022, 14:08 Uhr]", "[26.03.2022, 02:08 Uhr]"),
    ],
)
def test_the_words_of_a_language_are_those_of_the_cldr(read, write, noon, night):
    path = write("chat.txt", f"{noon} Ana: Hi\n{night} Bo: yes: no\n")
    assert read(path).format == "WhatsApp export"
    reading = read(path, READER)
    assert [(r.speaker, r.text) for r in reading.records] == [("Ana", "Hi"), ("Bo", "yes: no")]
    assert times(reading) == [NOON, NIGHT]
    assert reading.problems == []


def test_the_periods_of_a_day_in_chinese(read, write):
    hours = {"凌晨12": 0, "凌晨1": 1, "早上7": 7, "上午9": 9, "中午12": 12, "中午1": 13}
    hours |= {"下午3": 15, "晚上9": 21}
    lines = [f"2022/3/25 {written}:08 - Ana: {hour}\n" for written, hour in hours.items()]
    reading = read(write("chat.txt", "".join(lines)), READER)
    assert [record.said_at.hour for record in reading.records] == list(hours.values())


def test_a_name_between_a_comma_and_a_colon_is_one(read, write):
    lines = "2022년 3월 25일 오후 2:08, Ana : Hi\n2022년 3월 26일 오전 2:08, Bo : yes: no\n"
    reading = read(write("chat.txt", lines), READER)
    assert [(r.speaker, r.text) for r in reading.records] == [("Ana", "Hi"), ("Bo", "yes: no")]
    assert times(reading) == [NOON, NIGHT]


def test_a_word_for_a_part_of_the_afternoon_may_stand_for_all_of_it(read, write):
    reading = read(write("chat.txt", "25/3/22, பிற்பகல் 9:08 - Ana: Hi\n"), READER)
    assert reading.records[0].said_at.hour == 21


@pytest.mark.parametrize(
    "lines",
    [
        "12/03/2022 klukkan 2:08 zork - Ana: Hi\n13/03/2022 klukkan 2:08 zork - Bo: y\n",
        "[1.4.22 | qed 2:08 blip] Ana: Hi\n[2.4.22 | qed 2:08 blip] Bo: y\n",
        "12/3/22, 2:08 PM - Ana: Hi\n" + "13/3/22, 2:08 xq - Bo: y\n" * 2,
    ],
)
def test_a_chat_in_no_known_language_is_refused_as_a_whole(read, write, lines):
    reading = read(write("chat.txt", lines))
    assert reading.records == []
    (problem,) = reading.problems
    assert "nothing was read" in problem.reason


def test_one_line_that_is_not_understood_is_reported_and_does_not_cost_the_chat(read, write):
    path = write("chat.txt", "25/3/22, 14:08 - Ana: a\n26/3/22, 2:08 xq - Bo: y\n")
    reading = read(path)
    assert reading.texts == ["a\n26/3/22, 2:08 xq - Bo: y"]
    assert [problem.line for problem in reading.problems] == [2]


def test_the_only_word_beside_a_known_half_of_the_day_is_the_other_half(read, write):
    lines = "25/3/22, 2:08 PTG - Ana: a\n26/3/22, 2:08 xq - Bo: b\n26/3/22, 9:08 xq - Bo: c\n"
    reading = read(write("chat.txt", lines), READER)
    assert [record.said_at.hour for record in reading.records] == [14, 2, 9]


def test_the_log_of_a_program_is_no_chat(read, write):
    lines = "2024-01-01 10:00:00 - INFO: start\n2024-01-01 10:00:01 - ERROR: stop\n"
    assert read(write("log.txt", lines)).format == "document"


@pytest.mark.parametrize("line", ["25/03/2022 10:00 - meeting", "Soup: 2 eggs, 500 g, 10:30 - go"])
def test_an_agenda_is_no_chat(read, write, line):
    assert read(write("notes.txt", f"{line}\n")).format == "document"


def test_a_language_tells_days_from_months(read, write):
    reading = read(write("chat.txt", "3.4.2022 klo 14.08 - Ana: Hi\n"), READER)
    assert reading.records[0].said_at.month == 4
    assert reading.problems == []


def test_years_of_two_digits_in_front_are_found_by_the_days_that_follow(read, write):
    lines = [f"22-03-{day} 14:08 - Ana: {day}\n" for day in (25, 26, 28)]
    reading = read(write("chat.txt", "".join(lines)), READER)
    assert [record.said_at.day for record in reading.records] == [25, 26, 28]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (("2022", 3, 25), "2022-03-25"),
        (("22", 3, 25), "2022-03-25"),
        (("2565", 3, 25), "2022-03-25"),
        (("65", 3, 25), "2022-03-25"),
        (("1401", 1, 1), "2022-03-21"),
        (("1399", 12, 30), "2021-03-20"),
        (("1403", 12, 30), "2025-03-20"),
        (("1395", 1, 1), "2016-03-20"),
        (("1396", 7, 15), "2017-10-07"),
        (("01", 1, 1), "2022-03-21"),
        (("111", 3, 25), "2022-03-25"),
    ],
)
def test_years_of_other_calendars(written, day):
    assert gregorian(*written).isoformat() == day


@pytest.mark.parametrize("written", [("1443", 8, 22), ("1401", 12, 31), ("2022", 13, 1)])
def test_days_that_do_not_exist_or_cannot_be_converted(written):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of several calendars
        gregorian(*written)


def test_a_header_in_front_of_marks_leaves_the_words_as_they_are():
    header = parse_header("\u200e[٢٥‏/٣‏/٢٠٢٢، ٢:٠٨:١٨ م] \u200eسلمى: x 1")
    assert header is not None
    assert header.rest == "\u200eسلمى: x 1"


@pytest.mark.parametrize("marks", ["\u202a{}\u202c", "\u2068{}\u2069", "~ {}", "\u200e{}"])
def test_names_and_mentions_have_no_marks(read, write, marks):
    name = marks.format("Ana Lima")
    path = write("chat.txt", f"25/3/22, 14:08 - {name}: ask @\u2068Bo Reis\u2069 please\n")
    (record,) = read(path).records
    assert (record.speaker, record.text) == ("Ana Lima", "ask @Bo Reis please")
