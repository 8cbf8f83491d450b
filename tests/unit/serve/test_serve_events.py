"""Streams of events, told apart while they pass by."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.attach.replies import Answer, ChatReading
from remem.serve.streaming import Events, begins_a_stream, fields_of

STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Gr\xc3\xbc"}}]}\n\n'
    b": a comment\r\n\r\n"
    b'event: x\rdata: {"choices":[{"delta":{"content":"n"}}]}\r\r'
    b'data: {"choices":[{"index":0,\ndata: "delta":{},"finish_reason":"stop"}]}\n\r\n'
    b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_a_stream_is_cut_its_bytes_and_words_are_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    events = Events()
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    passed = [event for piece in pieces for event in events.feed(piece)]
    read = ChatReading()
    for event in passed:
        read.read_event(*fields_of(event))
    assert b"".join(passed) + events.rest == STREAM
    assert (read.answer(), read.finished, read.ended) == (Answer("Grün"), True, True)


def test_the_beginning_of_an_event_waits_for_its_end() -> None:
    events = Events()
    assert events.feed(b"data: 1\n") == []
    assert events.feed(b"\ndata: 2") == [b"data: 1\n\n"]
    assert events.rest == b"data: 2"


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (b"data: 1\n\n", "", "1"),
        (b"data:1\r\n\r\n", "", "1"),
        (b"data:  1\r\r", "", " 1"),
        (b"event: error\ndata: 1\ndata: 2\n\n", "error", "1\n2"),
        (b"\xef\xbb\xbfdata: 1\n\n", "", "1"),
        (": a comment\ndata: \u2028\n\n".encode(), "", "\u2028"),
        (b"database: 1\ndata\n\n", "", ""),
        (b"data: \xff\n\n", "", "\ufffd"),
    ],
)
def test_an_event_has_a_name_and_data(event: bytes, name: str, data: str) -> None:
    assert fields_of(event) == (name, data)


@pytest.mark.parametrize(
    ("body", "is_stream"),
    [
        (b"data: {}", True),
        (b"\xef\xbb\xbfdata:{}", True),
        (b"\n: ping\n", True),
        (b"event: x\n", True),
        (b"id: 1\n", True),
        (b'{"data": 1}', False),
        (b"<html>", False),
        (b"", False),
        (b"dat", False),
    ],
)
def test_a_stream_is_known_by_how_it_begins(body: bytes, is_stream: bool) -> None:
    assert begins_a_stream(body) == is_stream


def test_an_event_that_never_ends_is_not_copied_with_each_piece() -> None:
    events, piece = Events(), bytes(2**10)
    tracemalloc.start()
    try:
        for _ in range(2**10):
            assert events.feed(piece) == []
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        events.feed(piece)
        _, once_more = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert events.waiting == 2**20 + 2**10
    assert once_more < held + 2**18
