import gzip
import json
from datetime import datetime, timedelta, timezone

import pytest

HI = {"role": "user", "content": "Hi"}
HELLO = {"role": "assistant", "content": "Hello"}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat.json", [HI, HELLO]),
        ("chat.json", {"messages": [HI, HELLO]}),
        ("chat.json", json.dumps([HI, HELLO], indent=2)),
        ("chat.json", json.dumps({"model": "m", "messages": [HI, HELLO]}, indent=2)),
        ("chat.jsonl", lines(HI, HELLO)),
        ("chat.json", lines(HI, HELLO)),
        # Without the time, so that all workers of a test run collect the same.
        ("chat.jsonl.gz", gzip.compress(lines(HI, HELLO).encode(), mtime=0)),
    ],
)
def test_one_conversation_is_one_source_named_by_its_file(read, write, name, content):
    reading = read(write(name, content))
    assert reading.format == "OpenAI messages"
    assert [(r.source, r.role, r.text) for r in reading.records] == [
        (name, "user", "Hi"),
        (name, "assistant", "Hello"),
    ]
    assert reading.keys == [f"{name}#1", f"{name}#2"]
    assert reading.problems == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("all.json", [{"messages": [HI]}, {"messages": [HELLO], "id": "s2"}]),
        ("all.jsonl", lines({"messages": [HI]}, {"messages": [HELLO], "id": "s2"})),
        ("all.jsonl", lines([HI], {"messages": [HELLO], "session": "s2"})),
    ],
)
def test_each_list_of_messages_is_a_source(read, write, name, content):
    reading = read(write(name, content))
    assert reading.keys == [f"{name}/1#1", "s2#1"]


def test_time_name_id_session_and_metadata_are_kept(read, write):
    message = HI | {
        "time": "2024-05-01T09:30:00+02:00",
        "name": "Ana",
        "id": "m1",
        "session": "monday",
        "metadata": {"topic": "tea"},
    }
    (record,) = read(write("chat.jsonl", lines(message))).records
    assert (record.key, record.source) == ("monday#m1", "monday")
    assert record.speaker == "Ana"
    assert record.said_at == datetime(2024, 5, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    assert record.said_at.utcoffset() == timedelta(hours=2)
    assert record.metadata == {"topic": "tea"}


@pytest.mark.parametrize("time", [1714555800, 1714555800.0, 1714555800000, "2024-05-01T09:30:00"])
def test_times_in_seconds_milliseconds_or_without_offset_are_utc(read, write, time):
    (record,) = read(write("chat.json", [HI | {"timestamp": time}])).records
    assert record.said_at == datetime(2024, 5, 1, 9, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "time",
    [
        1714555800000000,
        1714555800000000000,
        "1714555800",
        "1714555800.0",
        "Wed, 01 May 2024 09:30:00 +0000",
        "Wednesday, May 1, 2024 at 9:30:00 AM UTC",
        "May 1, 2024 9:30am",
        "31/05/2024 9:30 AM",
        "05/31/2024 09:30",
    ],
)
def test_times_in_many_spellings_are_understood(read, write, time):
    reading = read(write("chat.json", [HI | {"timestamp": time}]))
    assert reading.records[0].said_at.strftime("%Y-%m %H:%M") == "2024-05 09:30"
    assert reading.problems == []


@pytest.mark.parametrize("time", ["05/01/2024 9:30", "1/5/2024"])
def test_a_time_that_may_be_in_two_months_is_left_out_and_reported(read, write, time):
    reading = read(write("chat.json", [HI | {"timestamp": time}]))
    assert [(record.text, record.said_at) for record in reading.records] == [("Hi", None)]
    assert time in reading.problems[0].reason


@pytest.mark.parametrize("name", ["createdAt", "created", "sent_at", "inserted_at"])
def test_a_time_has_many_names(read, write, name):
    time = "2024-05-01T09:30:00Z"
    for message in (HI | {name: time}, HI | {"metadata": {name: time}}):
        (record,) = read(write("chat.json", [message])).records
        assert record.said_at == datetime(2024, 5, 1, 9, 30, tzinfo=timezone.utc)


def test_messages_without_a_time_have_that_of_their_conversation(read, write):
    later = HELLO | {"timestamp": "2024-05-02T09:30:00Z"}
    session = {"id": "s", "created_at": "2024-05-01T09:30:00Z", "messages": [HI, later]}
    records = read(write("chat.json", [session])).records
    assert [record.said_at.day for record in records] == [1, 2]


@pytest.mark.parametrize(
    ("name", "speaker"), [({"first": "Ana", "last": "Lima"}, "Ana Lima"), (7, "7"), ("Bo", "Bo")]
)
def test_a_name_of_any_kind_costs_no_words(read, write, name, speaker):
    (record,) = read(write("chat.json", [HI | {"name": name, "metadata": "x"}])).records
    assert (record.speaker, record.text, record.metadata) == (speaker, "Hi", {"metadata": "x"})


@pytest.mark.parametrize(
    "content",
    [
        [{"role": "user", "parts": [{"type": "text", "text": "Hi"}]}],
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        [{"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}],
        [{"role": "assistant", "tool_calls": [{"id": "t"}]}, HI],
        [{"content": "x" * (1 << 20), "role": "system"}, HI],
    ],
)
def test_messages_of_other_apis_are_recognised(read, write, content):
    reading = read(write("chat.json", content))
    assert [(record.role, record.text) for record in reading.records] == [("user", "Hi")]


def test_a_model_of_any_api_is_an_assistant_whose_reasoning_is_left_out(read, write):
    parts = [{"text": "<think>\nA greeting.\n</think>\n\nHello!"}]
    (record,) = read(write("chat.json", {"contents": [{"role": "model", "parts": parts}]})).records
    assert (record.role, record.text) == ("assistant", "Hello!")


@pytest.mark.parametrize("time", [10**400, -1e300, True, "soon", {"at": 1}, "0000-00-00"])
def test_what_is_not_a_time_is_reported_and_the_words_are_kept(read, write, time):
    reading = read(write("chat.json", [HI, HI | {"timestamp": time}]))
    assert [(record.text, record.said_at) for record in reading.records] == [("Hi", None)] * 2
    assert "is not a time" in reading.problems[0].reason


def test_what_nobody_said_is_left_out_quietly(read, write):
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]}
    system = {"role": "system", "content": "be kind"}
    tool = {"role": "tool", "content": "42"}
    empty = {"role": "user", "content": "  "}
    reading = read(write("chat.json", [system, HI, call, tool, empty]))
    assert reading.texts == ["Hi"]
    assert reading.problems == []


def test_text_parts_of_a_content_are_joined(read, write):
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "a cat"},
    ]
    assert read(write("chat.json", [HI | {"content": parts}])).texts == ["Look:\na cat"]


def test_a_broken_line_is_reported_with_its_number_and_the_rest_is_read(read, write):
    content = "\n".join(
        [
            json.dumps(HI),
            "{not json",
            json.dumps({"role": "user"}),
            json.dumps(HI | {"time": "soon"}),
            '{"role": "user", "content": "half \\ud83d"}',
            json.dumps(HELLO),
        ]
    )
    reading = read(write("chat.jsonl", content))
    assert reading.texts == ["Hi", "Hi", "Hello"]
    assert [problem.line for problem in reading.problems] == [2, 3, 4, 5]


def test_text_is_kept_word_for_word(read, write):
    text = "  two\r\n\tlines \u200d👩‍👩‍👧 \u0301"
    assert read(write("chat.jsonl", lines(HI | {"content": text}))).texts == [text]


def test_a_gz_that_is_cut_short_gives_its_whole_lines_and_one_problem(read, write):
    many = lines(*({"role": "user", "content": f"{n} {n * n}"} for n in range(5000)))
    packed = gzip.compress(many.encode())
    reading = read(write("chat.jsonl.gz", packed[: len(packed) // 2]))
    assert reading.texts[0] == "0 0"
    assert 100 < len(reading.texts) < 5000
    assert "cannot be read any further" in reading.problems[-1].reason
