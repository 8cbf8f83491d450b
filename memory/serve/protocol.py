"""HTTP/1.1 as uvicorn speaks it, with limits for clients that mean no good.

What was measured before this was chosen, each server as it comes:

- uvicorn with httptools refuses a request with two lengths, but has no limit of headers: 30 MB of
  them hold up everybody for 13 s, and a header line every half second goes on for ever.
- uvicorn with h11 limits the size of headers, but not their time; it takes a length beside chunks,
  and answers a fifth of the requests in a second.
- hypercorn, which speaks h11 as well, hangs up on slow headers without a word.
- granian waits for slow headers, and its parser is out of reach.

httptools needs nothing but to be asked: it says what it has read, piece by piece.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping
from enum import Enum, auto
from functools import cache
from typing import Any, Generic, TypeVar

import httptools
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from remem.serve.browsers import SAFE_HEADERS
from remem.serve.errors import ApiError
from remem.serve.settings import Limits

_MOST_PIPELINED = 8
"""Requests that a client may send before it has the answer to the first."""

_MOST_DISCARDED = 2**20
"""Bytes that a client may still send when it was refused: closed at once, it would not see why."""

_LEAST_READ = 2**16
"""Bytes that a client has to read of an answer, in the time that there is for it."""

_MANY_CHUNKS, _SMALL_CHUNK = 1000, 16
"""So many chunks of a body are not smaller than this, on average: each costs as much as a large."""

_MOST_UNSTARTED = 2**15
"""Bytes of a body that are enough to begin with, however many clients there are."""

_END_SECONDS = 5.0
"""For a client to hang up after its last answer."""


class GuardedServer(uvicorn.Server):
    """A server whose connections are held within limits."""

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        super().__init__(config)
        waiting = Waiting["GuardedProtocol"](
            {
                Wait.HEAD: limits.head_seconds,
                Wait.IDLE: limits.idle_seconds,
                Wait.BODY: limits.stall_seconds,
                Wait.READING: limits.stall_seconds,
                Wait.END: _END_SECONDS,
            }
        )

        class Protocol(GuardedProtocol):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, limits=limits, waiting=waiting, **options)

        config.http = Protocol
        self._waiting = waiting

    async def on_tick(self, counter: int) -> bool:
        """Do what is to be done ten times a second."""
        for connection in self._waiting.overdue():
            connection.be_late()
        return await super().on_tick(counter)


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        limits: Of this connection, and how many there may be.
        waiting: The connections of the server that owe something.
    """

    def __init__(
        self, *args: Any, limits: Limits, waiting: Waiting[GuardedProtocol], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._limits = limits
        self._waiting = waiting
        self._in_head = self._in_body = False
        self._head_bytes = self._head_fields = self._url_bytes = 0
        self._chunks = self._chunk_bytes = 0
        self._silent = 0  # bytes since the parser last had something to say
        self._refusal: ApiError | None = None
        self._unstarted: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._deaf = False
        self._discarded = 0
        self._unread = 0

    # What the transport says

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            if (longest := self._waiting.longest()) is None:
                self._refuse(_too_many())
                return
            longest.give_way()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._waiting.end(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._deaf:
            self._discarded += len(data)
            if self._discarded > _MOST_DISCARDED:
                self.transport.abort()
            return
        self._silent += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here, so what follows would be read as what it is not.
            self._hear_no_more()
        except httptools.HttpParserError:
            self._refuse(self._refusal or _not_http())
            return
        if self._silent > self._limits.head_bytes:
            self._refuse(_too_long(self._limits))
            return
        self._look()

    def pause_writing(self) -> None:
        """Wait until the client has read."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._look()

    # What the parser says

    def on_message_begin(self) -> None:
        """Begin to count anew."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise ValueError("too many requests at once")
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._head_fields = self._url_bytes = 0
        self._chunks = self._chunk_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        self._url_bytes += len(url)
        if self._url_bytes > self._limits.url_bytes:
            self._refusal = _url_too_long(self._limits)
            raise ValueError("the URL is too long")
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one behind the body is counted and dropped, for all was checked before."""
        self._head_bytes += len(name) + len(value)
        self._head_fields += 1
        if (
            self._head_bytes + self._url_bytes > self._limits.head_bytes
            or self._head_fields > self._limits.head_fields
        ):
            self._refusal = _too_long(self._limits)
            raise ValueError("the headers are too long")
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._silent = 0
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._silent = 0
        self._chunks += 1
        self._chunk_bytes += len(body)
        if self._chunks > _MANY_CHUNKS and self._chunk_bytes < _SMALL_CHUNK * self._chunks:
            self._refusal = _small_chunks()
            raise ValueError("the chunks are too small")
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Have the request whole."""
        self._silent = 0
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # its time is kept with that of all others
        self._look()

    # What becomes of a client that owes something

    def be_late(self) -> None:
        """End, because the client did not do in time what it was waited for."""
        match self._waiting.what(self):
            case Wait.BODY:
                self._refuse(_too_slow())
            case Wait.HEAD if self._has_begun():
                self._refuse(_too_slow())
            case Wait.READING:
                self._look_how_far_it_read()
            case Wait.END:
                self.transport.abort()
            case _:
                self._close()

    def give_way(self) -> None:
        """End, because another client needs the room."""
        match self._waiting.what(self):
            case Wait.HEAD | Wait.BODY if self._has_begun() and not self._answering():
                self.transport.write(self._told(_too_many()))
                self._close()
            case Wait.IDLE | Wait.HEAD:
                self._close()
            case _:
                self.transport.abort()
                self._waiting.end(self)

    def _look(self) -> None:
        """Wait for what the client owes now."""
        if self._unstarted is not None and not self._may_wait():
            super()._start_asgi_task(*self._unstarted)
            self._unstarted = None
        owed = self._owed()
        if owed is None:
            self._waiting.end(self)
        elif owed is not self._waiting.what(self) or self._goes_on(owed):
            self._unread = self.transport.get_write_buffer_size()
            self._waiting.begin(self, owed)

    def _owed(self) -> Wait | None:
        serving = self.cycle is not None and not self.cycle.response_complete
        if serving and not self._deaf:
            if self.flow.write_paused:
                return Wait.READING
            return Wait.BODY if self._in_body else None
        if self.transport.get_write_buffer_size():
            return Wait.READING
        if serving:
            return None
        if self._deaf or self._in_body or self.transport.is_closing():
            return Wait.END
        return Wait.HEAD if self._in_head or self.cycle is None else Wait.IDLE

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._unstarted = cycle, app

    def _may_wait(self) -> bool:
        """True if the application is not yet to begin with a request.

        It refuses a stranger before his body is there. But where many clients hold connections, it
        would have more work with each half a request than the client.
        """
        crowded = len(self.connections) > self._limits.connections // 2
        return crowded and self._in_body and len(self.cycle.body) < _MOST_UNSTARTED

    def _goes_on(self, owed: Wait) -> bool:
        return owed is Wait.BODY and self._unstarted is None

    def _has_begun(self) -> bool:
        """True if there is a request, of which the client may want to know what became of it."""
        return self._in_head or self._in_body

    def _answering(self) -> bool:
        """True if anything of an answer is on its way, into which nothing else may be written."""
        return bool(self.pipeline) or (
            self.cycle is not None
            and self.cycle.response_started
            and not self.cycle.response_complete
        )

    def _look_how_far_it_read(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and left > self._unread - _LEAST_READ:
            self.transport.abort()
            return
        self._waiting.end(self)
        self._look()

    def _refuse(self, refusal: ApiError) -> None:
        serving = self.cycle is not None and not self.cycle.response_complete
        if serving and not self._in_body:
            # This answer is finished, and the request behind it is what gets none.
            self._hear_no_more()
        elif self._answering():
            self.transport.abort()
        else:
            if serving:
                self._unstarted = None
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self._deaf = True
            self.transport.write(self._told(refusal))
            self.transport.write_eof()
            self.flow.resume_reading()
            self._waiting.begin(self, Wait.END)

    def _hear_no_more(self) -> None:
        self._deaf = True
        self.cycle.keep_alive = False
        self._look()

    def _close(self) -> None:
        self._unstarted = None
        self.transport.close()
        self._look()

    def _told(self, refusal: ApiError) -> bytes:
        status, rest = _written(refusal)
        dated = [b"%s: %s\r\n" % field for field in self.server_state.default_headers]
        return b"".join([status, *dated, rest])


@cache
def _written(refusal: ApiError) -> tuple[bytes, bytes]:
    """A reply that no application gave: its first line, and what follows it."""
    response = refusal.response
    own = ((name.lower().encode(), value.encode()) for name, value in SAFE_HEADERS.items())
    fields = (*response.raw_headers, *own, (b"connection", b"close"))
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    return STATUS_LINE[response.status_code], lines + b"\r\n" + bytes(response.body)


# Each of these is made once, because whoever floods the server would have it made again and again.


@cache
def _too_many() -> ApiError:
    return ApiError(
        503,
        "too_many_connections",
        "the server holds as many connections as it can; try again in a moment",
        {"Retry-After": "1"},
    )


@cache
def _too_long(limits: Limits) -> ApiError:
    return ApiError(
        431,
        "headers_too_large",
        f"the headers are longer than {limits.head_bytes:,} bytes or more than "
        f"{limits.head_fields}; send fewer",
    )


@cache
def _url_too_long(limits: Limits) -> ApiError:
    return ApiError(
        414,
        "url_too_long",
        f"the URL is longer than {limits.url_bytes:,} bytes; send what it says in a body",
    )


@cache
def _too_slow() -> ApiError:
    return ApiError(
        408, "request_timeout", "the request did not arrive in time; send it faster, in one piece"
    )


@cache
def _small_chunks() -> ApiError:
    return ApiError(
        400,
        "small_chunks",
        f"the body comes in chunks of less than {_SMALL_CHUNK} bytes; send larger ones",
    )


@cache
def _not_http() -> ApiError:
    return ApiError(400, "invalid_http", "this is no valid HTTP/1.1 request; check how it is made")


# Clients that the server waits for: how long for each, and who has kept it waiting longest.

Client = TypeVar("Client", bound=Hashable)


class Wait(Enum):
    """A debt of a client to the server."""

    HEAD = auto()
    """The request line and all headers."""
    BODY = auto()
    """More of the body."""
    READING = auto()
    """To read what it was sent."""
    IDLE = auto()
    """Another request, or to hang up."""
    END = auto()
    """Only to hang up: it has its answer, and what it still sends is thrown away."""


class Waiting(Generic[Client]):
    """The clients that owe something.

    Those that owe the same wait in the order in which they began, and have the same time: the first
    is always the next that is overdue, so that looking costs nothing however many there are.

    Args:
        seconds: For what there is a limit, and which.
        clock: Seconds that pass.
    """

    def __init__(
        self, seconds: Mapping[Wait, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: dict[Wait, dict[Client, float]] = {what: {} for what in Wait}
        self._what: dict[Client, Wait] = {}

    def begin(self, client: Client, what: Wait) -> None:
        """Wait for this from now on, and for nothing else of the client."""
        self.end(client)
        self._what[client] = what
        self._since[what][client] = self._clock()

    def end(self, client: Client) -> None:
        """Wait for nothing more of the client."""
        what = self._what.pop(client, None)
        if what is not None:
            del self._since[what][client]

    def what(self, client: Client) -> Wait | None:
        """The debt of the client, if it has one."""
        return self._what.get(client)

    def overdue(self) -> list[Client]:
        """Those whose time is over; they go on waiting until they are told otherwise."""
        now = self._clock()
        late = []
        for what, seconds in self._seconds.items():
            for client, since in self._since[what].items():
                if now - since < seconds:
                    break
                late.append(client)
        return late

    def longest(self) -> Client | None:
        """The client that has been waited for longest, if any is."""
        first = [next(iter(queue.items())) for queue in self._since.values() if queue]
        return min(first, key=lambda item: item[1])[0] if first else None
