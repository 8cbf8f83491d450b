"""OpenAI-style messages become records, and a list continues the session that it belongs to."""

from datetime import datetime, timezone

import pytest

from remem.messages import continuation, placed, records_of
from remem.store import InvalidInput, Record


def said(*texts: str) -> list[Record]:
    return records_of([{"role": "user", "content": text} for text in texts], "chat")


def texts(records: list[Record]) -> list[str]:
    return [record.text for record in records]


def test_role_name_time_and_metadata_are_kept() -> None:
    time = datetime(2024, 5, 1, 9, 30, tzinfo=timezone.utc)
    message = {"role": "user", "content": "Hi", "name": "Ana", "time": time, "metadata": {"n": 1}}
    [record] = records_of([message], "chat")
    assert (record.role, record.speaker, record.said_at) == ("user", "Ana", time)
    assert record.metadata == {"n": 1}
    assert record.key == "chat#0"


def test_times_may_be_iso_8601() -> None:
    [record] = records_of([{"role": "user", "content": "Hi", "time": "2024-05-01T09:30:00Z"}], "c")
    assert record.said_at == datetime(2024, 5, 1, 9, 30, tzinfo=timezone.utc)


def test_only_what_somebody_said_counts() -> None:
    messages = [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What is the weather?"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "sunny"},
        {"role": "assistant", "content": "Sunny."},
    ]
    records = records_of(messages, "chat")
    assert [(r.position, r.text) for r in records] == [(0, "What is the weather?"), (1, "Sunny.")]


def test_the_text_parts_of_a_message_are_joined() -> None:
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url"},
        {"type": "text", "text": "x"},
    ]
    assert texts(records_of([{"role": "user", "content": parts}], "chat")) == ["Look:\nx"]


def test_a_message_id_is_the_identity() -> None:
    [record] = records_of([{"role": "user", "content": "Hi", "id": "m7"}], "chat")
    assert record.key == "chat#m7"
    assert placed([record], 5)[0].key == "chat#m7"


@pytest.mark.parametrize(
    "message", ["hello", {"role": "user", "content": 7}, {"content": "x", "time": "yesterday"}]
)
def test_what_is_no_message_is_refused(message: object) -> None:
    with pytest.raises(InvalidInput, match="message 0"):
        records_of([message], "chat")  # type: ignore[list-item]


def test_the_newest_exchange_is_appended() -> None:
    new = continuation(said("a", "b"), said("c", "d"), 2)
    assert [(r.key, r.text) for r in new] == [("chat#2", "c"), ("chat#3", "d")]


def test_the_whole_conversation_adds_what_is_new() -> None:
    assert texts(continuation(said("a", "b"), said("a", "b", "c"), 2)) == ["c"]


def test_the_tail_of_a_conversation_adds_what_is_new() -> None:
    assert texts(continuation(said("a", "b", "c"), said("b", "c", "d"), 3)) == ["d"]


def test_the_same_list_again_adds_nothing() -> None:
    assert continuation(said("a", "b"), said("a", "b"), 2) == []


def test_an_empty_session_takes_everything() -> None:
    assert texts(continuation([], said("a", "b"), 0)) == ["a", "b"]


def test_equal_words_at_another_time_are_said_again() -> None:
    early, late = (
        records_of([{"role": "user", "content": "Hi", "time": time}], "chat")
        for time in ("2024-05-01T09:00:00Z", "2024-05-02T09:00:00Z")
    )
    assert [record.position for record in continuation(early, late, 1)] == [1]


def test_the_same_words_of_another_speaker_are_said_again() -> None:
    ana, ben = (
        records_of([{"role": "user", "name": name, "content": "yes"}], "chat")
        for name in ("Ana", "Ben")
    )
    assert texts(continuation(ana, ben, 1)) == ["yes"]


def test_the_same_words_under_another_id_are_said_again() -> None:
    one, two = (
        records_of([{"role": "user", "id": name, "content": "yes"}], "chat") for name in "ab"
    )
    assert texts(continuation(one, two, 1)) == ["yes"]
    assert continuation(one, one, 1) == []


def test_a_forgotten_turn_of_a_whole_conversation_stays_forgotten() -> None:
    whole = said("a", "b", "c", "d", "e", "f")
    stored = [record for record in whole[:5] if record.text != "b"]
    assert texts(continuation(stored, whole, 5)) == ["f"]


def test_a_few_words_that_came_before_are_no_proof_of_a_whole_conversation() -> None:
    assert texts(continuation(said("ok", "thanks"), said("x", "ok", "thanks"), 2)) == [
        "x",
        "ok",
        "thanks",
    ]
