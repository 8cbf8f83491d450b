"""An answer on its way to the client, remembered just before its end."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from remem.aio import to_the_end
from remem.attach.attachment import Exchange, Remembered
from remem.attach.replies import Answer, ChatReading, Seen, Watch
from remem.serve.access import Slots
from remem.serve.backend import CompletionResponse, Threads
from remem.serve.errors import ApiError, api_error
from remem.serve.middleware import Metrics
from remem.store import RememError

logger = logging.getLogger("remem")

_MOST_HEADER = 4096
"""Bytes of one header: servers in front of this one take 8 KB of all together."""


@dataclass(frozen=True, slots=True)
class Remembering:
    """Recalls for a request, answers it, and remembers the exchange.

    Attributes:
        recall: Makes the exchange; blocks.
        complete: Begins the answer.
        readers, writers: Where recalling and remembering block.
        metrics: What is counted.
        max_bytes: Longest answer that is no stream, and longest event of one that is.
    """

    recall: Callable[[], Exchange]
    complete: Callable[[Exchange], AbstractAsyncContextManager[CompletionResponse]]
    readers: Threads
    writers: Threads
    metrics: Metrics
    max_bytes: int

    async def forward(self, send: Send) -> None:
        """Send the answer as it comes.

        Raises:
            ApiError, RememError: there is none; nothing was sent.
        """
        exchange = await self.readers.run(self.recall)
        self.metrics.recalled.labels("chat").inc(len(exchange.context.recollections))
        self.metrics.prompt_tokens.inc(exchange.measure.tokens)
        self.metrics.repeated_tokens.inc(exchange.measure.repeated)
        if exchange.problem:
            self.metrics.problems.labels("recall").inc()
        async with self._answering(exchange) as answering:
            if answering.status >= 300:
                await self._whole(exchange, answering, send)
            elif answering.is_called_a_stream:
                await self._stream(exchange, answering, send)
            else:
                await self._by_its_beginning(exchange, answering, send)

    @asynccontextmanager
    async def _answering(self, exchange: Exchange) -> AsyncIterator[CompletionResponse]:
        began = time.perf_counter()
        try:
            async with self.complete(exchange) as answering:
                self.metrics.upstream_seconds.observe(time.perf_counter() - began)
                if answering.status >= 400:
                    self.metrics.upstream_errors.labels(str(answering.status)).inc()
                yield answering
        except (ApiError, RememError) as error:
            self._count(api_error(error))
            raise

    def _count(self, failure: ApiError) -> None:
        self.metrics.upstream_errors.labels(failure.code).inc()

    async def _by_its_beginning(
        self, exchange: Exchange, answering: CompletionResponse, send: Send
    ) -> None:
        """Send an answer of which only its first bytes tell whether it is a stream."""
        first = await anext(answering.pieces, b"")
        answering = replace(answering, pieces=_behind(first, answering.pieces))
        send_it = self._stream if begins_a_stream(first) else self._whole
        await send_it(exchange, answering, send)

    async def _whole(self, exchange: Exchange, answering: CompletionResponse, send: Send) -> None:
        body = await collected(answering.pieces, self.max_bytes)
        remembered = None
        if answering.status < 300:
            reading = ChatReading()
            reading.read_whole(body)
            remembered = await self._remember(exchange, reading.answer())
        headers = {**answering.headers, **_about(exchange, exchange.told(remembered))}
        headers["content-length"] = str(len(body))
        await send(_start(answering.status, headers))
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, exchange: Exchange, answering: CompletionResponse, send: Send) -> None:
        about = _about(exchange, exchange.told())
        await send(_start(answering.status, {**answering.headers, **about}))
        watch: Watch[bytes] = Watch(ChatReading())
        try:
            async with aclosing(_events(answering.pieces, self.max_bytes)) as events:
                async for event in events:
                    await self._pass(exchange, _seen(watch, event), send)
        except (ApiError, RememError) as error:
            await self._pass(exchange, watch.end(), send)
            if not watch.reading.ended:
                failure = api_error(error)
                self._count(failure)
                logger.warning("an answer broke off: %s", failure.detail)
                told = b"data: " + bytes(failure.response.body) + b"\n\n"
                await send({"type": "http.response.body", "body": told, "more_body": True})
                return  # without an end, so that the server breaks off the connection as well
        else:
            await self._pass(exchange, watch.end(), send)
        await send({"type": "http.response.body", "body": b""})

    async def _pass(self, exchange: Exchange, seen: Seen[bytes], send: Send) -> None:
        """Send events on; the exchange is stored before, if they bring the end of an answer."""
        if seen.answer is not None:
            await self._remember(exchange, seen.answer)
        for event in seen.passed:
            await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _remember(self, exchange: Exchange, answer: Answer) -> Remembered:
        """Store the exchange if there is an answer."""
        if answer.problem:
            remembered = exchange.give_up(answer.problem)
        elif answer.text:
            remembered = await to_the_end(self.writers.run(exchange.remember, answer.text))
        else:
            return Remembered()
        self.metrics.remembered.labels("chat").inc(len(remembered.turns.added))
        if remembered.problem:
            self.metrics.problems.labels("remember").inc()
        return remembered


class Forwarded(Response):
    """The reply of the proxy; one that nobody waits for any more is not made.

    Args:
        remembering: Makes it.
        slots: Room for it.
    """

    def __init__(self, remembering: Remembering, slots: Slots) -> None:
        super().__init__()
        self._remembering = remembering
        self._slots = slots

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Make it."""
        with self._slots.take():
            await while_connected(receive, self._remembering.forward(send))


async def collected(pieces: AsyncIterator[bytes], most: int) -> bytes:
    """A whole body.

    Raises:
        ApiError: 502, it is too long.
    """
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            raise _too_long(most)
    return bytes(body)


async def _events(pieces: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes, None]:
    """The answer as it was sent, event by event; what stands behind the last one as it is."""
    events = Events()
    async for piece in pieces:
        for event in events.feed(piece):
            yield event
        if events.waiting > most:
            raise _too_long(most)
    if events.waiting:
        yield events.rest


async def _behind(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _seen(watch: Watch[bytes], event: bytes) -> Seen[bytes]:
    name, data = fields_of(event)
    if not data and event.lstrip()[:1] == b"{":  # a whole answer that is called a stream
        watch.reading.read_whole(event)
    return watch.feed(event, name, data)


def _too_long(most: int) -> ApiError:
    return ApiError(
        502, "upstream_failed", f"the upstream's answer is longer than {most:,} bytes; ask for less"
    )


def _about(exchange: Exchange, problem: str | None) -> dict[str, str]:
    """Headers that tell what memory did."""
    recalled = (each.record.key for each in exchange.context.recollections)
    headers = {"x-remem-recalled": _listed(recalled)}
    if exchange.measure.tokens:
        headers["x-remem-repeated-tokens"] = str(exchange.measure.repeated)
    if exchange.said:
        headers["x-remem-session"] = quote(exchange.said[0].source, safe="/:")
    if problem:
        headers["x-remem-problem"] = _in_a_header(problem)
    return headers


def _listed(keys: Iterable[str]) -> str:
    """As many keys as a header takes, percent-encoded, between commas."""
    listed = ""
    for key in keys:
        longer = f"{listed},{quote(key)}" if listed else quote(key)
        if len(longer) > _MOST_HEADER:
            break
        listed = longer
    return listed


def _in_a_header(sentence: str) -> str:
    words = " ".join(sentence.split())
    return words.encode("ascii", "replace").decode("ascii")[:_MOST_HEADER]


def _start(status: int, headers: Mapping[str, str]) -> Message:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


# Work for a client, for as long as the client is there.
async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work; cancel it as soon as the client hangs up."""
    doing = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
    finally:
        doing.cancel()
        leaving.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# Server-sent events, told apart while they pass by. Pure.

# Also where a server mixes line ends, which the standard allows.
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LONGEST_END = 4
_MARK = b"\xef\xbb\xbf"  # of a byte order, which may stand in front of a stream
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


class Events:
    """Bytes as they come to events as they were sent; nothing is changed on the way.

    One that never ends costs no more for each piece than one that does.
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """The beginning of an event that is not complete."""
        return bytes(self._rest)

    @property
    def waiting(self) -> int:
        """Bytes of it."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete, each with the blank line behind it."""
        start = max(0, len(self._rest) - _LONGEST_END)
        self._rest += data
        ends = [end.end() for end in _END.finditer(self._rest, start)]
        events = [bytes(self._rest[done:end]) for done, end in pairwise([0, *ends])]
        del self._rest[: ends[-1] if ends else 0]
        return events


def fields_of(event: bytes) -> tuple[str, str]:
    """The name of an event, empty if it has none, and its data."""
    values: dict[bytes, list[bytes]] = {b"event": [], b"data": []}
    for line in event.removeprefix(_MARK).splitlines():
        field, _, value = line.partition(b":")
        if field in values:
            values[field].append(value.removeprefix(b" "))
    name, data = b"".join(values[b"event"][-1:]), b"\n".join(values[b"data"])
    return name.decode("utf-8", "replace"), data.decode("utf-8", "replace")


def begins_a_stream(body: bytes) -> bool:
    """True for a body that begins as a stream of events does, whatever it is called."""
    return _BEGINNING.match(body) is not None
