"""Layers in front of every endpoint: request ids, the access log, limits of bodies."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextvars import ContextVar
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remem.serve.access import Caller, caller, identify
from remem.serve.errors import ApiError, internal_error
from remem.serve.keys import Permission
from remem.serve.responses import refusals
from remem.serve.sessions import LOGIN, MOST_OF_LOGIN
from remem.serve.settings import ServeSettings

logger = logging.getLogger("remem.access")

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered, for logs."""

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_GONE = 499  # what nginx made the custom for a client that did not wait


class Tracing:
    """Names each request, and logs what became of it: no query, no body, no key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _SANE_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        request_id.set(name)
        began, status = time.perf_counter(), _GONE

        async def traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, traced)
        except ClientDisconnect:
            pass
        except Exception:
            logger.exception("a request failed unexpectedly")
            if status == _GONE:
                await internal_error().response(scope, receive, traced)
        finally:
            logger.info(
                "%s %s %d %.1f ms key=%s",
                scope["method"],
                # As it came, percent-encoded, so that nobody writes lines of the log.
                scope.get("raw_path", b"").decode("ascii", "replace"),
                status,
                1000 * (time.perf_counter() - began),
                scope["state"].get("key_id", "-"),
            )


class Gate:
    """Lets in bodies that are not too long, and do not take too long.

    The body of a request is not read before its key was checked.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            receive = self._limited(scope, receive)
        await self._app(scope, receive, send)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        logs_in = scope["path"] == LOGIN
        most = MOST_OF_LOGIN if logs_in else self._settings.max_body_bytes
        left = most
        deadline: float | None = None
        complete = False

        async def limited() -> Message:
            nonlocal left, deadline, complete
            if complete:
                return await receive()
            if deadline is None:
                if not logs_in:
                    identify(Request(scope))
                if int(Headers(scope=scope).get("content-length", 0)) > left:
                    raise _too_large(most)
                deadline = time.monotonic() + self._settings.body_seconds
            try:
                message = await asyncio.wait_for(receive(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise ApiError(
                    408,
                    "request_timeout",
                    f"the body did not arrive within {self._settings.body_seconds:g} s; send it "
                    "faster",
                    {"Connection": "close"},
                ) from None
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(most)
            complete = not message.get("more_body", False)
            return message

        return limited


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        "request_too_large",
        f"the body is longer than {most:,} bytes; send less at once",
        {"Connection": "close"},
    )


# What a server did, in the form that Prometheus collects.

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The counters of one server. ``endpoint`` is ``rest`` or ``chat``.

    Attributes:
        requests: By method, route template and status.
        seconds: Until a reply was sent whole, by method and route template.
        recalled: Memories that were given to a client or a model, by endpoint.
        remembered: Records that were stored, by endpoint.
        problems: Times that a chat went on without memory, by what could not be done.
        tasks: Requests that a front end made for itself, by task; see ``remem.attach.tasks``.
        prompt_tokens: Of prompts to an upstream, about.
        repeated_tokens: Of these, those at the beginning that were sent before, byte for byte.
        upstream_seconds: Until the upstream began to answer.
        upstream_errors: Answers that failed, by status, or what went wrong.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        counter = partial(Counter, namespace="remem", registry=registry)
        seconds = partial(Histogram, namespace="remem", registry=registry, buckets=_SECONDS)
        gauge = partial(Gauge, namespace="remem", registry=registry)
        by_route = ("method", "route")
        self.requests = counter(
            "requests", "Requests, by what became of them.", (*by_route, "status")
        )
        self.seconds = seconds("request_seconds", "Seconds until a reply was sent whole.", by_route)
        self.recalled = counter(
            "recalled_memories", "Memories given to a client or a model.", ("endpoint",)
        )
        self.remembered = counter("remembered_records", "Records stored.", ("endpoint",))
        self.problems = counter(
            "memory_problems", "Times that a chat went on without memory.", ("what",)
        )
        self.tasks = counter(
            "front_end_tasks",
            "Requests that a front end made for itself, without memory.",
            ("task",),
        )
        self.prompt_tokens = counter("prompt_tokens", "Tokens of prompts to the upstream, about.")
        self.repeated_tokens = counter(
            "repeated_prompt_tokens",
            "Of these, those at the beginning that the upstream has read before, byte for byte.",
        )
        self.upstream_seconds = seconds(
            "upstream_seconds", "Seconds until the upstream began to answer."
        )
        self.upstream_errors = counter(
            "upstream_errors", "Answers of the upstream that failed.", ("why",)
        )
        self.stored = gauge("stored_records", "Records in the store.")
        self.bytes = gauge("store_bytes", "Bytes on disk.")


class Measuring:
    """Counts every request under the template of its route, so that no key becomes a label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), "499"

        async def measured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, measured)
        finally:
            route = _template(scope)
            method = scope["method"] if route != _NONE else _NONE
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(method, route).observe(time.perf_counter() - began)


_NONE = "none"


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", _NONE))


router = APIRouter(tags=["server"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {CONTENT_TYPE_LATEST.partition(";")[0]: {"schema": {"type": "string"}}}},
        **refusals(401, 403, 429, 503),
    },
)
async def metrics(request: Request, who: Annotated[Caller, Depends(caller)]) -> Response:
    """The counters of this server, for Prometheus. Where there are keys, they take an admin key
    for all namespaces."""
    who.require(Permission.ADMIN)
    who.require_all()
    state = request.app.state
    counted: Metrics = state.metrics
    stats = await state.readers.run(state.memory.stats)
    counted.stored.set(sum(stats.records.values()))
    counted.bytes.set(stats.bytes_on_disk)
    return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)
