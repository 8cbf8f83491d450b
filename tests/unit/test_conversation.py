"""Who said what in a list of chat messages, and where memories are put."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.attach.conversation import last_of, placed, session_of, turns_of, unanswered
from remem.recall.prompt import framed

BLOCK = framed(["undated, notes", "[k] The dog is called Pickle."])

texts = st.sampled_from(["yes", "no", "The kiln broke.", "And then?"]) | st.text(max_size=20)
messages = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system", "tool"]),
            "content": texts | st.none() | texts.map(lambda text: [{"type": "text", "text": text}]),
        }
    ),
    max_size=10,
)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def said(*contents: str) -> list[str]:
    """The keys of turns that alternate between the user and the assistant."""
    makers = (user, assistant)
    conversation = [makers[n % 2](content) for n, content in enumerate(contents)]
    return [turn.key for turn in turns_of(conversation, "s")]


def with_block(conversation: list[Any], block: str) -> list[Any]:
    """The conversation with a block where it goes by default."""
    return placed(conversation, {last_of("user", conversation): block}, "message")


# Turns -------------------------------------------------------------------------------------------


def test_turns_are_records_of_the_session_in_order() -> None:
    turns = turns_of([user("Hello"), assistant("Hi, Nora")], "evening")
    assert [(turn.source, turn.position, turn.role, turn.text) for turn in turns] == [
        ("evening", 0, "user", "Hello"),
        ("evening", 1, "assistant", "Hi, Nora"),
    ]
    assert all(turn.key.startswith("evening#") for turn in turns)


def test_a_request_that_is_sent_again_has_the_same_keys() -> None:
    assert said("Hello", "Hi", "How are you?") == said("Hello", "Hi", "How are you?")


def test_a_longer_conversation_begins_with_the_keys_of_the_shorter_one() -> None:
    assert said("Hello", "Hi", "How are you?")[:2] == said("Hello", "Hi")


def test_the_same_words_said_twice_are_two_turns() -> None:
    assert len(set(said("yes", "Sure?", "yes", "Sure?", "yes"))) == 5


def test_the_same_words_behind_another_turn_have_another_key() -> None:
    assert said("Hello", "Hi")[1] != said("Good morning", "Hi")[1]


def test_where_one_turn_ends_and_the_next_begins_counts() -> None:
    apart = turns_of([user("a"), user("b")], "s")[-1].key
    assert apart != turns_of([user("a\0user\0b")], "s")[-1].key
    assert apart != turns_of([user("ab")], "s")[-1].key


def test_who_said_it_counts() -> None:
    assert turns_of([user("Hi")], "s")[0].key != turns_of([assistant("Hi")], "s")[0].key


def test_a_given_id_does_not_decide_the_key() -> None:
    # A front end that numbers its messages anew would otherwise overwrite one turn with another.
    numbered = user("Hello") | {"id": "1"}
    assert turns_of([numbered], "s")[0].key == turns_of([user("Hello")], "s")[0].key


@pytest.mark.parametrize("role", ["system", "developer", "tool", "function"])
def test_what_steers_a_model_or_answers_its_tools_was_not_said(role: str) -> None:
    assert turns_of([{"role": role, "content": "Be brief."}], "s") == []


def test_a_call_of_tools_was_not_said_even_if_words_come_with_it() -> None:
    call = assistant("Let me look.") | {"tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    assert [turn.text for turn in turns_of([user("Rain?"), call], "s")] == ["Rain?"]


def test_of_a_message_with_an_image_the_words_were_said() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    parts = [{"type": "text", "text": "What is this?"}, image, {"type": "text", "text": "A mug?"}]
    assert [turn.text for turn in turns_of([user(parts)], "s")] == ["What is this?\nA mug?"]
    assert turns_of([user([image])], "s") == []


def test_a_block_of_memories_that_was_copied_along_was_not_said() -> None:
    assert [turn.text for turn in turns_of([user(f"{BLOCK}\n\nHello")], "s")] == ["Hello"]
    assert turns_of([user(BLOCK)], "s") == []


def test_a_copied_block_changes_no_key() -> None:
    assert turns_of([user(f"{BLOCK}\n\nHello")], "s")[0].key == said("Hello")[0]


def test_halves_of_surrogate_pairs_have_a_key_too() -> None:
    assert turns_of([user("half \ud800")], "s")[0].key


def test_what_is_no_message_says_nothing() -> None:
    odd: Any = ["Hello", None, 7, {}, {"role": ["user"], "content": "Hello"}, {"content": "Hello"}]
    assert [turn.text for turn in turns_of([*odd, user("Hi")], "s")] == ["Hi"]


@pytest.mark.parametrize(
    "content", [["Hel", "lo"], ("Hel", "lo"), {"text": "Hel\nlo"}, [None, 7, ["x"], "Hel", "lo"]]
)
def test_the_words_of_content_of_any_form_were_said(content: Any) -> None:
    assert [turn.text for turn in turns_of([user(content)], "s")] == ["Hel\nlo"]


@pytest.mark.parametrize("content", [7, True, 1.5, [7], {"url": "x"}, [], {}])
def test_content_without_words_says_nothing(content: Any) -> None:
    assert turns_of([user(content)], "s") == []


def test_a_call_of_a_function_was_not_said_even_if_words_come_with_it() -> None:
    call = assistant("Let me look.") | {"function_call": {"name": "f", "arguments": "{}"}}
    assert [turn.text for turn in turns_of([user("Rain?"), call], "s")] == ["Rain?"]


def test_what_is_kept_of_a_message_is_what_a_memory_can_keep() -> None:
    odd = {"name": 7, "speaker": "Nora", "time": "soon", "metadata": [1], "id": {"x": 1}}
    (turn,) = turns_of([user("Hello") | odd], "s")
    assert (turn.text, turn.speaker, turn.said_at, turn.metadata) == ("Hello", "Nora", None, {})


def test_reasoning_in_front_of_an_answer_was_not_said() -> None:
    said_so = [user("Hello"), assistant("<think>hm</think>Hi"), user("And?")]
    plain = [user("Hello"), assistant("Hi"), user("And?")]
    assert turns_of(said_so, "s") == turns_of(plain, "s")


def test_a_user_who_writes_about_reasoning_keeps_his_words() -> None:
    text = "<think>hm</think>What is this tag?"
    assert [turn.text for turn in turns_of([user(text)], "s")] == [text]


def test_an_answer_has_the_key_of_its_place_and_what_follows_that_of_its_words() -> None:
    first, second = said("Hello", "Hi", "And?"), said("Hello", "Good day", "And?")
    assert first[:2] == second[:2]
    assert first[2] != second[2]


@given(messages)
def test_no_two_turns_of_a_session_share_a_key(conversation: list[dict[str, Any]]) -> None:
    keys = [turn.key for turn in turns_of(conversation, "s")]
    assert len(set(keys)) == len(keys)


@given(messages, messages)
def test_what_comes_later_changes_no_earlier_turn(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    first = turns_of(before, "s")
    assert turns_of([*before, *after], "s")[: len(first)] == first


@given(messages)
def test_no_turn_holds_a_block_of_memories(conversation: list[dict[str, Any]]) -> None:
    injected = with_block(conversation, BLOCK)
    assert turns_of(injected, "s") == turns_of(conversation, "s")


# What is asked, and where ------------------------------------------------------------------------


def test_all_that_was_said_since_the_last_answer_is_unanswered() -> None:
    turns = turns_of([user("Hello"), assistant("Hi"), user("Wait"), user("What is new?")], "s")
    assert [turn.text for turn in unanswered(turns)] == ["Wait", "What is new?"]


def test_behind_an_answer_nothing_is_unanswered() -> None:
    assert unanswered(turns_of([user("Hello"), assistant("Hi")], "s")) == []


def test_while_tools_work_the_question_is_still_unanswered() -> None:
    call = assistant(None) | {"tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    result = {"role": "tool", "tool_call_id": "1", "content": "sunny"}
    turns = turns_of([user("Will it rain?"), call, result], "s")
    assert [turn.text for turn in unanswered(turns)] == ["Will it rain?"]


def test_a_conversation_is_named_after_how_it_begins() -> None:
    beginning = [{"role": "system", "content": "Be brief."}, user("Hello")]
    assert session_of(beginning) == session_of([*beginning, assistant("Hi"), user("And you?")])
    assert session_of(beginning) != session_of([user("Good morning")])


def test_conversations_that_begin_with_another_greeting_have_other_names() -> None:
    assert session_of([assistant("Welcome!")]) != session_of([assistant("Hello!")])


def test_a_conversation_in_which_nothing_was_said_has_a_name() -> None:
    assert session_of([]) == session_of([{"role": "system", "content": "Be brief."}]) == "chat"


# The block ---------------------------------------------------------------------------------------


def test_the_block_stands_in_front_of_the_last_thing_the_user_said() -> None:
    given = [user("Hello"), assistant("Hi"), user("And the dog?")]
    assert with_block(given, "BLOCK") == [*given[:2], user("BLOCK\n\nAnd the dog?")]


def test_the_block_stays_in_front_of_the_question_while_tools_work() -> None:
    call = assistant(None) | {"tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    result = {"role": "tool", "tool_call_id": "1", "content": "sunny"}
    assert with_block([user("Rain?"), call, result], "BLOCK") == [
        user("BLOCK\n\nRain?"),
        call,
        result,
    ]


def test_the_system_message_stays_as_it_is() -> None:
    system = {"role": "system", "content": "Be brief."}
    assert with_block([system, user("Hello")], "BLOCK")[0] is system


@pytest.mark.parametrize(
    ("given_type", "block_type"),
    [("text", "text"), ("image_url", "text"), ("input_text", "input_text")],
)
def test_in_a_list_of_parts_the_block_is_the_first_of_the_same_protocol(
    given_type: str, block_type: str
) -> None:
    part = {"type": given_type, "text": "Hello"}
    (message,) = with_block([user([part])], "BLOCK")
    assert message["content"] == [{"type": block_type, "text": "BLOCK\n\n"}, part]


def test_other_fields_of_the_message_stay() -> None:
    (message,) = with_block([user("Hello") | {"name": "Nora"}], "BLOCK")
    assert message["name"] == "Nora"


def test_in_a_list_of_texts_the_block_is_a_text() -> None:
    (message,) = with_block([user(["Hello", "you"])], "BLOCK")
    assert message["content"] == ["BLOCK\n\n", "Hello", "you"]


@pytest.mark.parametrize("content", [7, {"type": "text", "text": "Hello"}, None, True])
def test_content_that_holds_no_text_of_its_own_stays_as_it_is(content: Any) -> None:
    assert with_block([user(content)], "BLOCK") == [user(content)]


@pytest.mark.parametrize("given_messages", [[], [assistant("Hi")], ["Hello"]])
def test_where_no_user_speaks_no_block_is_put(given_messages: list[Any]) -> None:
    assert with_block(given_messages, "BLOCK") == given_messages


@given(messages)
def test_an_empty_block_changes_nothing(conversation: list[dict[str, Any]]) -> None:
    assert with_block(conversation, "") == conversation


@given(messages)
def test_what_was_given_is_never_changed(conversation: list[dict[str, Any]]) -> None:
    before = deepcopy(conversation)
    with_block(conversation, BLOCK)
    assert conversation == before


@given(messages)
def test_at_most_one_message_becomes_another(conversation: list[dict[str, Any]]) -> None:
    result = with_block(conversation, BLOCK)
    pairs = zip(conversation, result, strict=True)
    changed = [old["role"] for old, new in pairs if old is not new]
    assert changed == ["user"] * any(each["role"] == "user" for each in conversation)
