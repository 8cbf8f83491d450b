from datetime import datetime, timedelta, timezone
from zipfile import ZipFile

import pytest

from remem.ingest import WhatsAppReader

CET = timezone(timedelta(hours=1))
READER = WhatsAppReader(zone=CET)
NAME = "WhatsApp Chat with Ana.txt"


@pytest.mark.parametrize(
    "line",
    [
        "31/12/23, 23:59 - Ana: Hi",
        "31/12/2023 23:59 - Ana: Hi",
        "31.12.23, 23:59 - Ana: Hi",
        "12/31/23, 11:59 PM - Ana: Hi",
        "12/31/23, 11:59\u202fPM - Ana: Hi",
        "31/12/23, 11:59 p. m. - Ana: Hi",
        "2023-12-31, 23:59 - Ana: Hi",
        "2023/12/31 下午11:59 - Ana: Hi",
        "2023년 12월 31일 오후 11:59 - Ana: Hi",
        "31/12/2023 à 23:59 - Ana: Hi",
        "[31/12/23, 23:59:00] Ana: Hi",
        "[31.12.23, 23:59:00] Ana: Hi",
        "[12/31/23, 11:59:00 PM] Ana: Hi",
        "\u200e[2023-12-31, 11:59:00 p.m.] Ana: Hi",
        "[31/12/2023, 23.59.00] Ana: Hi",
    ],
)
def test_the_layouts_of_many_languages_are_read(read, write, line):
    path = write(NAME, f"{line}\n")
    assert read(path).format == "WhatsApp export"
    reading = read(path, READER)
    (record,) = reading.records
    assert (record.speaker, record.text) == ("Ana", "Hi")
    assert record.said_at == datetime(2023, 12, 31, 23, 59, tzinfo=CET)
    assert record.said_at.utcoffset() == timedelta(hours=1)
    assert reading.problems == []


def test_midnight_and_noon_on_a_clock_of_twelve_hours(read, write):
    path = write(NAME, "12/31/23, 12:05 AM - Ana: night\n12/31/23, 12:05 PM - Ana: noon\n")
    assert [record.said_at.hour for record in read(path, READER).records] == [0, 12]


def test_one_date_decides_days_and_months_for_the_whole_file(read, write):
    path = write(NAME, "03/04/24, 10:00 - Ana: a\n03/25/24, 10:00 - Ana: b\n")
    reading = read(path, READER)
    assert [record.said_at.month for record in reading.records] == [3, 3]
    assert reading.problems == []


def test_without_such_a_date_the_order_of_messages_decides(read, write):
    path = write(NAME, "01/02/24, 10:00 - A: a\n02/02/24, 10:00 - A: b\n01/03/24, 10:00 - A: c\n")
    assert [record.said_at.month for record in read(path, READER).records] == [2, 2, 3]


def test_if_nothing_decides_the_guess_is_reported(read, write):
    reading = read(write(NAME, "03/04/24, 10:00 - Ana: a\n"), READER)
    assert reading.records[0].said_at.month == 4
    assert "day first" in reading.problems[0].reason


def test_lines_that_do_not_begin_a_message_continue_it(read, write):
    path = write(NAME, "31/12/23, 23:59 - Ana: one\n\n  two: 2\n31/12/23, 23:59 - Bo: three\n")
    assert read(path, READER).texts == ["one\n\n  two: 2", "three"]


def test_what_the_app_wrote_is_left_out_and_captions_are_kept(read, write):
    path = write(
        NAME,
        "31/12/23, 23:50 - Messages and calls are end-to-end encrypted.\n"
        "31/12/23, 23:51 - Ana: <Media omitted>\n"
        "31/12/23, 23:52 - Ana: \u200eIMG-1.jpg (file attached)\nour garden\n"
        "[31/12/23, 23:53:00] Ana: \u200eimage omitted\n"
        "31/12/23, 23:54 - Ana:\n",
    )
    reading = read(path, READER)
    assert reading.texts == ["our garden"]
    assert reading.problems == []


def test_an_export_that_begins_later_gives_the_same_messages_the_same_keys_and_order(read, write):
    lines = [f"31/12/23, 23:{minute:02d} - Ana: {minute}\n" for minute in range(10) for _ in "ab"]
    whole = read(write(NAME, "".join(lines)), READER).records
    later = read(write("2/" + NAME, "".join(lines[8:])), READER).records
    assert [(r.key, r.position) for r in later] == [(r.key, r.position) for r in whole[8:]]
    assert len({record.key for record in whole}) == len(lines)


def test_positions_increase_even_where_times_go_back(read, write):
    path = write(NAME, "31/12/23, 23:59 - A: a\n31/12/23, 23:58 - A: b\n31/12/23, 23:59 - A: c\n")
    records = read(path, READER).records
    assert sorted(records, key=lambda record: record.position) == records
    assert len({record.key for record in records}) == 3


def test_an_impossible_date_is_reported_with_its_line(read, write):
    path = write(NAME, "31/12/23, 23:59 - Ana: a\n45/12/23, 23:59 - Ana: b\n")
    reading = read(path, READER)
    assert reading.texts == ["a"]
    assert reading.problems[0].line == 2


def test_a_line_before_the_first_message_is_reported(read, write):
    reading = read(write(NAME, "stray\n31/12/23, 23:59 - Ana: a\n"), READER)
    assert reading.texts == ["a"]
    assert reading.problems[0].line == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("WhatsApp Chat with Ana.txt", "whatsapp/Ana"),
        ("WhatsApp Chat with Ana (1).txt", "whatsapp/Ana"),
        ("WhatsApp-Chat mit Ana.txt", "whatsapp/Ana"),
        ("Chat de WhatsApp con Ana.txt", "whatsapp/Ana"),
        ("WhatsApp Chat - Ana/_chat.txt", "whatsapp/Ana"),
        ("friends.txt", "whatsapp/friends"),
    ],
)
def test_the_file_names_the_chat(read, write, name, source):
    assert read(write(name, "31/12/23, 23:59 - Ana: a\n")).records[0].source == source


def test_the_zip_of_an_iphone_is_read(read, tmp_path):
    path = tmp_path / "WhatsApp Chat - Ana.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", "[31/12/23, 23:59:00] ~ Ana: a\r\n")
        archive.writestr("photo.jpg", b"\xff\xd8")
    (record,) = read(path).records
    assert (record.source, record.speaker, record.text) == ("whatsapp/Ana", "Ana", "a")


def test_without_a_zone_times_are_those_of_this_machine(read, write):
    (record,) = read(write(NAME, "31/12/23, 23:59 - Ana: a\n"), WhatsAppReader()).records
    assert record.said_at == datetime(2023, 12, 31, 23, 59).astimezone()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_unicode_encodings_are_recognised(read, write, encoding):
    path = write(NAME, "31/12/23, 23:59 - Zoë: schön 😀\n".encode(encoding))
    reading = read(path)
    assert [(r.speaker, r.text) for r in reading.records] == [("Zoë", "schön 😀")]
    assert reading.problems == []


def test_a_windows_code_page_is_guessed_and_the_guess_is_reported(read, write):
    line = "31/12/23, 23:59 - Аня: Привет, как дела? Мы едем на дачу в субботу утром.\n"
    reading = read(write(NAME, (line * 20).encode("cp1251")))
    assert reading.records[0].text.startswith("Привет, как дела?")
    assert "not UTF-8" in reading.problems[0].reason


def test_one_damaged_byte_in_utf8_costs_only_its_message(read, write):
    good = "31/12/23, 23:59 - Zoë: schön\n".encode()
    reading = read(write(NAME, good * 3 + good.replace("ö".encode(), b"\xf6") + good * 3))
    assert len(reading.records) == 6
    assert [problem.line for problem in reading.problems] == [4]


def test_damage_far_from_other_letters_is_not_taken_for_a_code_page(read, write):
    line = b"31/12/23, 23:59 - Ana: plain words\n"
    early = "31/12/23, 23:59 - Zoë: schön\n".encode()
    reading = read(write(NAME, early + line * 5000 + b"31/12/23, 23:59 - Ana: \xff\n" + line))
    assert reading.records[0].speaker == "Zoë"
    assert [problem.line for problem in reading.problems] == [5002]


def test_damage_in_utf16_costs_only_its_message(read, write):
    text = "31/12/23, 23:59 - Ana: words\n".encode("utf-16-le")
    reading = read(write(NAME, text + text[:-2] + b"\x00\xd8" + text[-2:] + text))
    assert reading.texts == ["words", "words"]
    assert [problem.line for problem in reading.problems] == [2]
