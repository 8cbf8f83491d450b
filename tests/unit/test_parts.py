"""The texts of a message's content, which all readers of messages find in the same places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remem.attach.frameworks.transcript import Item, Transcript, words_of
from remem.attach.replies import ChatReading, ResponsesReading
from remem.ingest.agents.calls import text_in
from remem.memory import Memory
from remem.messages import texts_in, words
from remem.testing import HashEncoder


def chat_reply(content: Any) -> str:
    reading = ChatReading()
    reading.read_whole({"choices": [{"message": {"content": content}}]})
    return reading.answer().text


def response(content: Any) -> str:
    reading = ResponsesReading()
    reading.read_whole({"output": [{"type": "message", "content": content}]})
    return reading.answer().text


READERS: list[Callable[[Any], str]] = [
    words,
    lambda content: words_of(content)[0],
    chat_reply,
    response,
    text_in,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (["a"], "a"),
        (({"text": "a"},), "a"),
        ({"text": "a"}, "a"),
        ([{"text": "a", "refusal": "b"}], "a"),
        ([{"text": "", "refusal": "b"}], "b"),
        ([{"text": None, "refusal": "b"}], "b"),
        ([{"text": {"value": "a"}}, {"type": "image_url"}, 7], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_all_readers_find_the_same_words(
    read: Callable[[Any], str], content: Any, text: str
) -> None:
    assert read(content) == text


def test_each_text_is_named_with_its_place() -> None:
    content = ["a", {"type": "image_url"}, {"text": "b"}, {"refusal": "c"}]
    assert list(texts_in(content)) == [((0,), "a"), ((2, "text"), "b"), ((3, "refusal"), "c")]


@pytest.mark.parametrize("content", [{"text": "Hello"}, ({"text": "Hello"},)])
def test_words_in_any_form_of_content_come_back_where_they_stood(content: Any) -> None:
    text, place = words_of(content)
    assert place is not None
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        transcript = Transcript(memory, "s", "test")
        transcript.append([Item({"content": content}, "user", text, ("content", *place))])
        [record] = transcript.records()
        assert (record.text, words(transcript.value(record)["content"])) == ("Hello", "Hello")
