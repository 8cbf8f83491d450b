"""Backends make the answers: a server behind this one, or a model on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar

from remem.attach.attachment import Exchange


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A chat completion that a client wants.

    Attributes:
        body: The request, as JSON.
        raw: The request, byte for byte.
        headers: Those of the request that are meant for whoever answers.
        exchange: The same conversation with its memories.
    """

    body: Mapping[str, Any]
    raw: bytes
    headers: Mapping[str, str]
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class CompletionResponse:
    """An answer that is on its way.

    Attributes:
        status: Of HTTP.
        headers: What a client should see of the headers.
        pieces: The body; ends with ``ApiError`` if it breaks off.
    """

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)

    @property
    def is_called_a_stream(self) -> bool:
        """True if the headers say that it is a stream of events."""
        media_type = self.headers.get("content-type", "").partition(";")[0]
        return media_type.strip().lower() == "text/event-stream"


class Backend(Protocol):
    """Answers in the form of the OpenAI chat completions protocol. Its errors are ``ApiError`` and
    ``RememError``s; leaving a context ends the work on an answer."""

    def count_tokens(self, text: str) -> int:
        """The number of tokens that its model makes of a text; may block."""

    def complete(self, asked: CompletionRequest) -> AbstractAsyncContextManager[CompletionResponse]:
        """Answer."""

    def models(
        self, name: str | None, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[CompletionResponse]:
        """Describe a model, or list all."""

    async def close(self) -> None:
        """Release everything."""


# Work that blocks, in threads, so that the event loop never waits for it.

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A number of threads; what comes when all are busy waits its turn.

    Args:
        name: Of the threads.
        count: How many.
    """

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return or raise what the function does. Once it runs, nothing interrupts it."""
        call = partial(copy_context().run, partial(function, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait until all is done."""
        self._pool.shutdown()
