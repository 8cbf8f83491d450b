"""Layers in front of every endpoint: request ids, the access log, limits of bodies."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from memory.serve.access import identify
from memory.serve.problems import Refusal, internal_error
from memory.serve.settings import ServeSettings

__all__ = ["Gate", "Tracing", "request_id"]

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
        left = self._settings.max_body_bytes
        deadline: float | None = None
        complete = False

        async def limited() -> Message:
            nonlocal left, deadline, complete
            if complete:
                return await receive()
            if deadline is None:
                identify(Request(scope))
                if int(Headers(scope=scope).get("content-length", 0)) > left:
                    raise self._too_large()
                deadline = time.monotonic() + self._settings.body_seconds
            try:
                message = await asyncio.wait_for(receive(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise Refusal(
                    408,
                    "request_timeout",
                    f"the body did not arrive within {self._settings.body_seconds:g} s; send it "
                    "faster",
                    {"Connection": "close"},
                ) from None
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            complete = not message.get("more_body", False)
            return message

        return limited

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "request_too_large",
            f"the body is longer than {self._settings.max_body_bytes:,} bytes; send less at once",
            {"Connection": "close"},
        )
