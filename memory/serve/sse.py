"""Server-sent events of a chat completion, read while they pass by. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

__all__ = ["Answer", "Events"]

# Also where a server mixes line ends, which the standard allows.
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LONGEST_END = 4


class Events:
    """Bytes as they come to events as they were sent; nothing is changed on the way.

    Attributes:
        rest: The beginning of an event that is not complete.
    """

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete, each with the blank line behind it."""
        start = max(0, len(self.rest) - _LONGEST_END)
        self.rest += data
        events, done = [], 0
        for end in _END.finditer(self.rest, start):
            events.append(self.rest[done : end.end()])
            done = end.end()
        self.rest = self.rest[done:]
        return events


class Answer:
    """What the first choice of a chat completion says, piece by piece or at once.

    Attributes:
        finished: It was said that it is complete.
        ended: The stream said that nothing follows.
    """

    def __init__(self) -> None:
        self.finished = False
        self.ended = False
        self._words: list[str] = []
        self._calls_tools = False
        self._failed = False

    @property
    def text(self) -> str:
        """The words, if they are an answer: nothing when it failed, is incomplete, or calls
        tools."""
        complete = self.finished or self.ended
        return "".join(self._words) if complete and not (self._failed or self._calls_tools) else ""

    def read_event(self, event: bytes) -> None:
        """Take in an event of a stream; what is not JSON says nothing."""
        data = b"\n".join(
            line[5:] for line in event.splitlines() if line.startswith(b"data:")
        ).strip()
        if data == b"[DONE]":
            self.ended = True
        elif data:
            self._read(data, "delta")

    def read_whole(self, body: bytes) -> None:
        """Take in an answer that is no stream."""
        self._read(body, "message")
        self.finished = True

    def _read(self, data: bytes, said_in: str) -> None:
        completion: Any = None
        with suppress(ValueError, RecursionError):
            completion = json.loads(data)
        self._failed |= bool(_mapping(completion).get("error"))
        for each in _list(_mapping(completion).get("choices")):
            choice = _mapping(each)
            if choice.get("index", 0) == 0:
                self._read_choice(choice, _mapping(choice.get(said_in)))

    def _read_choice(self, choice: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        self._words += _words(said.get("content"))
        self._calls_tools |= bool(said.get("tool_calls") or said.get("function_call"))
        self.finished |= choice.get("finish_reason") is not None


def _words(content: Any) -> list[str]:
    parts = [content] if isinstance(content, str) else _list(content)
    texts = [part if isinstance(part, str) else _mapping(part).get("text") for part in parts]
    return [text for text in texts if isinstance(text, str)]


# What a server sends may be of any form; it is passed on whatever it is.


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
