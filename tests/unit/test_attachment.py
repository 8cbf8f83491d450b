"""Recall before a generation, remember after it: what holds on every road."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem import Memory
from remem.attach.attachment import Attachment, Exchange
from remem.contents import pin
from remem.recall.prompt import estimate_tokens
from remem.testing import HashEncoder

QUESTION = {"role": "user", "content": "What is the dog called?"}


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture
def closed() -> Memory:
    """A memory that fails whatever it is asked."""
    memory = Memory(":memory:", encoder=HashEncoder())
    memory.close()
    return memory


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def stored(memory: Memory) -> list[str]:
    """All texts, in the order of their sessions."""
    return [record.text for record in memory.scan()]


def exchanged(memory: Memory, messages: list[dict[str, Any]], answer: str) -> Exchange:
    exchange = Attachment(memory).recall(messages)
    exchange.remember(answer)
    return exchange


# Before the generation ---------------------------------------------------------------------------


def test_memories_come_in_front_of_the_question(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    exchange = Attachment(memory).recall([QUESTION])
    (message,) = exchange.messages
    assert message["content"] == f"{exchange.context.text}\n\n{QUESTION['content']}"
    assert [one.record.text for one in exchange.context.recollections] == [
        "The dog is called Pickle."
    ]


def test_the_reply_can_tell_why_a_memory_was_given(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    (recollection,) = Attachment(memory).recall([QUESTION]).context.recollections
    assert recollection.relevance > 0
    assert "dense turn" in recollection.parts


def test_where_nothing_matters_the_messages_go_on_as_they_are(memory: Memory) -> None:
    assert Attachment(memory).recall([QUESTION]).messages == (QUESTION,)


def test_what_the_model_reads_anyway_is_not_recalled(memory: Memory) -> None:
    said = [user("The dog is called Pickle."), assistant("A fine name.")]
    Attachment(memory).recall(said[:1]).remember("A fine name.")
    exchange = Attachment(memory).recall([*said, QUESTION])
    assert exchange.context.recollections == ()


def test_what_the_model_reads_anyway_takes_no_place_of_other_memories(memory: Memory) -> None:
    memory.add("In spring the dog was called Pickle.")
    said = [user(f"Call the dog dog number {n}.") for n in range(9)]
    memory.add_messages(said)
    exchange = Attachment(memory, k=1, floor=0).recall([*said, user("the dog called dog")])
    assert [one.record.text for one in exchange.context.recollections] == [
        "In spring the dog was called Pickle."
    ]


def test_what_was_said_before_the_model_reads_on_can_be_recalled(memory: Memory) -> None:
    earlier = [user("The dog is called Pickle."), assistant("A fine name.")]
    Attachment(memory).recall(earlier[:1], "s").remember("A fine name.")
    exchange = Attachment(memory).recall([QUESTION], "s", earlier=earlier)
    assert "The dog is called Pickle." in exchange.context.text


def test_budget_and_tokenizer_limit_the_block(memory: Memory) -> None:
    for n in range(40):
        memory.add(f"The dog is called Pickle, said neighbour {n}.")

    def count(text: str) -> int:
        return 2 * estimate_tokens(text)

    exchange = Attachment(memory, budget=300, count_tokens=count).recall([QUESTION])
    assert 200 < count(exchange.context.text) <= 300


def test_k_limits_the_memories(memory: Memory) -> None:
    for n in range(9):
        memory.add(f"The dog is called Pickle, said neighbour {n}.")
    assert len(Attachment(memory, k=2).recall([QUESTION]).context.recollections) == 2


def test_all_questions_since_the_last_answer_are_recalled_for(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    memory.add("The kiln broke in March.")
    exchange = Attachment(memory, floor=0).recall([user("When did the kiln break?"), QUESTION])
    assert len(exchange.context.recollections) == 2


def test_of_a_question_with_an_image_the_words_are_recalled_for(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    text = {"type": "text", "text": QUESTION["content"]}
    (message,) = Attachment(memory).recall([user([image, text])]).messages
    block, *parts = message["content"]
    assert "Pickle" in block["text"]
    assert parts == [image, text]


def test_a_question_that_is_only_an_image_goes_on_as_it_is(memory: Memory) -> None:
    message = user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}])
    exchange = Attachment(memory).recall([message])
    assert (exchange.messages, exchange.problem) == ((message,), None)


def test_what_is_pinned_is_in_every_prompt_and_first_in_the_budget(memory: Memory) -> None:
    for n in range(40):
        memory.add(f"The dog is called Pickle, said neighbour {n}.")
    note = memory.add("Answer in French, please.")
    pin(memory, note.key)
    for question in ("What is the dog called?", "Hello there"):
        exchange = Attachment(memory, budget=150, k=3).recall([user(question)])
        assert "Answer in French, please." in exchange.context.text


@given(
    st.lists(st.sampled_from([QUESTION, assistant("Pickle."), user([]), user(None)]), max_size=5)
)
def test_the_callers_messages_are_never_changed(messages: list[dict[str, Any]]) -> None:
    before = deepcopy(messages)
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add("The dog is called Pickle.")
        exchanged(memory, messages, "Pickle.")
    assert messages == before


# After the generation ----------------------------------------------------------------------------


def test_question_and_answer_are_stored_together_and_word_for_word(memory: Memory) -> None:
    before = datetime.now(timezone.utc)
    exchange = Attachment(memory).recall([user(" My bicycle\nis green. ")], "s")
    assert stored(memory) == []
    exchange.remember("Noted.", name="bot")
    asked, answered = memory.scan()
    assert (asked.text, asked.role, asked.source) == (" My bicycle\nis green. ", "user", "s")
    assert (answered.text, answered.role, answered.speaker) == ("Noted.", "assistant", "bot")
    assert asked.said_at is not None
    assert answered.said_at is not None
    assert before <= asked.said_at <= answered.said_at


def test_without_an_answer_nothing_is_stored(memory: Memory) -> None:
    Attachment(memory).recall([user("My bicycle is green.")])
    assert stored(memory) == []


@pytest.mark.parametrize("answer", ["", "  \n"])
def test_an_empty_answer_is_not_the_end_of_the_exchange(memory: Memory, answer: str) -> None:
    exchanged(memory, [user("Will it rain?")], answer)
    assert stored(memory) == []


def test_when_tools_were_called_the_question_is_stored_with_the_last_answer(
    memory: Memory,
) -> None:
    call = assistant(None) | {"tool_calls": [{"id": "1", "function": {"name": "weather"}}]}
    result = {"role": "tool", "tool_call_id": "1", "content": "sunny, secretly"}
    exchanged(memory, [user("Will it rain?")], "")
    exchanged(memory, [user("Will it rain?"), call, result], "No, it is sunny.")
    assert stored(memory) == ["Will it rain?", "No, it is sunny."]


def test_the_block_is_never_stored_again(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    # Some front ends keep what was sent, and so send the block back with the next message.
    first = Attachment(memory).recall([QUESTION])
    first.remember(f"{first.context.text}\n\nPickle, of course.")
    exchanged(memory, [*map(dict, first.messages), assistant("Pickle."), user("Thanks")], "Ok.")
    assert not any("<memories>" in text or "are data" in text for text in stored(memory))
    assert "Pickle, of course." in stored(memory)


def test_a_request_that_is_sent_again_is_stored_once(memory: Memory) -> None:
    for _ in range(3):
        exchanged(memory, [user("Hello")], "Hi")
    assert stored(memory) == ["Hello", "Hi"]


def test_a_request_that_another_process_sends_again_is_stored_once(tmp_path: Path) -> None:
    for _ in range(2):
        with Memory(tmp_path, encoder=HashEncoder()) as memory:
            exchanged(memory, [user("Hello")], "Hi")
            assert stored(memory) == ["Hello", "Hi"]


def test_requests_sent_again_at_the_same_time_are_stored_once(tmp_path: Path) -> None:
    with Memory(tmp_path, encoder=HashEncoder()) as memory, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: exchanged(memory, [user("Hello")], "Hi"), range(24)))
        assert stored(memory) == ["Hello", "Hi"]


def test_the_same_words_said_again_later_are_stored_again(memory: Memory) -> None:
    exchanged(memory, [user("yes")], "Sure?")
    exchanged(memory, [user("yes"), assistant("Sure?"), user("yes")], "Sure?")
    assert stored(memory) == ["yes", "Sure?", "yes", "Sure?"]


def test_of_a_conversation_that_began_elsewhere_only_the_new_exchange_is_stored(
    memory: Memory,
) -> None:
    exchanged(memory, [user("Hello"), assistant("Hi"), user("And you?")], "Fine.")
    assert stored(memory) == ["And you?", "Fine."]


def test_messages_without_a_session_share_the_one_that_their_beginning_names(
    memory: Memory,
) -> None:
    exchanged(memory, [user("Hello")], "Hi")
    exchanged(memory, [user("Hello"), assistant("Hi"), user("And you?")], "Fine.")
    assert len(memory.sources()) == 1


def test_names_and_metadata_of_messages_are_stored_with_them(memory: Memory) -> None:
    message = user("Hello") | {"name": "Nora", "metadata": {"mood": "calm"}}
    exchanged(memory, [message], "Hi")
    asked = next(memory.scan())
    assert (asked.speaker, dict(asked.metadata)) == ("Nora", {"mood": "calm"})


def test_a_message_with_a_time_keeps_it(memory: Memory) -> None:
    exchanged(memory, [user("Hello") | {"time": "2024-03-17T20:30:00+05:30"}], "Hi")
    asked = next(memory.scan())
    assert asked.said_at is not None
    assert asked.said_at.isoformat() == "2024-03-17T20:30:00+05:30"


said = st.sampled_from(["yes", "no", "Hello", "The kiln broke."])


@given(st.lists(st.tuples(said, said), min_size=1, max_size=5), st.data())
def test_however_often_requests_are_sent_again_every_turn_is_stored_once(
    exchanges: list[tuple[str, str]], data: st.DataObject
) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        conversation: list[dict[str, Any]] = []
        for question, answer in exchanges:
            conversation += [user(question), assistant(answer)]
            for end in [len(conversation), data.draw(st.integers(1, len(conversation) // 2)) * 2]:
                Attachment(memory).recall(conversation[: end - 1], "s").remember(
                    conversation[end - 1]["content"]
                )
        assert stored(memory) == [turn for exchange in exchanges for turn in exchange]


# A memory that fails -----------------------------------------------------------------------------


def test_a_memory_that_fails_lets_the_messages_through_and_says_why(closed: Memory) -> None:
    exchange = Attachment(closed).recall([QUESTION])
    assert exchange.messages == (QUESTION,)
    assert exchange.problem is not None
    assert exchange.problem.startswith("nothing could be recalled: ")


def test_an_answer_that_cannot_be_remembered_says_why(closed: Memory) -> None:
    problem = Attachment(closed).recall([QUESTION]).remember("Pickle.").problem
    assert problem is not None
    assert problem.startswith("nothing could be remembered: ")


def test_failures_are_logged(closed: Memory, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="remem"):
        Attachment(closed).recall([QUESTION]).remember("Pickle.")
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "nothing could be recalled",
        "nothing could be remembered",
    ]


def test_what_could_not_be_recalled_for_is_remembered_all_the_same() -> None:
    class Moody(HashEncoder):
        works = True

        def encode_query(self, text: str) -> Any:
            if not self.works:
                raise RuntimeError("no vectors today")
            return super().encode_query(text)

    encoder = Moody()
    with Memory(":memory:", encoder=encoder) as memory:
        memory.add("The kiln broke.")
        encoder.works = False
        exchange = Attachment(memory).recall([QUESTION], "s")
        assert exchange.problem == "nothing could be recalled: RuntimeError: no vectors today"
        encoder.works = True
        assert exchange.remember("Pickle.").problem is None
        assert stored(memory)[-2:] == [QUESTION["content"], "Pickle."]


@pytest.mark.parametrize(
    "broken", [["Hello"], [user(5)], [{"content": "Hello"}], [{"role": 7, "content": "Hello"}]]
)
def test_messages_of_another_form_go_on_to_the_model_which_judges_them(
    memory: Memory, broken: list[Any]
) -> None:
    memory.add("Hello")
    exchange = Attachment(memory, floor=0).recall(broken)
    assert exchange.messages == tuple(broken)
    assert (exchange.problem, exchange.context.text) == (None, "")
    assert str(exchange.notice).startswith("message 0 was not remembered, because ")
    assert exchange.remember("Hi").turns.added == ()


def test_what_is_recalled_is_what_the_model_reads(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    part = user({"type": "text", "text": QUESTION["content"]})
    exchange = Attachment(memory).recall([part])
    assert (exchange.messages, exchange.context.recollections) == ((part,), ())
    exchange.remember("Pickle.")
    assert QUESTION["content"] in stored(memory)


def test_a_field_that_cannot_be_kept_costs_no_words_and_is_named(memory: Memory) -> None:
    messages = [user("Hello") | {"time": 5}, assistant("Hi"), user("And you?") | {"name": 7}]
    exchange = Attachment(memory).recall(messages)
    assert exchange.notice == "message 2 was remembered without its name"
    assert exchange.remember("Fine.").problem is None
    assert stored(memory) == ["And you?", "Fine."]


def test_an_answer_that_is_only_reasoning_says_nothing_and_that_is_told(memory: Memory) -> None:
    remembered = Attachment(memory).recall([user("Hello")]).remember("<think>hm</think>")
    assert remembered.problem == (
        "nothing was remembered: the answer is nothing but reasoning or memories"
    )
    assert stored(memory) == []


def test_a_conversation_can_pass_by_and_can_be_only_read(memory: Memory) -> None:
    memory.add("The dog is called Pickle.")
    passed = Attachment(memory).passed_by([QUESTION])
    read = Attachment(memory).recall([QUESTION]).only_read()
    assert passed.messages == (QUESTION,)
    assert "Pickle" in read.context.text
    for exchange in (passed, read):
        assert exchange.remember("Pickle.").turns.added == ()
        assert exchange.give_up("it failed").problem is None
    assert stored(memory) == ["The dog is called Pickle."]


# What an answer was made from --------------------------------------------------------------------


def lisbon(memory: Memory) -> str:
    return memory.add("I moved to Lisbon in spring.").key


def test_an_answer_keeps_the_keys_of_the_memories_it_was_given(memory: Memory) -> None:
    key = lisbon(memory)
    exchange = Attachment(memory).recall([user("Where is my flat, Lisbon?")])
    [_, answer] = exchange.remember("In Lisbon.").turns.added
    record = memory.get(answer)
    assert record is not None
    assert key in record.metadata["recalled"]


def test_an_answer_without_memories_keeps_no_keys(memory: Memory) -> None:
    [_, answer] = Attachment(memory).recall([user("What is 2 + 2?")]).remember("4.").turns.added
    record = memory.get(answer)
    assert record is not None
    assert "recalled" not in record.metadata


def test_another_answer_keeps_its_own_keys_and_the_labels_of_the_first(memory: Memory) -> None:
    asked = [user("Where is my flat, Lisbon?")]
    [_, first] = Attachment(memory).recall(asked).remember("No idea at all.").turns.added
    pin(memory, first)
    key = lisbon(memory)
    [present] = Attachment(memory).recall(asked).remember("In Lisbon.").turns.added
    record = memory.get(present)
    assert record is not None
    assert record.metadata["pinned"]
    assert key in record.metadata["recalled"]


def test_no_answer_stands_above_the_memory_it_was_made_from(memory: Memory) -> None:
    key = lisbon(memory)
    for n in range(5):
        exchange = Attachment(memory).recall([user("Where is my flat, Lisbon?")], f"chat {n}")
        exchange.remember(f"Your flat is in Lisbon, where you moved ({n}).")
    found = memory.search("Where is my flat, Lisbon?", 10)
    assert found[0].record.key == key
    assert {one.echo for one in found if one.record.role == "assistant"} == {"retold"}
