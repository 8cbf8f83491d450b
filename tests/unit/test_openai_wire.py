"""Words that count as said in the requests of OpenAI's two protocols."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses import ResponseInputItemParam
from pydantic import TypeAdapter

from remem.attach.conversation import PLACEMENTS, placed, turns_of
from remem.attach.openai_client import ChatWire, ResponsesWire

USER = {"role": "user", "content": "Hello"}
MESSAGE = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi"}],
}
REASONING = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hmm"}]}
THOUGHT = {"id": "r", "summary": []}
ANSWER = {"role": "assistant", "content": "Hi"}
CALL = {"type": "function_call", "name": "weather", "arguments": "{}"}
RESULT = {"type": "function_call_output", "output": "Rain"}


def said(*items: Any) -> list[str]:
    messages = ResponsesWire().messages({"input": list(items)})
    return [turn.text for turn in turns_of(messages, "s")]


@pytest.mark.parametrize(
    ("items", "texts"),
    [
        ([USER, MESSAGE], ["Hello", "Hi"]),
        ([USER, REASONING, MESSAGE], ["Hello", "Hi"]),
        ([USER, MESSAGE, CALL, RESULT], ["Hello"]),
        ([USER, MESSAGE, REASONING, CALL, RESULT, MESSAGE], ["Hello", "Hi"]),
        ([{"role": "assistant", "content": "Hi"}, USER], ["Hi", "Hello"]),
        ([{"role": "developer", "content": "Be kind."}, USER], ["Hello"]),
    ],
)
def test_of_the_items_of_an_input_only_what_somebody_said_counts(
    items: list[Any], texts: list[str]
) -> None:
    assert said(*items) == texts


def test_items_that_are_no_messages_keep_their_places() -> None:
    wire, body = ResponsesWire(), {"input": [USER, REASONING, MESSAGE, CALL, RESULT], "model": "m"}
    assert wire.with_messages(body, wire.messages(body)) == body


def test_a_field_of_a_client_is_no_item() -> None:
    wire, body = ResponsesWire(), {"input": [{**USER, "item": 7}], "model": "m"}
    assert wire.with_messages(body, wire.messages(body)) == body


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("given", ["Hello", [USER, REASONING | THOUGHT, ANSWER, USER]])
def test_with_memories_an_input_is_valid_wherever_they_stand(given: Any, placement: str) -> None:
    wire = ResponsesWire()
    messages = wire.messages({"input": given})
    blocks = {0: "BLOCK", 3: "BLOCK"} if isinstance(given, list) else {0: "BLOCK"}
    sent = wire.with_messages({"input": given}, placed(messages, blocks, placement))["input"]
    assert str(sent).count("BLOCK") == len(blocks)
    if not isinstance(sent, str):
        TypeAdapter(list[ResponseInputItemParam]).validate_python(sent)


def test_in_a_response_a_tool_answers_with_the_memories() -> None:
    wire = ResponsesWire()
    sent = placed(wire.messages({"input": "Hello"}), {0: "BLOCK"}, "tool")
    assert wire.with_messages({"input": "Hello"}, sent)["input"] == [
        USER,
        {"type": "function_call", "call_id": "remem0000", "name": "recall", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "remem0000", "output": "BLOCK"},
    ]


@pytest.mark.parametrize("given", [None, 7, {"role": "user"}])
def test_an_input_of_no_known_form_holds_nothing(given: Any) -> None:
    assert ResponsesWire().messages({"input": given}) == []


@pytest.mark.parametrize(
    ("body", "conversation"),
    [({}, None), ({"conversation": "c"}, "c"), ({"conversation": {"id": "c"}}, "c")],
)
def test_a_conversation_has_an_id(body: dict[str, Any], conversation: str | None) -> None:
    assert ResponsesWire().conversation(body) == conversation


@pytest.mark.parametrize("given", [None, 7, "Hello", {"role": "user"}])
def test_messages_of_no_known_form_are_none(given: Any) -> None:
    assert list(ChatWire().messages({"messages": given})) == []


@pytest.mark.parametrize("given", [7, ["c"], {"id": 7}, {}])
def test_a_conversation_of_no_known_form_has_no_id(given: Any) -> None:
    body = {"conversation": given, "previous_response_id": given}
    assert ResponsesWire().conversation(body) is None
    assert ResponsesWire().previous(body) is None
