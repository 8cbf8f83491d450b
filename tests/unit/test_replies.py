"""Replies of OpenAI's two protocols: is the answer whole, and what was said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.attach.replies import Answer, ChatReading, Reading, ResponsesReading

FAILED = "the model's server says that the answer failed"
BROKEN = "the answer ended before it was complete"
UNKNOWN = "the answer is of a form that is not known"


def delta(reason: Any = None, index: int = 0, **said: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": said, "finish_reason": reason}]}


STOP = delta("stop")


def chat(*events: Any, name: str = "") -> Answer:
    reading = ChatReading()
    for event in events:
        reading.read_event(name, event if isinstance(event, str) else json.dumps(event))
    return reading.answer()


def whole(reply: Any) -> Answer:
    reading = ChatReading()
    reading.read_whole(reply)
    return reading.answer()


@pytest.mark.parametrize("end", [STOP, delta("length"), "[DONE]", " [DONE] "])
def test_an_answer_with_an_end_is_whole(end: Any) -> None:
    assert chat(delta(content="Hello"), end) == Answer("Hello")


@pytest.mark.parametrize("reason", [None, "", False])
def test_an_answer_without_an_end_is_not(reason: Any) -> None:
    assert chat(delta(reason, content="Hello")) == Answer(problem=BROKEN)


@pytest.mark.parametrize(
    "failure",
    [
        {"error": {"message": "no"}},
        {"error": "no"},
        delta("error"),
        {"choices": [{"index": 0, "delta": {}, "error": {"code": 502}}]},
    ],
)
def test_an_answer_that_failed_is_none(failure: Any) -> None:
    assert chat(delta(content="Hello"), failure, STOP, "[DONE]") == Answer(problem=FAILED)


def test_an_event_that_is_called_an_error_is_one_whatever_it_holds() -> None:
    reading = ChatReading()
    reading.read_event("", json.dumps(delta("stop", content="Hello")))
    reading.read_event("error", "overloaded")
    assert reading.answer() == Answer(problem=FAILED)


def test_another_choice_that_failed_does_not_matter() -> None:
    assert chat(delta(content="Hello"), delta("error", index=1), STOP) == Answer("Hello")


@pytest.mark.parametrize("call", ["tool_calls", "function_call"])
def test_words_beside_a_call_are_no_answer_and_no_problem(call: str) -> None:
    calls = {call: [{"function": {"name": "look"}}]}
    assert chat(delta(content="Let me look."), delta(**calls), STOP) == Answer("")
    message = {"content": "Let me look.", **calls}
    assert whole({"choices": [{"message": message, "finish_reason": call}]}) == Answer("")


def test_of_several_choices_the_first_counts() -> None:
    chunks = [delta(content="A"), delta(content="B", index=1), delta(content="a"), STOP]
    assert chat(*chunks) == Answer("Aa")


def test_a_refusal_is_an_answer() -> None:
    assert chat(delta(refusal="I "), delta(refusal="cannot."), STOP) == Answer("I cannot.")
    message = {"content": None, "refusal": "I cannot."}
    assert whole({"choices": [{"message": message}]}) == Answer("I cannot.")


@pytest.mark.parametrize(
    "odd",
    [
        "no json",
        "[" * 100_000,
        "3",
        "null",
        {"choices": None},
        {"choices": []},
        {"choices": [{"delta": None}]},
        {"choices": [{"index": 0, "delta": {"content": 5}}]},
        {"choices": ["no object"]},
        {"choices": 5},
        {"choices": [{"delta": "no object"}]},
    ],
)
def test_what_is_of_no_known_form_is_passed_over(odd: Any) -> None:
    assert chat(delta(content="Hello"), odd, STOP) == Answer("Hello")


def test_the_texts_of_a_list_of_parts_are_one_text() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "image"}, {"type": "text", "text": "lo"}]
    assert whole(json.dumps({"choices": [{"message": {"content": parts}}]})) == Answer("Hello")


@pytest.mark.parametrize("reply", ["<html>", b"\xff", None, 3, {}, {"choices": None}, []])
def test_a_whole_reply_of_no_known_form_is_told(reply: Any) -> None:
    assert whole(reply) == Answer(problem=UNKNOWN)


def test_it_is_told_which_events_add_words() -> None:
    reading = ChatReading()
    events = [delta(content="Hello"), STOP, {"choices": [], "usage": {}}, delta(content=" you")]
    assert [reading.read_event("", json.dumps(event)) for event in events] == [
        *(True, False, False, True)
    ]


# Responses ---------------------------------------------------------------------------------------

MESSAGE = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi"}],
}
REASONING = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hmm"}]}
CALL = {"type": "function_call", "name": "weather", "arguments": "{}"}
REFUSAL = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}


def response(*items: dict[str, Any], status: str | None = "completed") -> dict[str, Any]:
    return {"id": "r", "status": status, "output": list(items)}


def responded(reply: Any) -> Answer:
    reading = ResponsesReading()
    reading.read_whole(reply)
    return reading.answer()


@pytest.mark.parametrize(
    ("items", "text"),
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
    items: list[dict[str, Any]], text: str
) -> None:
    assert responded(response(*items)) == Answer(text, "r")


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_that_is_still_made_is_no_answer(status: str) -> None:
    assert responded(response(MESSAGE, status=status)) == Answer("", "r")


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_response_that_failed_is_told(status: str) -> None:
    assert responded(response(MESSAGE, status=status)) == Answer("", "r", FAILED)


def test_a_stream_of_events_ends_with_the_response() -> None:
    reading = ResponsesReading()
    reading.read_event("", json.dumps({"type": "response.output_text.delta", "delta": "Hi"}))
    assert (reading.ended, reading.answer()) == (False, Answer(problem=BROKEN))
    event = {"type": "response.completed", "response": response(MESSAGE)}
    reading.read_event("response.completed", json.dumps(event))
    assert (reading.ended, reading.answer()) == (True, Answer("Hi", "r"))


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "message": "no"},
        {"type": "response.failed", "response": response(MESSAGE, status="failed")},
        {"error": {"message": "no"}},
    ],
)
def test_a_stream_that_says_that_it_failed_has_no_answer(event: dict[str, Any]) -> None:
    reading = ResponsesReading()
    reading.read_event("", json.dumps(event))
    assert (reading.ended, reading.answer().text, reading.answer().problem) == (True, "", FAILED)


# Anything ----------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("choices", "delta", "message", "content", "text", "index", "finish_reason"),
                    *(
                        "error",
                        "tool_calls",
                        "type",
                        "response",
                        "output",
                        "status",
                        "id",
                        "refusal",
                    ),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("reading", [ChatReading, ResponsesReading])
@given(st.lists(anything, max_size=3), anything)
def test_whatever_comes_is_read(reading: type[Reading], events: list[Any], end: Any) -> None:
    read = reading()
    for event in events:
        read.read_event("", json.dumps(event))
    read.read_whole(end)
    assert isinstance(read.answer().text, str)
