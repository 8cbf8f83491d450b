"""A server that speaks the OpenAI chat completions protocol and does what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.serving import served

__all__ = ["Received", "Upstream", "upstream"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def prompt(self) -> str:
        """The words of the last message of the user."""
        users = [each for each in self.json["messages"] if each["role"] == "user"]
        return _words(users[-1]["content"])


@dataclass
class Upstream:
    """What the server does, to be set by the test, and what it got.

    Attributes:
        answer: What it says, or what makes an answer of a request; None: the user's last message
            again.
        verbatim: Status, headers and body instead of an answer of its own.
        calls: Tools that it calls before it answers.
        refuses: Status and body instead of an answer.
        redirects: Where it sends clients instead of answering.
        breaks: The connection breaks off in the middle of an answer.
        goes_on: Cleared, the answer stops half way until it is set.
        half_way: Set when half of an answer was sent.
        left: Set when a client hung up before its answer was complete.
        received: All requests.
        sent: The bodies of all answers that were sent to their end.
    """

    answer: str | Callable[[Any], str] | None = None
    verbatim: tuple[int, Mapping[str, str], bytes] | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    refuses: tuple[int, dict[str, Any]] | None = None
    redirects: str | None = None
    breaks: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)
    half_way: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    received: list[Received] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/v1/models/{name:path}", self._models),
            ]
        )

    async def _models(self, request: Request) -> Response:
        self.received.append(Received(request.url.path, dict(request.headers), b""))
        model = {"id": "org/stub", "object": "model", "created": 1, "owned_by": "tests"}
        named = "name" in request.path_params
        return JSONResponse(model if named else {"object": "list", "data": [model]})

    async def _complete(self, request: Request) -> Response:
        got = Received(request.url.path, dict(request.headers), await request.body())
        self.received.append(got)
        if self.refuses:
            status, body = self.refuses
            return JSONResponse(body, status, {"retry-after": "7", "set-cookie": "a=b"})
        if self.verbatim:
            status, headers, body = self.verbatim
            # Pieces that end anywhere, in the middle of a line and of a character.
            parts = [body[place : place + 13] for place in range(0, len(body), 13)]
            return _Sent(self, parts, headers, status)
        if self.redirects:
            return Response(status_code=307, headers={"location": self.redirects})
        said = self.answer(got.json) if callable(self.answer) else self.answer
        said = got.prompt if said is None else said
        asks = [each.get("role") for each in got.json["messages"][-1:]] == ["user"]
        calls = self.calls if asks else []
        media_type = "text/event-stream" if got.json.get("stream") else "application/json"
        return _Sent(self, list(_body(got.json, said, calls)), {"content-type": media_type})


class _Sent(Response):
    """The parts of a body, one after the other, as the test wants."""

    def __init__(
        self, upstream: Upstream, parts: list[bytes], headers: Mapping[str, str], status: int = 200
    ) -> None:
        self.background = None
        self._upstream = upstream
        self._parts = parts
        self._status = status
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        done = False

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            if not done:
                self._upstream.left.set()
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            start = {"type": "http.response.start", "status": self._status}
            await send({**start, "headers": self._headers})
            for number, part in enumerate(self._parts):
                if number == len(self._parts) // 2:
                    self._upstream.half_way.set()
                    while not self._upstream.goes_on.is_set():
                        await anyio.sleep(0.005)
                    if self._upstream.breaks:
                        done = True
                        group.cancel_scope.cancel()
                        return  # an answer without its end: the connection is closed
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            done = True
            self._upstream.sent.append(b"".join(self._parts))
            group.cancel_scope.cancel()


@contextmanager
def upstream(**behaviour: Any) -> Iterator[Upstream]:
    """A server that runs until the end of the block."""
    stub = Upstream(**behaviour)
    stub.goes_on.set()
    with served(stub.app) as url:
        stub.url = f"{url}/v1"
        try:
            yield stub
        finally:
            stub.goes_on.set()


def _body(asked: Mapping[str, Any], said: str, calls: list[dict[str, Any]]) -> Iterator[bytes]:
    if not asked.get("stream"):
        body = json.dumps(_whole(said, calls), indent=1).encode()
        yield from (body[: len(body) // 2], body[len(body) // 2 :])
        return
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if calls:
        deltas += [{"tool_calls": [{"index": n, **call}]} for n, call in enumerate(calls)]
    else:
        deltas += [{"content": word} for word in said.split(" ")[:1]]
        deltas += [{"content": f" {word}"} for word in said.split(" ")[1:]]
    for delta in deltas:
        yield _chunk([{"index": 0, "delta": delta, "finish_reason": None}])
    why = "tool_calls" if calls else "stop"
    yield _chunk([{"index": 0, "delta": {}, "finish_reason": why}])
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield _chunk([], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
    yield b"data: [DONE]\n\n"


def _whole(said: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else said}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {**_FRAME, "object": "chat.completion", "choices": [choice], "unknown": {"kept": 1.50}}


def _chunk(choices: list[Any], **fields: Any) -> bytes:
    chunk = {**_FRAME, "object": "chat.completion.chunk", "choices": choices, **fields}
    return f"data: {json.dumps(chunk)}\n\n".encode()


_FRAME = {"id": "chatcmpl-1", "created": 1, "model": "stub"}


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", f"<{part['type']}>") for part in content)
