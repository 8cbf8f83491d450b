"""``with_memory``: a client of OpenAI's Python package that remembers.

::

    client = with_memory(OpenAI(), memory)
    reply = client.chat.completions.create(model="...", messages=[...])
    memory_of(reply).recalled

The client is changed in place, at the one method through which all its requests go, so that
everything built on it (streams, their helpers, parsed and raw replies) works as before.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from remem.attach.attachment import Attachment, Exchange, Remembered
from remem.attach.conversation import REPLAY_BUDGET
from remem.attach.replay import Replays
from remem.attach.replies import Answer, ChatReading, Reading, ResponsesReading, Seen, Watch
from remem.memory import Memory
from remem.messages import said_by
from remem.recall.prompt import CountTokens, estimate_tokens
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR
from remem.store.errors import InvalidInput, MissingDependency

if TYPE_CHECKING:
    from openai._models import FinalRequestOptions
    from openai._streaming import ServerSentEvent

__all__ = ["Used", "memory_of", "session", "with_memory"]


try:
    from anyio.to_thread import run_sync
    from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream
    from openai._legacy_response import LegacyAPIResponse
    from openai.types.chat import ChatCompletion
    from openai.types.responses import Response
    from typing_extensions import override
except ImportError as error:
    raise MissingDependency("with_memory", "'remem[openai]'") from error

logger = logging.getLogger("remem")

Client = TypeVar("Client", OpenAI, AsyncOpenAI)

_MOST_CONVERSATIONS = 10_000
_session: ContextVar[str | None] = ContextVar("remem_session", default=None)


def with_memory(
    client: Client,
    memory: Memory,
    *,
    session: str | None = None,
    budget: int = 1000,
    k: int = 50,
    floor: float = FLOOR,
    count_tokens: CountTokens = estimate_tokens,
    placement: str = "message",
    replay_budget: int = REPLAY_BUDGET,
) -> Client:
    """Let a client recall before each request and remember after each answer.

    Holds for ``chat.completions`` and ``responses``: ``create``, ``stream`` and ``parse``, and
    ``with_raw_response``, as for copies made by ``with_options``. Of several choices the first is
    remembered. A stream is remembered when the model has finished, and not if it is left or breaks
    before. Errors pass unchanged and store nothing; a memory that fails lets the chat go on. What
    ``with_streaming_response`` or a background response brings is not remembered.

    Args:
        client: It is changed in place. Memory replaces one that the client had.
        session: Which conversation all requests belong to, unless ``session(...)`` names another;
            None: each is named after how it begins.
        budget, k, floor, count_tokens, placement: Of ``remem.attach.attachment.Attachment``.
        replay_budget: Most tokens of memories that are sent again with their messages, so that the
            server can go on from a prompt that it has cached.

    Returns:
        The same client.

    Raises:
        InvalidInput: there is no such placement.
    """
    replays = Replays(replay_budget)
    attachment = Attachment(memory, budget, k, floor, count_tokens, placement, replays)
    return _attach(client, _ClientMemory(attachment, session))


@contextmanager
def session(name: str) -> Iterator[None]:
    """Requests made inside belong to this conversation; holds per thread and per task."""
    token = _session.set(name)
    try:
        yield
    finally:
        _session.reset(token)


@dataclass(slots=True)
class Used:
    """The part of a memory in a reply.

    Attributes:
        exchange: The question, and what was recalled for it.
        remembered: What was stored; of a stream, once it is read.
    """

    exchange: Exchange
    remembered: Remembered = field(default_factory=Remembered)

    @property
    def recalled(self) -> tuple[Recollection, ...]:
        """The memories that the model was given with the question, in chronological order."""
        return self.exchange.context.recollections

    @property
    def problem(self) -> str | None:
        """Problem with the memory of this reply, in a sentence: it was not asked, the exchange
        could not be remembered, or a part of it was left out. None if there was none."""
        return self.exchange.told(self.remembered)


def memory_of(reply: Any) -> Used:
    """The part of a memory in a reply or stream of a client made by ``with_memory``.

    Raises:
        InvalidInput: it is not the reply of such a client.
    """
    # A stream made by the helper ``stream(...)`` reads from the one that carries it.
    used = getattr(getattr(reply, "_raw_stream", reply), "_remem", None)
    if not isinstance(used, Used):
        raise InvalidInput("this is no reply, or stream, of a client made by with_memory")
    return used


@dataclass(frozen=True, slots=True)
class _Conversation:
    """A conversation that the server keeps, as far as it is known.

    Attributes:
        session: Its name.
        earlier: What the next turns follow: something that tells them from the same words said
            elsewhere, and what is still unanswered.
    """

    session: str | None = None
    earlier: tuple[Mapping[str, Any], ...] = ()


class _ClientMemory:
    """From requests to replies with a memory on the way; shared by a client and its copies."""

    def __init__(self, attachment: Attachment, session: str | None) -> None:
        self._attachment = attachment
        self._session = session
        self._conversations: OrderedDict[str, _Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, options: FinalRequestOptions) -> _Request | None:
        """Recall for a request; None if it is none that a memory has to do with. Never raises."""
        try:
            return self._recalled(options)
        except Exception as error:  # whatever it is, the chat goes on
            _log(error)
            return None

    def _recalled(self, options: FinalRequestOptions) -> _Request | None:
        wire = WIRES.get(options.url) if options.method == "post" else None
        body = options.json_data
        if wire is None or not isinstance(body, Mapping):
            return None
        id = wire.conversation(body)
        conversation = self._known(id or wire.previous(body))
        name = _session.get() or self._session or conversation.session
        exchange = self._attachment.recall(wire.messages(body), name, earlier=conversation.earlier)
        if exchange.said:
            earlier = tuple({"role": turn.role, "content": turn.text} for turn in exchange.said)
            conversation = _Conversation(exchange.said[0].source, earlier)
        if exchange.changed:
            changed = wire.with_messages(body, exchange.messages)
            options = options.model_copy(update={"json_data": changed})
        return _Request(self, wire, options, Used(exchange), id, conversation)

    def follow(self, name: str, conversation: _Conversation) -> None:
        """Know a conversation by the id of its last reply, or its own."""
        with self._lock:
            self._conversations[name] = conversation
            self._conversations.move_to_end(name)
            while len(self._conversations) > _MOST_CONVERSATIONS:
                self._conversations.popitem(last=False)

    def _known(self, name: str | None) -> _Conversation:
        with self._lock:
            known = self._conversations.get(name or "")
        return known or _Conversation(earlier=_after(name))


@dataclass(frozen=True, slots=True)
class _Request:
    """A request on its way.

    Attributes:
        options: The request as the model should read it.
        id: The one under which the server keeps what is said.
        conversation: This request included, as long as there is no answer.
    """

    client_memory: _ClientMemory
    wire: ChatWire
    options: FinalRequestOptions
    used: Used
    id: str | None
    conversation: _Conversation

    def receive(self, reply: Any) -> None:
        """Remember a reply, or have a stream remembered when the model has finished.

        Never raises: the reply is the user's, whatever became of the memory.
        """
        try:
            # A raw reply keeps what was parsed, so that the user gets this very stream.
            inner = reply.parse() if isinstance(reply, LegacyAPIResponse) else reply
            # Of a stream the events as the server sent them: what the client makes of them for
            # the user does not tell all, such as that it has ended.
            if isinstance(inner, Stream):
                vars(inner)["_iter_events"] = partial(self._watched, inner._iter_events())
            elif isinstance(inner, AsyncStream):
                vars(inner)["_iter_events"] = partial(self._watched_async, inner._iter_events())
            elif isinstance(inner, (ChatCompletion, Response)):
                reading = self.wire.reading()
                reading.read_whole(inner.model_dump(exclude_unset=True, warnings=False))
                self._answered(reading.answer())
            else:
                return
            for each in (reply, inner):
                each._remem = self.used
        except Exception as error:
            _log(error)

    def _answered(self, answer: Answer) -> None:
        if answer.text:
            self.used.remembered = self.used.exchange.remember(answer.text)
        elif answer.problem:
            self.used.remembered = self.used.exchange.give_up(answer.problem)
        # With the reply as a stand-in for all that came before, the same words said twice in a
        # conversation are two turns, while a request that is sent again is recognised.
        is_answered = said_by("assistant", answer.text).strip()
        earlier = _after(answer.identity) if is_answered else self.conversation.earlier
        for name in filter(None, (answer.identity, self.id)):
            self.client_memory.follow(name, _Conversation(self.conversation.session, earlier))

    def _watched(self, events: Iterator[ServerSentEvent]) -> Iterator[ServerSentEvent]:
        watch: Watch[ServerSentEvent] = Watch(self.wire.reading())
        try:
            for event in events:
                yield from self._passed(watch.feed(event, event.event or "", event.data))
        except Exception:
            yield from self._passed(watch.end())
            raise
        yield from self._passed(watch.end())

    async def _watched_async(
        self, events: AsyncIterator[ServerSentEvent]
    ) -> AsyncIterator[ServerSentEvent]:
        watch: Watch[ServerSentEvent] = Watch(self.wire.reading())
        try:
            async for event in events:
                for passed in await self._passed_async(
                    watch.feed(event, event.event or "", event.data)
                ):
                    yield passed
        except Exception:
            for passed in await self._passed_async(watch.end()):
                yield passed
            raise
        for passed in await self._passed_async(watch.end()):
            yield passed

    def _passed(self, seen: Seen[ServerSentEvent]) -> Sequence[ServerSentEvent]:
        if seen.answer is not None:
            self._answered(seen.answer)
        return seen.passed

    async def _passed_async(self, seen: Seen[ServerSentEvent]) -> Sequence[ServerSentEvent]:
        if seen.answer is not None:
            await run_sync(self._answered, seen.answer)
        return seen.passed


def _attach(client: Client, client_memory: _ClientMemory) -> Client:
    if not isinstance(client, (OpenAI, AsyncOpenAI)):
        raise InvalidInput("with_memory takes an openai.OpenAI or openai.AsyncOpenAI client")
    # Of a client that has a memory already, the methods that it had before.
    request, copy = getattr(client, "_remem", (client.request, client.copy))

    @functools.wraps(request)
    def remembering(cast_to: Any, options: FinalRequestOptions, **how: Any) -> Any:
        made = client_memory.ask(options)
        if made is None:
            return request(cast_to, options, **how)
        reply = request(cast_to, made.options, **how)
        made.receive(reply)
        return reply

    @functools.wraps(request)
    async def remembering_async(cast_to: Any, options: FinalRequestOptions, **how: Any) -> Any:
        made = await run_sync(client_memory.ask, options)
        if made is None:
            return await request(cast_to, options, **how)
        reply = await request(cast_to, made.options, **how)
        await run_sync(made.receive, reply)
        return reply

    @functools.wraps(copy)
    def copied(**options: Any) -> Client:
        return _attach(copy(**options), client_memory)

    vars(client).update(
        _remem=(request, copy),
        request=remembering_async if isinstance(client, AsyncOpenAI) else remembering,
        copy=copied,
        with_options=copied,
    )
    return client


def _after(name: str | None) -> tuple[Mapping[str, Any], ...]:
    """A stand-in for what a server keeps under a name; it is never stored."""
    return ({"role": "assistant", "content": name},) if name else ()


def _log(error: Exception) -> None:
    logger.warning("nothing could be remembered: %s", error, exc_info=error)


# Requests of OpenAI's two protocols, chat completions and responses, as turns.
#
# What their replies say is read by ``remem.attach.replies``.

Body = Mapping[str, Any]
Messages = Sequence[Mapping[str, Any]]


class ChatWire:
    """``/chat/completions``."""

    def messages(self, body: Body) -> Messages:
        """The messages that the model would read, as ``remem.attach.conversation`` reads them."""
        given = body.get("messages")
        return given if isinstance(given, (list, tuple)) else ()

    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        """The request with other messages of that form."""
        return {**body, "messages": list(messages)}

    def previous(self, body: Body) -> str | None:  # noqa: ARG002
        """The id of the reply that is continued, if the server keeps what was said."""
        return None

    def conversation(self, body: Body) -> str | None:  # noqa: ARG002
        """The id of the conversation, if the server keeps what was said under one."""
        return None

    def reading(self) -> Reading:
        """A reader of one reply, whole or as a stream."""
        return ChatReading()


class ResponsesWire(ChatWire):
    """``/responses``; its input is a text, or items of which some are messages."""

    @override
    def messages(self, body: Body) -> Messages:
        # In the place of an item that is no message stands one of a tool.
        given = body.get("input")
        if isinstance(given, str):
            return [{"role": "user", "content": given}]
        items = given if isinstance(given, (list, tuple)) else ()
        return [
            item if _was_said(item, items[place + 1 :]) else {"role": "tool", "item": item}
            for place, item in enumerate(items)
        ]

    @override
    def with_messages(self, body: Body, messages: Messages) -> dict[str, Any]:
        if isinstance(body.get("input"), str) and len(messages) == 1:
            return {**body, "input": messages[0]["content"]}
        return {**body, "input": [item for message in messages for item in _items(message)]}

    @override
    def previous(self, body: Body) -> str | None:
        return _text(body.get("previous_response_id"))

    @override
    def conversation(self, body: Body) -> str | None:
        given = body.get("conversation")
        return _text(given.get("id") if isinstance(given, Mapping) else given)

    @override
    def reading(self) -> Reading:
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
    """True for a message that is not what a model said on the way to a call of a tool."""
    if not _is_message(item):
        return False
    follower = next((each for each in after if _type(each) != "reasoning"), None)
    return item.get("role") != "assistant" or follower is None or _is_message(follower)


def _is_message(item: Any) -> bool:
    return bool(_type(item) == "message")


def _type(item: Any) -> Any:
    return item.get("type", "message") if isinstance(item, Mapping) else None


WIRES: Mapping[str, ChatWire] = {"/chat/completions": ChatWire(), "/responses": ResponsesWire()}
"""The protocols by the path of their requests."""
