"""Blocks that go again with their messages: when, which, and how much is kept for it."""

from __future__ import annotations

import gc
import sqlite3
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem import Memory
from remem.attach.attachment import Attachment, Exchange
from remem.attach.replay import Note, Notes, Prefixes, Replays, Shown
from remem.recall.prompt import estimate_tokens
from remem.store import F
from remem.testing import HashEncoder

PICKLE = "The dog of Ravi is called Pickle."
KILN = "The kiln of Nora broke in March."
DOG = {"role": "user", "content": "What is the dog of Ravi called?"}
KILN_ASKED = {"role": "user", "content": "When did the kiln of Nora break?"}
THANKS = {"role": "user", "content": "Thanks"}
ANSWER = {"role": "assistant", "content": "So it is."}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "sunny"}
SOON = datetime(2026, 5, 1, tzinfo=timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture
def chat(memory: Memory) -> Attachment:
    return Attachment(memory, replays=Replays())


def sent(exchange: Exchange) -> list[Any]:
    return list(exchange.messages)


def test_a_block_goes_again_with_its_message_byte_for_byte(
    memory: Memory, chat: Attachment
) -> None:
    memory.add(PICKLE)
    first = sent(chat.recall([DOG]))
    assert PICKLE in first[0]["content"]
    assert sent(chat.recall([DOG, ANSWER, THANKS])) == [*first, ANSWER, THANKS]


def test_what_a_model_reads_in_an_earlier_block_is_not_recalled_again(
    memory: Memory, chat: Attachment
) -> None:
    memory.add(PICKLE)
    chat.recall([DOG])
    again = chat.recall([DOG, ANSWER, DOG])
    assert again.context.recollections == ()
    assert str(sent(again)).count(PICKLE) == 1


def test_a_turn_that_had_no_block_gets_none_later(memory: Memory, chat: Attachment) -> None:
    first = sent(chat.recall([DOG]))
    memory.add(PICKLE)
    again = sent(chat.recall([DOG, ANSWER, DOG]))
    assert again[:1] == first == [DOG]
    assert PICKLE in again[2]["content"]


def test_of_a_memory_that_had_to_be_cut_the_same_part_goes_again(memory: Memory) -> None:
    memory.add(f"{PICKLE} {'He barks at the kiln. ' * 200}")
    chat = Attachment(memory, budget=200, replays=Replays())
    first = sent(chat.recall([DOG]))
    assert "[…]" in first[0]["content"]
    assert sent(chat.recall([DOG, ANSWER, THANKS]))[:1] == first


@pytest.mark.parametrize("wipe", ["forget", "delete"])
def test_what_was_forgotten_does_not_go_again(memory: Memory, chat: Attachment, wipe: str) -> None:
    kept, gone = memory.add("The dog of Ravi likes Nora."), memory.add(PICKLE)
    assert PICKLE in sent(chat.recall([DOG]))[0]["content"]
    if wipe == "forget":
        memory.forget(F("key") == gone.key)
    else:
        memory.delete(gone.key)
    again = sent(chat.recall([DOG, ANSWER, THANKS]))
    assert "Pickle" not in str(again)
    assert kept.text in again[0]["content"]


def test_a_memory_that_is_damaged_later_costs_no_other(tmp_path: Path) -> None:
    with Memory(tmp_path, encoder=HashEncoder()) as memory:
        kept, damaged = memory.add("The dog of Ravi likes Nora."), memory.add(PICKLE)
        chat = Attachment(memory, replays=Replays())
        assert PICKLE in sent(chat.recall([DOG]))[0]["content"]
        with closing(sqlite3.connect(tmp_path / "records.sqlite3")) as file, file:
            file.execute("UPDATE records SET text = 'x' WHERE key = ?", [damaged.key])
        again = chat.recall([DOG, ANSWER, THANKS])
        assert again.problem is None
        assert kept.text in sent(again)[0]["content"]


def test_where_all_was_forgotten_there_is_no_block(memory: Memory, chat: Attachment) -> None:
    gone = memory.add(PICKLE)
    chat.recall([DOG])
    memory.forget(F("key") == gone.key)
    assert sent(chat.recall([DOG, ANSWER, THANKS])) == [DOG, ANSWER, THANKS]


def test_what_was_corrected_goes_as_it_is_now(memory: Memory, chat: Attachment) -> None:
    old = memory.add(PICKLE)
    chat.recall([DOG])
    memory.update(old.key, "The dog of Ravi is called Waffle.")
    again = sent(chat.recall([DOG, ANSWER, DOG]))
    assert "Pickle" not in str(again)
    assert "Waffle" in again[2]["content"]


def test_what_stands_under_the_same_key_in_other_words_does_not_go_again(
    memory: Memory, chat: Attachment
) -> None:
    old = memory.add(PICKLE, key="dog")
    chat.recall([DOG])
    memory.put_records([replace(old, text="The dog of Ravi is called Waffle.", stored_at=None)])
    again = sent(chat.recall([DOG, ANSWER, THANKS]))
    assert again[0] == DOG


def test_what_has_expired_does_not_go_again(memory: Memory, chat: Attachment) -> None:
    record = memory.add(PICKLE)
    chat.recall([DOG])
    past = datetime(2020, 1, 1, tzinfo=timezone.utc)
    memory.put_records([replace(record, expires_at=past, stored_at=None)])
    assert sent(chat.recall([DOG, ANSWER, THANKS]))[0] == DOG


def test_a_memory_that_is_damaged_meanwhile_does_not_go_again_and_all_others_do(
    tmp_path: Path,
) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add(PICKLE, key="dog")
        memory.add("The dog of Ravi is old.")
        chat = Attachment(memory, replays=Replays())
        chat.recall([DOG], "s")
        with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as database:
            database.execute("UPDATE records SET text = 'x' WHERE key = 'dog'")
            database.commit()
        memory.add(KILN)
        later = chat.recall([DOG, ANSWER, KILN_ASKED], "s")
    assert later.problem is None
    assert PICKLE not in str(later.messages)
    assert "The dog of Ravi is old." in later.messages[0]["content"]
    assert KILN in later.messages[-1]["content"]


def test_another_branch_of_a_conversation_gets_no_block_of_the_first(
    memory: Memory, chat: Attachment
) -> None:
    memory.add(PICKLE)
    memory.add(KILN)
    hello = {"role": "user", "content": "Hello"}
    first = sent(chat.recall([hello, ANSWER, DOG], "s"))
    edited = sent(chat.recall([hello, ANSWER, KILN_ASKED, ANSWER, THANKS], "s"))
    assert "Pickle" not in str(edited)
    another_answer = {"role": "assistant", "content": "Good day."}
    other = sent(chat.recall([hello, another_answer, DOG, ANSWER, THANKS], "s"))
    assert other[2] == DOG
    assert sent(chat.recall([hello, ANSWER, DOG, ANSWER, THANKS], "s"))[:3] == first


@pytest.mark.parametrize("other", ["namespace", "session"])
def test_the_same_words_of_somebody_else_get_no_block(memory: Memory, other: str) -> None:
    memory.add(PICKLE)
    replays = Replays()
    Attachment(memory, replays=replays).recall([DOG], "mine")
    theirs = memory.in_namespace("theirs") if other == "namespace" else memory
    session = "theirs" if other == "session" else "mine"
    exchange = Attachment(theirs, replays=replays).recall([DOG, ANSWER, THANKS], session)
    assert sent(exchange) == [DOG, ANSWER, THANKS]


def test_a_question_that_is_asked_anew_gets_what_is_remembered_now(
    memory: Memory, chat: Attachment
) -> None:
    chat.recall([DOG])
    memory.add(PICKLE)
    again = sent(chat.recall([DOG]))
    assert PICKLE in again[0]["content"]
    assert sent(chat.recall([DOG, ANSWER, THANKS]))[:1] == again


def test_while_tools_work_the_question_keeps_its_block(memory: Memory, chat: Attachment) -> None:
    memory.add(PICKLE)
    first = sent(chat.recall([DOG]))
    memory.add("The dog of Ravi is called Pickle by Nora.")
    working = chat.recall([DOG, CALL, RESULT])
    assert sent(working) == [*first, CALL, RESULT]
    assert [one.record.text for one in working.context.recollections] == [PICKLE]
    done = chat.recall([DOG, CALL, RESULT, ANSWER, THANKS])
    assert sent(done) == [*sent(working), ANSWER, THANKS]


@pytest.mark.parametrize("placement", ["message", "system", "tool"])
def test_what_the_model_does_not_read_with_a_request_gets_no_block_in_it(
    memory: Memory, placement: str
) -> None:
    memory.add(PICKLE)
    chat = Attachment(memory, placement=placement, replays=Replays())
    assert PICKLE in str(sent(chat.recall([DOG], "s")))
    working = chat.recall([RESULT], "s", earlier=[DOG])
    assert (sent(working), working.changed) == ([RESULT], False)
    assert PICKLE in str(sent(chat.recall([DOG], "s", earlier=[DOG, ANSWER])))


@pytest.mark.parametrize("placement", ["message", "system", "tool"])
def test_it_is_told_how_much_of_a_request_was_sent_before(memory: Memory, placement: str) -> None:
    chat = Attachment(memory, placement=placement, replays=Replays())
    gone = memory.add(PICKLE)
    first = chat.recall([DOG]).measure
    assert first.tokens > first.repeated == 0
    second = chat.recall([DOG, ANSWER, THANKS]).measure
    assert second.repeated == first.tokens < second.tokens
    memory.forget(F("key") == gone.key)
    third = chat.recall([DOG, ANSWER, THANKS, ANSWER, THANKS]).measure
    assert third.repeated == (Prefixes().measure("", [DOG]).tokens if placement == "tool" else 0)


def test_where_no_block_goes_again_the_beginning_before_it_was_sent_before(memory: Memory) -> None:
    memory.add(PICKLE)
    chat = Attachment(memory, replays=Replays(0))
    beginning = [THANKS, ANSWER]
    assert PICKLE in str(sent(chat.recall([*beginning, DOG])))
    again = chat.recall([*beginning, DOG, ANSWER, THANKS]).measure
    assert again.repeated == Prefixes().measure("", beginning).tokens < again.tokens


def test_a_system_message_that_changed_repeats_nothing(memory: Memory, chat: Attachment) -> None:
    first, second = ({"role": "system", "content": f"It is {hour}."} for hour in ("one", "two"))
    chat.recall([first, DOG])
    assert chat.recall([second, DOG, ANSWER, THANKS]).measure.repeated == 0


def test_nobody_learns_what_was_sent_in_another_namespace() -> None:
    prefixes = Prefixes()
    prefixes.measure("mine", [DOG])
    assert prefixes.measure("theirs", [DOG]).repeated == 0
    assert prefixes.measure("mine", [DOG]).repeated > 0


def test_of_what_was_sent_only_the_last_is_known() -> None:
    prefixes = Prefixes(most=4)
    requests = [[{"role": "user", "content": f"Hello, number {n}"}] for n in range(6)]
    for request in [*requests[:3], requests[0], *requests[3:]]:
        prefixes.measure("default", request)
    known = [prefixes.measure("default", requests[n]).repeated > 0 for n in (5, 4, 3, 0, 1, 2)]
    assert known == [True] * 4 + [False] * 2


@pytest.mark.parametrize("content", [None, 5, [5], {"text": 5}, [{"text": 5}], [None]])
def test_content_without_words_has_no_tokens(content: Any) -> None:
    assert Prefixes().measure("default", [{"role": "user", "content": content}]) == (0, 0)


def test_of_a_message_with_an_image_the_words_are_measured() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 9999}"}}
    words = {"type": "text", "text": "What is it? " * 10}
    [in_parts, in_one] = [
        Prefixes().measure("default", [{"role": "user", "content": content}])
        for content in ([image, words], words["text"])
    ]
    assert in_parts == in_one == (30, 0)


def facts(memory: Memory, topics: int) -> list[dict[str, Any]]:
    """Remembers ten facts on each topic; returns questions about them."""
    for n in range(topics):
        for m in range(10):
            memory.add(
                f"The xylophone{n} was heard {m} times in the street of neighbour number {m}."
            )
    return [{"role": "user", "content": f"xylophone{n}"} for n in range(topics)]


def asked_in_turn(chat: Attachment, questions: list[dict[str, Any]]) -> list[Exchange]:
    conversation: list[dict[str, Any]] = []
    exchanges = []
    for question in questions:
        exchanges.append(chat.recall([*conversation, question]))
        conversation += [question, ANSWER]
    return exchanges


def test_the_blocks_that_go_again_have_a_budget(memory: Memory) -> None:
    questions = facts(memory, topics=8)
    chat = Attachment(memory, budget=300, replays=Replays(budget=1000))
    exchanges = asked_in_turn(chat, questions)
    assert all(exchange.context.tokens > 100 for exchange in exchanges)
    *earlier, _ = sent(exchanges[-1])
    again = sum(estimate_tokens(str(each["content"])) for each in earlier)
    assert 600 < again < 1100


def test_what_is_beyond_the_budget_leaves_the_beginning_as_it_was(memory: Memory) -> None:
    questions = facts(memory, topics=8)
    exchanges = asked_in_turn(Attachment(memory, budget=300, replays=Replays(1000)), questions)
    for before, after in pairwise(exchanges):
        *beginning, _ = sent(before)
        assert sent(after)[: len(beginning)] == beginning


def test_with_a_budget_of_0_no_block_goes_again(memory: Memory) -> None:
    memory.add(PICKLE)
    chat = Attachment(memory, replays=Replays(0))
    assert PICKLE in str(sent(chat.recall([DOG])))
    assert sent(chat.recall([DOG, ANSWER, THANKS])) == [DOG, ANSWER, THANKS]


def test_an_attachment_without_replays_sends_a_block_once(memory: Memory) -> None:
    memory.add(PICKLE)
    chat = Attachment(memory)
    assert PICKLE in str(sent(chat.recall([DOG])))
    assert sent(chat.recall([DOG, ANSWER, THANKS])) == [DOG, ANSWER, THANKS]


# What is kept ------------------------------------------------------------------------------------


def note(*keys: str) -> Note:
    return Note(SOON, tuple(Shown(key, 1, b"digest..") for key in keys), 1)


def test_no_words_of_a_memory_are_kept(memory: Memory) -> None:
    memory.add(PICKLE)
    notes = Notes()
    Attachment(memory, replays=Replays(notes=notes)).recall([DOG], "s")
    assert "Pickle" not in repr(vars(notes))
    assert "notes#" in repr(vars(notes))


def test_notes_take_no_more_memory_than_they_may() -> None:
    most = 2**20
    gc.collect()
    tracemalloc.start()
    try:
        notes = Notes(most_bytes=most)
        for n in range(3000):
            notes.keep("default", f"s#{n}", note(*(f"session of {n}#{m:08}" for m in range(5))))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / 4 < taken <= most


def test_the_notes_that_nobody_needed_for_longest_go_first() -> None:
    notes = Notes(most_bytes=2500)
    for key in ("a", "b", "c", "d"):
        notes.keep("default", key, note())
        notes.of("default", {0: "a"})
    assert [key for key in "abcd" if notes.of("default", {0: key})] == ["a", "c", "d"]


def test_a_note_that_is_larger_than_all_is_not_kept() -> None:
    notes = Notes(most_bytes=1000)
    notes.keep("default", "a", note(*"abc"))
    assert notes.of("default", {0: "a"}) == {}


def test_notes_can_be_made_and_read_by_many_at_once() -> None:
    notes = Notes(most_bytes=5000)

    def use(n: int) -> None:
        for m in range(200):
            notes.keep(f"n{n % 3}", f"s#{m % 7}", note(f"k{n}"))
            found = notes.of(f"n{n % 3}", {m: f"s#{m % 7}"})
            assert all(each.shown for each in found.values())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(16)))


topics = st.lists(st.integers(0, 4), min_size=1, max_size=8)


@given(topics, st.integers(0, 600))
def test_whatever_is_asked_a_conversation_grows_behind_what_was_sent(
    asked: list[int], budget: int
) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        questions = facts(memory, topics=5)
        chat = Attachment(memory, budget=200, floor=0, k=4, replays=Replays(budget))
        exchanges = asked_in_turn(chat, [questions[n] for n in asked])
    for before, after in pairwise(exchanges):
        *beginning, last = sent(before)
        assert sent(after)[: len(beginning)] == beginning
        if budget >= 200 * len(asked):
            assert sent(after)[len(beginning)] == last
