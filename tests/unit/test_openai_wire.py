"""What counts as said in the requests and replies of OpenAI's two protocols."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openai.types.responses import ResponseInputItemParam
from pydantic import TypeAdapter

from memory.attach.conversation import turns_of
from memory.attach.openai_wire import Answer, ChatWire, ResponsesWire
from memory.attach.placement import PLACEMENTS, placed

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


def reply(*items: dict[str, Any], status: str | None = "completed") -> Any:
    def item(data: dict[str, Any]) -> Any:
        parts = [SimpleNamespace(**part) for part in data.get("content", ())]
        return SimpleNamespace(**{**data, "content": parts})

    return SimpleNamespace(id="r", status=status, output=[item(each) for each in items])


REFUSAL = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        ([MESSAGE], "Hi"),
        ([REASONING, MESSAGE], "Hi"),
        ([REFUSAL], "No."),
        ([MESSAGE, CALL], ""),
        ([REFUSAL, {"type": "web_search_call"}, MESSAGE], "Hi"),
        ([], ""),
    ],
)
def test_the_answer_is_what_follows_the_last_call_of_a_tool(
    items: list[dict[str, Any]], answer: str
) -> None:
    assert ResponsesWire().answer(reply(*items)) == Answer(answer, "r")


@pytest.mark.parametrize("status", ["failed", "cancelled", "queued", "in_progress"])
def test_a_response_that_is_not_there_yet_or_failed_is_no_answer(status: str) -> None:
    assert ResponsesWire().answer(reply(MESSAGE, status=status)).text == ""


def chunk(reason: str | None = None, **delta: Any) -> Any:
    empty = {"content": None, "refusal": None, "tool_calls": None, "function_call": None}
    # Some servers do not number the only choice.
    choice = SimpleNamespace(delta=SimpleNamespace(**{**empty, **delta}), finish_reason=reason)
    return SimpleNamespace(id="c", choices=[choice])


@pytest.mark.parametrize(
    ("chunks", "seen"),
    [
        ([chunk(content="Hi "), chunk("stop", content="there")], [None, Answer("Hi there")]),
        ([chunk(refusal="No."), chunk("stop")], [None, Answer("No.")]),
        ([chunk(content="Let me"), chunk("tool_calls", tool_calls=[1])], [None, Answer("")]),
        ([chunk(content="Hi"), SimpleNamespace(id="c", choices=None)], [None, None]),
    ],
)
def test_a_chat_has_its_answer_when_a_chunk_says_why_it_finished(
    chunks: list[Any], seen: list[Any]
) -> None:
    assert list(map(ChatWire().watch(), chunks)) == seen
