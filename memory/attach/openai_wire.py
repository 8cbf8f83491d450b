"""Requests and replies of OpenAI's two protocols, chat completions and responses, as turns. Pure.

Bodies of requests are plain JSON; replies and events are the objects of the package ``openai``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["WIRES", "Answer", "ChatWire", "ResponsesWire", "Watch", "Wire"]

Body = Mapping[str, Any]
Messages = Sequence[Mapping[str, Any]]


class Answer(NamedTuple):
    """What a model said.

    Attributes:
        text: Empty where the reply is not the end of the exchange, such as a call of tools.
        identity: By which the next request can continue it, if the server keeps it; else empty.
    """

    text: str
    identity: str = ""


Watch = Callable[[Any], "Answer | None"]
"""Told every event of a stream; once one ends the answer, it is the answer."""


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

    def answer(self, reply: Any) -> Answer:
        """What a whole reply says."""

    def watch(self) -> Watch:
        """A watch for one stream."""


class ChatWire:
    """``/chat/completions``; of several choices, the first is what was said."""

    def messages(self, body: Body) -> Messages:
        """See ``Wire``."""
        return body.get("messages") or []

    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        """See ``Wire``."""
        return {**body, "messages": list(messages)}

    def previous(self, body: Body) -> None:
        """None: the server keeps nothing."""

    def conversation(self, body: Body) -> None:
        """None: the server keeps nothing."""

    def answer(self, reply: Any) -> Answer:
        """See ``Wire``."""
        for choice in reply.choices or ():
            if _is_first(choice):
                said = choice.message
                return Answer("" if _calls(said) else said.content or said.refusal or "")
        return Answer("")

    def watch(self) -> Watch:
        """See ``Wire``. A stream that ends without a reason to finish broke off."""
        pieces: list[str] = []
        calls = False

        def watch(chunk: Any) -> Answer | None:
            nonlocal calls
            for choice in chunk.choices or ():
                if not _is_first(choice):
                    continue
                if said := choice.delta:
                    calls = calls or _calls(said)
                    pieces.append(said.content or said.refusal or "")
                if choice.finish_reason:
                    return Answer("" if calls else "".join(pieces))
            return None

        return watch


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
        return body.get("previous_response_id")

    def conversation(self, body: Body) -> str | None:
        """See ``Wire``."""
        given = body.get("conversation")
        return given.get("id") if isinstance(given, Mapping) else given

    def answer(self, reply: Any) -> Answer:
        """See ``Wire``."""
        if reply.status not in ("completed", "incomplete", None):
            return Answer("", reply.id or "")
        texts: list[str] = []
        for item in reply.output or ():
            if item.type == "message":
                texts += [
                    part.text if part.type == "output_text" else part.refusal
                    for part in item.content or ()
                ]
            elif item.type != "reasoning":
                texts.clear()  # what a model says before it calls a tool is no answer yet
        return Answer("".join(filter(None, texts)), reply.id or "")

    def watch(self) -> Watch:
        """See ``Wire``."""

        def watch(event: Any) -> Answer | None:
            if event.type not in ("response.completed", "response.incomplete"):
                return None
            return self.answer(event.response)

        return watch


def _items(message: Mapping[str, Any]) -> list[Any]:
    """A message of chat completions as items of a response."""
    if "item" in message:
        return [message["item"]]
    if message.get("role") == "tool":
        output, call = message["content"], message["tool_call_id"]
        return [{"type": "function_call_output", "call_id": call, "output": output}]
    calls = message.get("tool_calls")
    if not calls:
        return [message]
    return [{"type": "function_call", "call_id": call["id"], **call["function"]} for call in calls]


def _is_first(choice: Any) -> bool:
    return not getattr(choice, "index", 0)


def _calls(said: Any) -> bool:
    return bool(said.tool_calls or said.function_call)


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
