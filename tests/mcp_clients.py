"""``remem mcp`` as a process, and the official client of the protocol at its other end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.remem_process import PROGRAM

__all__ = ["Connect", "http_server", "over_http", "over_stdio", "run"]

Connect = Callable[..., AbstractAsyncContextManager[Any]]


def over_stdio(environment: dict[str, str], *options: str, code: str = PROGRAM) -> Connect:
    @asynccontextmanager
    async def connect(mode: Any = "auto") -> AsyncIterator[Any]:
        arguments = ["-c", code, "mcp", *options]
        server = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
        async with Client(server, mode=mode) as client:
            yield client

    return connect


@contextmanager
def http_server(environment: dict[str, str], *options: str) -> Iterator[str]:
    """The URL of ``remem mcp --http``, while it runs."""
    command = [sys.executable, "-c", PROGRAM, "mcp", "--http", "--port", "0", *options]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        announced = process.stderr.readline()
        try:
            assert announced.startswith("remem: MCP on http://"), announced + process.stderr.read()
            yield announced.split()[-1]
        finally:
            process.terminate()


def over_http(environment: dict[str, str], *options: str) -> Connect:
    @asynccontextmanager
    async def connect(mode: Any = "auto", key: str | None = None) -> AsyncIterator[Any]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with http_server(environment, *options) as url:
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(url, http_client=http), mode=mode) as client,
            ):
                yield client

    return connect


def run(connect: Connect, what: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    async def connected() -> Any:
        async with connect(**options) as client:
            return await what(client)

    return anyio.run(connected)
