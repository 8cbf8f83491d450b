"""A model on this machine behind the chat completions protocol."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from remem.aio import to_the_end
from remem.attach.conversation import turns_of, unanswered
from remem.encoders.models import loaded_once
from remem.generators.opening import Generator
from remem.generators.prompts import Message, Prompt
from remem.serve.backend import CompletionRequest, CompletionResponse, Threads
from remem.serve.errors import ApiError
from remem.store import InvalidInput

_INSTRUCTIONS = ("system", "developer")


class Local:
    """Serves a generator, so many answers at a time; further ones wait.

    Whatever model a request names, this one answers. It reads text and writes text: tools and
    settings such as the temperature are not looked at, and images are left out.

    Args:
        open_: Opens the generator, when it is first needed.
        name: Of the model, for clients.
        at_a_time: How many answers.
    """

    def __init__(self, open_: Callable[[], Generator], name: str, at_a_time: int) -> None:
        self._open = open_
        self._name = name
        self._threads = Threads("remem-generator", at_a_time)
        self._turn = asyncio.Semaphore(at_a_time)
        self._since = int(time.time())

    def count_tokens(self, text: str) -> int:
        """As the model counts; may load its tokenizer."""
        return self._generator.count_tokens(text)

    @asynccontextmanager
    async def complete(self, asked: CompletionRequest) -> AsyncIterator[CompletionResponse]:
        """Answer."""
        if asked.body.get("n") not in (None, 1):
            raise ApiError(400, "unsupported", "this model gives one answer at a time; leave out n")
        prompt = prompt_of(asked)
        async with self._turn:
            pieces = await self._threads.run(self._begun, prompt)
            try:
                yield self._answering(asked, prompt, pieces)
            finally:
                close = getattr(pieces, "close", lambda: None)
                await to_the_end(self._threads.run(close))

    @asynccontextmanager
    async def models(
        self,
        name: str | None,
        headers: Mapping[str, str],  # noqa: ARG002 - of a request that goes nowhere
    ) -> AsyncIterator[CompletionResponse]:
        """The one model."""
        model = {"id": self._name, "object": "model", "created": self._since, "owned_by": "remem"}
        if name not in (None, self._name):
            raise ApiError(
                404, "model_not_found", f"there is no such model here; use {self._name!r}"
            )
        yield _whole(model if name else {"object": "list", "data": [model]})

    async def close(self) -> None:
        """Wait for the model to stop."""
        await asyncio.to_thread(self._threads.close)

    @loaded_once
    def _generator(self) -> Generator:
        return self._open()

    def _begun(self, prompt: Prompt) -> Iterator[str]:
        """The answer, once its first piece is there: what fails until then is a refusal."""
        return _Begun(iter(self._generator.stream(prompt)))

    def _answering(
        self, asked: CompletionRequest, prompt: Prompt, pieces: Iterator[str]
    ) -> CompletionResponse:
        answer = _Form(self._name)
        if asked.body.get("stream"):
            options = asked.body.get("stream_options")
            wants_usage = isinstance(options, Mapping) and bool(options.get("include_usage"))
            events = self._events(answer, prompt, pieces, wants_usage)
            return CompletionResponse(
                200, {"content-type": "text/event-stream; charset=utf-8"}, events
            )
        return CompletionResponse(
            200, {"content-type": "application/json"}, self._body(answer, prompt, pieces)
        )

    async def _events(
        self, answer: _Form, prompt: Prompt, pieces: Iterator[str], wants_usage: bool
    ) -> AsyncIterator[bytes]:
        yield answer.event({"role": "assistant", "content": ""})
        said = ""
        async for piece in self._each(pieces):
            said += piece
            yield answer.event({"content": piece})
        yield answer.event({}, finish_reason="stop")
        if wants_usage:
            yield answer.usage(await self._threads.run(self._usage, prompt, said))
        yield b"data: [DONE]\n\n"

    async def _body(
        self, answer: _Form, prompt: Prompt, pieces: Iterator[str]
    ) -> AsyncIterator[bytes]:
        said = "".join([piece async for piece in self._each(pieces)]).strip()
        yield _json(answer.whole(said, await self._threads.run(self._usage, prompt, said)))

    async def _each(self, pieces: Iterator[str]) -> AsyncIterator[str]:
        # To the end, because an iterator that is at work in a thread cannot be closed.
        while (piece := await to_the_end(self._threads.run(next, pieces, None))) is not None:
            yield piece

    def _usage(self, prompt: Prompt, said: str) -> dict[str, int]:
        generator = self._generator
        read = sum(generator.count_tokens(each.content) for each in generator.layout(prompt))
        written = generator.count_tokens(said)
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }


def prompt_of(asked: CompletionRequest) -> Prompt:
    """The prompt that a generator reads of a request.

    Raises:
        InvalidInput: the user says nothing after the last answer.
    """
    messages = asked.body["messages"]
    turns = turns_of(messages, "chat")
    question = unanswered(turns)
    if not question:
        raise InvalidInput("the last message with words must be the user's; add a question")
    earlier = turns[: len(turns) - len(question)]
    told = [
        message["content"]
        for message in messages
        if message.get("role") in _INSTRUCTIONS and isinstance(message.get("content"), str)
    ]
    return Prompt(
        "\n".join(turn.text for turn in question),
        asked.exchange.context,
        tuple(Message(turn.role or "user", turn.text) for turn in earlier),
        "\n\n".join(told) or None,
    )


class _Begun:
    """An iterator whose first item was made already."""

    def __init__(self, items: Iterator[str]) -> None:
        self._items = items
        self._first = next(items, None)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        first, self._first = self._first, None
        return next(self._items) if first is None else first

    def close(self) -> None:
        """Stop what makes the items."""
        if hasattr(self._items, "close"):
            self._items.close()


class _Form:
    """One answer in the words of the protocol."""

    def __init__(self, model: str) -> None:
        self._fields = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time())}
        self._fields |= {"model": model}

    def event(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        """A piece of a stream."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk(choices=[choice])

    def usage(self, usage: Mapping[str, int]) -> bytes:
        """The piece that counts tokens."""
        return self._chunk(choices=[], usage=usage)

    def whole(self, said: str, usage: Mapping[str, int]) -> dict[str, Any]:
        """An answer that is no stream."""
        message = {"role": "assistant", "content": said, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        fields = {"object": "chat.completion", "choices": [choice], "usage": usage}
        return {**self._fields, **fields}

    def _chunk(self, **fields: Any) -> bytes:
        chunk = {**self._fields, "object": "chat.completion.chunk", **fields}
        return b"data: " + _json(chunk) + b"\n\n"


def _whole(data: Any) -> CompletionResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield _json(data)

    return CompletionResponse(200, {"content-type": "application/json"}, pieces())


def _json(data: Any) -> bytes:
    return json.dumps(data).encode("ascii")
