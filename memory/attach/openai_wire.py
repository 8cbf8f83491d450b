"""Requests of OpenAI's two protocols, chat completions and responses, as turns. Pure.

What their replies say is read by ``memory.attach.replies``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from memory.attach.replies import ChatReading, Reading, ResponsesReading

__all__ = ["WIRES", "ChatWire", "ResponsesWire", "Wire"]

Body = Mapping[str, Any]
Messages = Sequence[Mapping[str, Any]]


class Wire(Protocol):
    """One protocol."""

    def messages(self, body: Body) -> Messages:
        """What the model would read, in a form that ``memory.attach.conversation`` reads."""

    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        """The request with other messages of that form."""

    def previous(self, body: Body) -> str | None:
        """The id of the reply that is continued, if the server keeps what was said."""

    def conversation(self, body: Body) -> str | None:
        """The id of the conversation, if the server keeps what was said under one."""

    def reading(self) -> Reading:
        """A reader of one reply, whole or as a stream."""


class ChatWire:
    """``/chat/completions``."""

    def messages(self, body: Body) -> Messages:
        """See ``Wire``."""
        given = body.get("messages")
        return given if isinstance(given, (list, tuple)) else ()

    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        """See ``Wire``."""
        return {**body, "messages": list(messages)}

    def previous(self, body: Body) -> None:
        """None: the server keeps nothing."""

    def conversation(self, body: Body) -> None:
        """None: the server keeps nothing."""

    def reading(self) -> Reading:
        """See ``Wire``."""
        return ChatReading()


class ResponsesWire:
    """``/responses``; its input is a text, or items of which some are messages."""

    def messages(self, body: Body) -> Messages:
        """See ``Wire``. In the place of an item that is no message stands one of a tool."""
        given = body.get("input")
        if isinstance(given, str):
            return [{"role": "user", "content": given}]
        items = given if isinstance(given, (list, tuple)) else ()
        return [
            item if _was_said(item, items[place + 1 :]) else {"role": "tool", "item": item}
            for place, item in enumerate(items)
        ]

    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        """See ``Wire``."""
        if isinstance(body.get("input"), str) and len(messages) == 1:
            return {**body, "input": messages[0]["content"]}
        return {**body, "input": [item for message in messages for item in _items(message)]}

    def previous(self, body: Body) -> str | None:
        """See ``Wire``."""
        return _text(body.get("previous_response_id"))

    def conversation(self, body: Body) -> str | None:
        """See ``Wire``."""
        given = body.get("conversation")
        return _text(given.get("id") if isinstance(given, Mapping) else given)

    def reading(self) -> Reading:
        """See ``Wire``."""
        return ResponsesReading()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _items(message: Mapping[str, Any]) -> list[Any]:
    """A message of chat completions as items of a response; any message of a client may have a
    field that is called "item"."""
    if message.keys() == {"role", "item"}:
        return [message["item"]]
    if message.get("role") == "tool":
        output, call = message["content"], message["tool_call_id"]
        return [{"type": "function_call_output", "call_id": call, "output": output}]
    calls = message.get("tool_calls")
    if not calls:
        return [message]
    return [{"type": "function_call", "call_id": call["id"], **call["function"]} for call in calls]


def _was_said(item: Any, after: Sequence[Any]) -> bool:
    """Whether an item is a message, and not what a model said on the way to a call of a tool."""
    if not _is_message(item):
        return False
    follower = next((each for each in after if _type(each) != "reasoning"), None)
    return item.get("role") != "assistant" or follower is None or _is_message(follower)


def _is_message(item: Any) -> bool:
    return bool(_type(item) == "message")


def _type(item: Any) -> Any:
    return item.get("type", "message") if isinstance(item, Mapping) else None


WIRES: Mapping[str, Wire] = {"/chat/completions": ChatWire(), "/responses": ResponsesWire()}
"""The protocols by the path of their requests."""
