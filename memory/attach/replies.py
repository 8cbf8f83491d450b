"""Replies of OpenAI's two protocols as they come: is the answer whole, and what was said. Pure.

The one place that decides it, for every road and for whole replies as for streams. What a server
sends may be of any form; nothing here raises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from remem.messages import texts_in

Event = TypeVar("Event")

_FAILED = "the model's server says that the answer failed"
_BROKEN = "the answer ended before it was complete"
_UNKNOWN = "the answer is of a form that is not known"


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of a model.

    Attributes:
        text: Empty where the reply is not the end of the exchange, such as a call of tools.
        identity: By which the next request can continue it, if the server keeps it; else empty.
        problem: Why the reply is no answer, if one was to be expected.
    """

    text: str = ""
    identity: str = ""
    problem: str | None = None


class Reading(Protocol):
    """One reply that is being read.

    Attributes:
        finished: The model said why it stops.
        ended: Nothing follows.
    """

    finished: bool
    ended: bool

    def read_event(self, name: str, data: str) -> bool:
        """Take in an event of a stream. Returns whether it added to the answer."""

    def read_whole(self, reply: Any) -> None:
        """Take in a reply that is no stream, as JSON or in words that should be JSON."""

    def answer(self) -> Answer:
        """The answer, if nothing more comes."""


class ChatReading:
    """A chat completion; of several choices, the first is what was said."""

    def __init__(self) -> None:
        self.finished = False
        self.ended = False
        self._words: list[str] = []
        self._calls = False
        self._failed = False
        self._known = False

    def read_event(self, name: str, data: str) -> bool:
        """See ``Reading``."""
        if data.strip() == "[DONE]":
            self.ended = self._known = True
            return False
        self._failed |= name == "error"
        return self._read(_json(data), "delta")

    def read_whole(self, reply: Any) -> None:
        """See ``Reading``."""
        self._read(_json(reply), "message")
        self.finished = self.ended = True

    def answer(self) -> Answer:
        """See ``Reading``."""
        if self._failed:
            return Answer(problem=_FAILED)
        if not self._known:
            return Answer(problem=_UNKNOWN)
        if not (self.finished or self.ended):
            return Answer(problem=_BROKEN)
        return Answer("" if self._calls else "".join(self._words))

    def _read(self, completion: Any, said_in: str) -> bool:
        before = len(self._words)
        choices = _mapping(completion).get("choices")
        self._failed |= bool(_mapping(completion).get("error"))
        self._known |= isinstance(choices, list)
        for each in _list(choices):
            choice = _mapping(each)
            if not choice.get("index", 0):
                self._read_choice(choice, _mapping(choice.get(said_in)))
        return len(self._words) > before

    def _read_choice(self, choice: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        self._words += _texts(said.get("content")) or _texts(said.get("refusal"))
        self._calls |= bool(said.get("tool_calls") or said.get("function_call"))
        self._failed |= choice.get("finish_reason") == "error" or bool(choice.get("error"))
        self.finished |= bool(choice.get("finish_reason"))


class ResponsesReading:
    """A response; what is said before the last call of a tool is no answer yet."""

    _ENDS = ("response.completed", "response.incomplete")
    _FAILS = ("error", "response.failed")

    def __init__(self) -> None:
        self.finished = False
        self.ended = False
        self._answer = Answer(problem=_BROKEN)

    def read_event(self, name: str, data: str) -> bool:
        """See ``Reading``."""
        event = _mapping(_json(data))
        kind = event.get("type") or name
        if kind in self._ENDS:
            self.read_whole(event.get("response"))
        elif kind in self._FAILS or event.get("error"):
            self.ended = True
            response = _mapping(event.get("response"))
            self._answer = Answer(identity=_identity(response), problem=_FAILED)
        self.ended |= data.strip() == "[DONE]"
        return False

    def read_whole(self, reply: Any) -> None:
        """See ``Reading``."""
        response = _mapping(_json(reply))
        self.finished = self.ended = True
        status, identity = response.get("status"), _identity(response)
        if status in ("failed", "cancelled") or response.get("error"):
            self._answer = Answer(identity=identity, problem=_FAILED)
        elif status in ("completed", "incomplete", None):
            problem = None if isinstance(response.get("output"), list) else _UNKNOWN
            self._answer = Answer(_last_words(response), identity, problem)
        else:  # it is still being made, and nobody waits for it here
            self._answer = Answer(identity=identity)

    def answer(self) -> Answer:
        """See ``Reading``."""
        return self._answer


@dataclass(frozen=True, slots=True)
class Seen(Generic[Event]):
    """The events that go on to the user now, and the answer, once, if it is known before."""

    passed: Sequence[Event] = ()
    answer: Answer | None = None


class Watch(Generic[Event]):
    """Knows the answer of a stream before its last event goes on to the user.

    The event in which the model says why it stops waits for the next one, which shows that it was
    the last with words: some servers say so in each.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._waiting: list[Event] = []
        self._told = False

    def feed(self, event: Event, name: str, data: str) -> Seen[Event]:
        """An event as it comes, and what it says; without data it is a comment, say."""
        if not data and self._waiting and not self.reading.ended:
            self._waiting.append(event)
            return Seen()
        has_words = bool(data) and self.reading.read_event(name, data)
        passed, self._waiting = self._waiting, []
        if self.reading.ended or (passed and not has_words):
            return Seen([*passed, event], self._answer())
        if self.reading.finished and not self._told:
            self._waiting = [event]
            return Seen(passed)
        return Seen([*passed, event])

    def end(self) -> Seen[Event]:
        """No more events come."""
        return Seen(self._waiting, self._answer())

    def _answer(self) -> Answer | None:
        told, self._told = self._told, True
        return None if told else self.reading.answer()


def _last_words(response: Mapping[str, Any]) -> str:
    texts: list[str] = []
    for item in map(_mapping, _list(response.get("output"))):
        if item.get("type") == "message":
            texts += _texts(item.get("content"))
        elif item.get("type") != "reasoning":
            texts.clear()  # what a model says before it calls a tool is no answer yet
    return "".join(texts)


def _identity(response: Mapping[str, Any]) -> str:
    identity = response.get("id")
    return identity if isinstance(identity, str) else ""


def _texts(content: Any) -> list[str]:
    return [text for _, text in texts_in(content) if text]


def _json(data: Any) -> Any:
    if not isinstance(data, (str, bytes)):
        return data
    with suppress(ValueError, RecursionError):
        return json.loads(data)
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
