"""Streams of chat completions, read while they pass by."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.serve.sse import Answer, Events

STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Gr\xc3\xbc"}}]}\n\n'
    b": a comment\r\n\r\n"
    b'event: x\rdata: {"choices":[{"delta":{"content":"n"}}]}\r\r'
    b'data: {"choices":[{"index":0,\ndata: "delta":{},"finish_reason":"stop"}]}\n\r\n'
    b"data: [DONE]\n\n"
)


def answer(*chunks: Any) -> Answer:
    result = Answer()
    for chunk in chunks:
        data = chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()
        result.read_event(b"data: " + data + b"\n\n")
    return result


def delta(finish_reason: str | None = None, index: int = 0, **said: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": said, "finish_reason": finish_reason}]}


STOP = delta("stop")


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_a_stream_is_cut_its_bytes_and_words_are_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    events = Events()
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    passed = [event for piece in pieces for event in events.feed(piece)]
    read = Answer()
    for event in passed:
        read.read_event(event)
    assert b"".join(passed) + events.rest == STREAM
    assert (read.text, read.finished, read.ended) == ("Grün", True, True)


def test_the_beginning_of_an_event_waits_for_its_end() -> None:
    events = Events()
    assert events.feed(b"data: 1\n") == []
    assert events.feed(b"\ndata: 2") == [b"data: 1\n\n"]
    assert events.rest == b"data: 2"


@pytest.mark.parametrize("end", [STOP, delta("length"), b"[DONE]"])
def test_an_answer_with_an_end_counts(end: Any) -> None:
    assert answer(delta(content="Hello"), end).text == "Hello"


def test_an_answer_without_an_end_does_not_count() -> None:
    assert answer(delta(content="Hello")).text == ""


def test_an_answer_that_failed_does_not_count() -> None:
    assert answer(delta(content="Hello"), {"error": {"message": "no"}}, b"[DONE]").text == ""


@pytest.mark.parametrize("call", ["tool_calls", "function_call"])
def test_words_beside_a_call_of_tools_are_no_answer(call: str) -> None:
    calls = {call: [{"function": {"name": "look"}}]}
    assert answer(delta(content="Let me look."), delta(**calls), STOP).text == ""


def test_of_several_choices_the_first_counts() -> None:
    chunks = [delta(content="A"), delta(content="B", index=1), delta(content="a"), STOP]
    assert answer(*chunks).text == "Aa"


@pytest.mark.parametrize(
    "odd",
    [
        b"no json",
        b"[" * 100_000,
        b"3",
        b"null",
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
    assert answer(delta(content="Hello"), odd, STOP).text == "Hello"


def test_an_answer_that_is_no_stream_is_read_at_once() -> None:
    read = Answer()
    parts = [{"type": "text", "text": "Hel"}, {"type": "image"}, {"type": "text", "text": "lo"}]
    read.read_whole(json.dumps({"choices": [{"message": {"content": parts}}]}).encode())
    assert read.text == "Hello"
