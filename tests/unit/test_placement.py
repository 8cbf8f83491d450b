"""Places of blocks of memories in a request."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

pytest.importorskip("openai")

from openai.types.chat import ChatCompletionMessageParam

from remem.attach.conversation import PLACEMENTS, check_placement, placed, turns_of
from remem.recall.prompt import framed
from remem.store import InvalidInput

BLOCKS = [framed([f"[k{n}] The dog of neighbour {n} is called Pickle."]) for n in range(10)]
SYSTEM = {"role": "system", "content": "Be brief."}

placements = st.sampled_from(PLACEMENTS)
conversations = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "system"]),
        st.text(max_size=20) | st.just([{"type": "text", "text": "Hello"}]),
    ),
    max_size=10,
)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def blocks_of(conversation: list[dict[str, Any]]) -> dict[int, str]:
    return {n: BLOCKS[n] for n, each in enumerate(conversation) if each["role"] == "user"}


CHAT = [SYSTEM, user("Hello"), assistant("Hi"), user("And the dog?")]


def test_in_a_message_the_block_is_in_front_of_the_words() -> None:
    assert placed(CHAT, {1: "A", 3: "B"}, "message") == [
        SYSTEM,
        user("A\n\nHello"),
        assistant("Hi"),
        user("B\n\nAnd the dog?"),
    ]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_content_may_be_a_list_of_texts(placement: str) -> None:
    said = [{"role": "system", "content": ["Be", "brief."]}, user(["Hello", "you"])]
    sent = placed(said, {1: BLOCKS[1]}, placement)
    assert str(sent).count("called Pickle") == 1
    assert all(isinstance(part, str) for each in sent[:2] for part in each["content"])
    assert [turn.text for turn in turns_of(sent, "s")] == ["Hello\nyou"]


def test_a_system_message_grows_at_its_end_only() -> None:
    first, *others = placed(CHAT, {3: "B", 1: "A"}, "system")
    assert first == {"role": "system", "content": "Be brief.\n\nA\n\nB"}
    assert others == CHAT[1:]


def test_of_a_system_message_in_parts_each_block_is_one() -> None:
    system = {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}
    [first, _] = placed([system, user("Hello")], {1: "A"}, "system")
    assert first["content"] == [*system["content"], {"type": "text", "text": "\n\nA"}]


def test_where_there_is_no_system_message_the_blocks_are_one() -> None:
    assert placed([user("Hello")], {0: "A"}, "system") == [
        {"role": "system", "content": "A"},
        user("Hello"),
    ]


def test_a_tool_is_called_behind_the_question_and_answers_with_the_block() -> None:
    sent = placed(CHAT, {1: "A", 3: "B"}, "tool")
    assert [each["role"] for each in sent] == [
        *("system", "user", "assistant", "tool"),
        *("assistant", "user", "assistant", "tool"),
    ]
    calls = [each["tool_calls"][0]["id"] for each in sent if each.get("tool_calls")]
    assert len({*calls}) == 2
    assert all(len(call) == 9 and call.isalnum() for call in calls)
    results = [(each["tool_call_id"], each["content"]) for each in sent if each["role"] == "tool"]
    assert results == list(zip(calls, ["A", "B"], strict=True))


@given(conversations, placements)
def test_with_blocks_the_messages_are_valid_chat_completions(
    conversation: list[dict[str, Any]], placement: str
) -> None:
    messages = TypeAdapter(list[ChatCompletionMessageParam])
    messages.validate_python(placed(conversation, blocks_of(conversation), placement), strict=True)


@given(conversations, placements)
def test_what_was_given_is_never_changed(
    conversation: list[dict[str, Any]], placement: str
) -> None:
    before = deepcopy(conversation)
    placed(conversation, blocks_of(conversation), placement)
    assert conversation == before


@given(conversations, placements)
def test_empty_blocks_change_nothing(conversation: list[dict[str, Any]], placement: str) -> None:
    empty = dict.fromkeys(range(len(conversation)), "")
    assert placed(conversation, empty, placement) == conversation


@given(conversations, placements)
def test_a_front_end_that_keeps_what_was_sent_has_said_the_same(
    conversation: list[dict[str, Any]], placement: str
) -> None:
    def words(messages: Any) -> list[str]:
        return [turn.text.strip() for turn in turns_of(messages, "s")]

    sent = placed(conversation, blocks_of(conversation), placement)
    assert words(sent) == words(conversation)


@given(conversations, st.sampled_from(["message", "tool"]))
def test_what_was_sent_is_how_the_next_request_begins(
    conversation: list[dict[str, Any]], placement: str
) -> None:
    longer = [*conversation, assistant("Pickle."), user("Thanks")]
    sent = placed(conversation, blocks_of(conversation), placement)
    assert placed(longer, blocks_of(conversation), placement)[: len(sent)] == sent


def test_a_placement_that_there_is_not_is_named() -> None:
    with pytest.raises(InvalidInput, match="'footer' is no placement: give message, system or too"):
        check_placement("footer")
