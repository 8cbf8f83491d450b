"""A session that a framework keeps in a memory."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem import Memory
from remem.attach.frameworks.transcript import Item, Transcript, words_of
from remem.store import InvalidInput
from remem.testing import HashEncoder


@pytest.fixture
def transcript(memory: Memory) -> Transcript:
    return Transcript(memory, "s", "test")


def said(text: str, role: str = "user") -> Item:
    return Item({"role": role, "content": text}, role, text, ("content",))


def call(name: str) -> Item:
    return Item({"type": "call", "name": name}, "call")


def values(transcript: Transcript, last: int | None = None) -> list[Any]:
    return [transcript.value(record) for record in transcript.records(last)]


def test_items_come_back_in_order_and_as_they_were(transcript: Transcript) -> None:
    items = [said("hello"), call("a"), call("b"), said("done", "assistant"), call("a")]
    transcript.append(items[:2])
    transcript.append(items[2:])
    assert values(transcript) == [item.value for item in items]


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        max_size=4,
    )
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_comes_back(given_values: list[Any]) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        transcript = Transcript(memory, "s", "test")
        transcript.append([Item(value, "thing") for value in given_values])
        assert values(transcript) == given_values


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": b"x"}, {(1, 2): 3}, [object()]])
def test_what_is_not_json_is_refused_and_nothing_of_its_batch_is_kept(
    transcript: Transcript, value: Any
) -> None:
    with pytest.raises(InvalidInput, match="not JSON"):
        transcript.append([said("hello"), Item(value, "thing")])
    assert values(transcript) == []


def test_nan_in_an_item_comes_back(transcript: Transcript) -> None:
    transcript.append([Item({"score": math.nan}, "thing")])
    [value] = values(transcript)
    assert math.isnan(value["score"])


def test_only_what_was_said_is_recalled(transcript: Transcript) -> None:
    transcript.append([said("The parrot is blue."), call("parrot")])
    transcript.append([Item({"content": "parrot"}, "system", "parrot")])
    found = transcript.memory.search("parrot")
    assert [one.record.text for one in found] == ["The parrot is blue."]
    assert [turn.text for turn in transcript.memory.last("s", 9)] == ["The parrot is blue."]


def test_what_nobody_said_stands_in_no_window(transcript: Transcript) -> None:
    transcript.append([said("What now?"), call("parrot"), said("Tea.", "assistant")])
    store = transcript.memory._writer.store
    [entry] = store.entries("ana", ["s#0"])
    assert entry.views["window"].text == "What now?\nTea."


def test_the_words_of_a_turn_are_kept_once(transcript: Transcript) -> None:
    transcript.append([said("xylophone")])
    [record] = transcript.records()
    assert "xylophone" not in str(record.metadata)


def test_a_block_of_memories_in_an_item_is_not_remembered(transcript: Transcript) -> None:
    transcript.memory.add("The key is under the pot.")
    block = transcript.memory.context("Where is the key?", floor=0.0).text
    items = [said(f"{block}\n\nWhere is the key?"), said(block)]
    transcript.append(items)
    assert values(transcript) == [item.value for item in items]
    assert {one.record.text.strip() for one in transcript.memory.search("key")} == {
        "The key is under the pot.",
        "Where is the key?",
    }


def test_the_reasoning_in_front_of_an_answer_comes_back_and_is_not_remembered(
    transcript: Transcript,
) -> None:
    text = "<think>Where did she put it?</think>The key is under the pot."
    items = [said(text), said(text, "assistant"), said("<think>hm", "assistant")]
    transcript.append(items)
    assert values(transcript) == [item.value for item in items]
    # What a user writes he says, whatever it looks like.
    assert [record.text for record in transcript.memory.last("s", 9)] == [
        text,
        "The key is under the pot.",
    ]


def test_the_last_items_can_be_read_alone(transcript: Transcript) -> None:
    items = [call("a"), said("one"), call("b"), said("two"), call("c"), call("d")]
    transcript.append(items)
    for last in range(8):
        expected = [item.value for item in items][max(0, len(items) - last) :]
        assert values(transcript, last) == expected


def test_the_last_item_is_taken_away(transcript: Transcript) -> None:
    items = [said("one"), call("a"), said("two", "assistant"), call("b")]
    transcript.append(items)
    for item in reversed(items):
        popped = transcript.pop()
        assert popped is not None
        assert transcript.value(popped) == item.value
    assert transcript.pop() is None
    assert transcript.memory.count() == 0


def test_a_long_session_stays_in_order(transcript: Transcript) -> None:
    items = [said(f"turn {i}") if i % 3 else call(str(i)) for i in range(600)]
    transcript.append(items)
    assert values(transcript) == [item.value for item in items]
    assert values(transcript, 300) == [item.value for item in items][-300:]


def test_an_item_is_taken_away_by_one_only(transcript: Transcript) -> None:
    transcript.append([said(f"turn {i}") for i in range(12)])
    with ThreadPoolExecutor(4) as pool:
        popped = list(pool.map(lambda _: transcript.pop(), range(12)))
    assert sorted(record.position for record in popped if record) == list(range(12))


def test_a_session_that_was_cleared_begins_anew(transcript: Transcript, memory: Memory) -> None:
    other = Transcript(memory, "other", "test")
    for each in (transcript, other):
        each.append([said("hello"), call("a")])
    transcript.clear()
    assert values(transcript) == []
    assert len(values(other)) == 2
    transcript.append([said("again")])
    assert values(transcript) == [said("again").value]


def test_items_of_several_writers_are_all_kept(memory: Memory) -> None:
    """Each has an adapter of its own, and all say the same."""
    barrier = threading.Barrier(4)

    def write(_: int) -> None:
        barrier.wait()
        for _ in range(5):
            Transcript(memory, "s", "test").append([said("yes"), call("a")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    kept = values(Transcript(memory, "s", "test"))
    assert kept.count(said("yes").value) == kept.count(call("a").value) == 20


def test_writers_of_two_processes_take_no_place_from_each_other(memory: Memory) -> None:
    with Memory(memory.url, "ana", encoder=HashEncoder()) as other:
        for each in (memory, other, memory):
            Transcript(each, "s", "test").append([said("yes"), call("a")])
        assert len(values(Transcript(other, "s", "test"))) == 6


def test_turns_that_came_another_way_belong_to_the_session(transcript: Transcript) -> None:
    transcript.append([said("hello"), call("a")])
    transcript.memory.add_messages([{"role": "assistant", "content": "hi"}], session="s")
    transcript.append([said("bye")])
    assert [record.text for record in transcript.records()][::2] == ["hello", "hi"]
    assert values(transcript)[2:] == [None, said("bye").value]


def test_what_nobody_said_belongs_to_its_framework_alone(
    transcript: Transcript, memory: Memory
) -> None:
    transcript.append([said("hello"), call("a")])
    other = Transcript(memory, "s", "other")
    assert [record.text for record in other.records()] == ["hello"]


def test_an_updated_turn_reads_as_it_was_updated(transcript: Transcript) -> None:
    transcript.append([said("The code is 1234."), said("Noted.", "assistant")])
    transcript.memory.update("s#0", "The code is gone.")
    assert [value["content"] for value in values(transcript)] == ["The code is gone.", "Noted."]


def test_the_session_survives_a_restart_and_an_export(
    transcript: Transcript, memory: Memory, tmp_path: Any
) -> None:
    items = [said("hello"), call("a"), said("bye")]
    transcript.append(items)
    memory.export(tmp_path / "lines.jsonl")
    with Memory(":memory:", "ana", encoder=HashEncoder()) as copy:
        copy.import_(tmp_path / "lines.jsonl")
        assert values(Transcript(copy, "s", "test")) == [item.value for item in items]
        assert [one.record.text for one in copy.search("hello")] == ["hello", "bye"]


@pytest.mark.parametrize(
    ("content", "words", "place"),
    [
        ("hello", "hello", ()),
        (None, "", None),
        ([], "", None),
        (["hello"], "hello", (0,)),
        ([{"type": "image"}, {"type": "text", "text": "hello"}], "hello", (1, "text")),
        ([{"type": "refusal", "refusal": "no"}], "no", (0, "refusal")),
        ([{"text": "a"}, {"text": "b"}], "a\nb", None),
        ([{"text": 7}, 7, {"text": " "}], "", None),
    ],
)
def test_words_are_found_in_every_form_of_content(content: Any, words: str, place: Any) -> None:
    assert words_of(content) == (words, place)
