"""The server behind the proxy."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import httpx

from remem.recall.prompt import estimate_tokens
from remem.serve.backend import CompletionRequest, CompletionResponse
from remem.serve.errors import ApiError
from remem.serve.settings import ServeSettings
from remem.store import InvalidInput

# Chosen, not what is left of all: a header that nobody thought of must not carry a secret through.
_TO_UPSTREAM = ("accept", "idempotency-key", "user-agent")
_TO_CLIENT = ("content-type", "cache-control", "retry-after", "retry-after-ms", "x-should-retry")
_OF_OPENAI = ("openai-", "x-ratelimit-")

_UNPACKED = ("identity", "gzip", "deflate")
"""Of these, a piece becomes at most a thousand times as long; packed twice, a million times."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BYTES = "latin-1"
"""Headers are bytes, of any meaning: read like this they go on as they came."""


class Upstream:
    """An OpenAI-compatible server at a fixed address. It is never sent anywhere else, by a
    redirect for example.

    Args:
        url: With its ``/v1``; may have a query, which goes with every request.
        settings: Key, time-outs.
        forwards_keys: Whether it gets the clients' own keys, as these are not keys of remem.

    Raises:
        InvalidInput: the URL is none, or the key.
    """

    def __init__(self, url: str, settings: ServeSettings, *, forwards_keys: bool) -> None:
        self._base = _parsed(url)
        self._name = f"{self._base.scheme}://{self._base.netloc.decode('ascii')}"
        self._key = _printable(settings.upstream_key)
        self._forwards_keys = forwards_keys
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.upstream_seconds, connect=settings.connect_seconds),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            # A proxy that the environment names does not lead to this machine.
            trust_env=not is_loopback(self._base.host),
        )

    def count_tokens(self, text: str) -> int:
        """An estimate: the tokenizer is not at hand."""
        return estimate_tokens(text)

    @asynccontextmanager
    async def complete(self, asked: CompletionRequest) -> AsyncIterator[CompletionResponse]:
        """Pass a request on, with its memories."""
        messages = asked.exchange.messages
        # Where there are no memories, not even white space changes.
        body = _json({**asked.body, "messages": messages}) if asked.exchange.changed else asked.raw
        headers = {"content-type": "application/json"} | self._headers(asked.headers)
        async with self._sent("POST", "/chat/completions", headers, body) as answering:
            yield answering

    @asynccontextmanager
    async def models(
        self, name: str | None, headers: Mapping[str, str]
    ) -> AsyncIterator[CompletionResponse]:
        """Pass on what it says about its models."""
        path = "/models" if name is None else f"/models/{quote(name)}"
        async with self._sent("GET", path, self._headers(headers), None) as answering:
            yield answering

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[CompletionResponse]:
        url = self._base.copy_with(path=self._base.path.rstrip("/") + path)
        raw = [(name.encode(_BYTES), value.encode(_BYTES)) for name, value in headers.items()]
        request = self._client.build_request(method, url, headers=raw, content=body)
        with self._translated():
            response = await self._client.send(request, stream=True)
        try:
            self._check(response)
            yield CompletionResponse(response.status_code, _shown(response), self._pieces(response))
        finally:
            await response.aclose()

    def _check(self, response: httpx.Response) -> None:
        if response.is_redirect:
            raise self._failed("redirects to another address; start remem with that one")
        if response.status_code >= 600:
            raise self._failed("answers with a status that there is not; check that it is one")
        if response.headers.get("content-encoding", "identity").strip().lower() not in _UNPACKED:
            raise self._failed("packs its answers though it is asked not to; set it up otherwise")

    def _failed(self, why: str) -> ApiError:
        return ApiError(502, "upstream_failed", f"the upstream {self._name} {why}")

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        with self._translated():
            async for piece in response.aiter_bytes():
                yield piece

    def _headers(self, of_client: Mapping[str, str]) -> dict[str, str]:
        headers = {
            name: value
            for name, value in of_client.items()
            if name in _TO_UPSTREAM or name.startswith(_OF_OPENAI)
        }
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        elif self._forwards_keys and "authorization" in of_client:
            headers["authorization"] = of_client["authorization"]
        # What is compressed would only have to be unpacked here.
        return headers | {"accept-encoding": "identity", "x-request-id": of_client["x-request-id"]}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise ApiError(
                504,
                "upstream_timeout",
                f"the upstream {self._name} did not go on in time; try again",
            ) from error
        except httpx.ConnectError as error:
            raise ApiError(
                502,
                "upstream_unreachable",
                f"the upstream {self._name} cannot be reached; check that it runs",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failed("broke off; try again") from error


def _json(body: Mapping[str, Any]) -> bytes:
    """As most clients write it, so that a conversation does not change with its first memory."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidInput(
            "the upstream is no URL; write it with its /v1, such as http://localhost:11434/v1"
        )
    return parsed


def _printable(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable()):
        raise InvalidInput(
            "the key of the upstream holds a character that no header can; copy it again"
        )
    return key


def _shown(response: httpx.Response) -> dict[str, str]:
    headers = httpx.Headers(response.headers.raw, _BYTES)
    return {
        name: value
        for name, value in headers.items()
        if (name in _TO_CLIENT or name.startswith(_OF_OPENAI)) and not _CONTROL.search(value)
    }


# Addresses of this machine.


def is_loopback(host: str) -> bool:
    """True if a name or address reaches nothing but this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
