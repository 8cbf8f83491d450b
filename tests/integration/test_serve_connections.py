"""Clients that take their time, and clients that are many: with limits so short that a test can
wait for them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi")

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from remem import Memory
from remem.serve.app import create_app
from remem.serve.settings import Limits, ServeSettings
from remem.testing import HashEncoder
from tests.openai_upstream import Upstream, upstream
from tests.raw_http import connected, received, replies, send
from tests.serving import guarding

GET = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LONG = 60.0
PATIENT = Limits(connections=8, head_seconds=LONG, idle_seconds=LONG, stall_seconds=LONG)


TWENTY_MEGABYTES = 20 * 2**20


async def whole(_: Request) -> Response:
    return Response(bytes(TWENTY_MEGABYTES))


async def pieces(_: Request) -> Response:
    return StreamingResponse(bytes(2**16) for _ in range(TWENTY_MEGABYTES // 2**16))


TALKATIVE = Starlette(routes=[Route("/whole", whole), Route("/pieces", pieces)])


@dataclass(frozen=True)
class Serving:
    memory: Memory
    stub: Upstream

    def within(self, limits: Limits) -> AbstractContextManager[tuple[int, uvicorn.Server]]:
        app = create_app(self.memory, ServeSettings(upstream=self.stub.url))
        return guarding(app, limits)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory, upstream() as stub:
        yield Serving(memory, stub)


def code(reply: bytes) -> tuple[int, str]:
    """Status and code of the only reply."""
    [only] = replies(reply)
    return only.status, json.loads(only.body)["error"]["code"]


def drip(client: socket.socket, piece: bytes, seconds: float) -> None:
    """Send a piece ten times a second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        send(client, [piece])
        time.sleep(0.1)


def wait_until_nobody_is_connected(server: uvicorn.Server) -> None:
    until = time.monotonic() + LONG / 2
    while server.server_state.connections:
        assert time.monotonic() < until, "a connection stays open"
        time.sleep(0.02)


def test_headers_that_come_line_by_line_are_cut_off(serving: Serving) -> None:
    limits = replace(PATIENT, head_seconds=0.5)
    with serving.within(limits) as (port, server), connected(port) as client:
        send(client, [GET])
        drip(client, b"X: y\r\n", 1.5)
        assert code(received(client)) == (408, "request_timeout")
        wait_until_nobody_is_connected(server)


def test_the_second_request_of_a_connection_has_no_more_time(serving: Serving) -> None:
    limits = replace(PATIENT, head_seconds=0.5)
    with serving.within(limits) as (port, _), connected(port) as client:
        send(client, [GET + b"\r\n"])
        assert client.recv(10_000).startswith(b"HTTP/1.1 200 ")
        send(client, [GET])
        drip(client, b"X: y\r\n", 1.5)
        assert code(received(client)) == (408, "request_timeout")


def test_a_client_that_says_nothing_is_hung_up_on(serving: Serving) -> None:
    limits = replace(PATIENT, head_seconds=0.3)
    with serving.within(limits) as (port, _), connected(port) as client:
        assert received(client) == b""


def test_a_connection_without_requests_is_closed_whatever_empty_lines_come(
    serving: Serving,
) -> None:
    limits = replace(PATIENT, idle_seconds=0.5)
    with serving.within(limits) as (port, server), connected(port) as client:
        send(client, [GET + b"\r\n"])
        assert client.recv(10_000).startswith(b"HTTP/1.1 200 ")
        drip(client, b"\r\n", 1.5)
        assert received(client) == b""
        wait_until_nobody_is_connected(server)


@pytest.mark.parametrize("kept", [0, 7])
def test_a_body_that_does_not_go_on_is_cut_off(serving: Serving, kept: int) -> None:
    limits = replace(PATIENT, stall_seconds=0.5)
    with serving.within(limits) as (port, server), ExitStack() as others:
        for _ in range(kept):  # where it is crowded, the application waits for the whole body
            others.enter_context(connected(port))
        with connected(port) as client:
            send(client, [POST + b"Content-Length: 100\r\n\r\n{"])
            assert code(received(client)) == (408, "request_timeout")
        others.close()
        wait_until_nobody_is_connected(server)


def test_a_body_behind_its_answer_is_not_waited_for_forever(serving: Serving) -> None:
    with serving.within(PATIENT) as (port, server), connected(port) as client:
        send(client, [POST.replace(b"search", b"nothing") + b"Content-Length: 100\r\n\r\n"])
        assert client.recv(10_000).startswith(b"HTTP/1.1 404 ")
        drip(client, b"x", 7)
        wait_until_nobody_is_connected(server)


@pytest.mark.parametrize("path", [b"/whole", b"/pieces"])
def test_an_answer_that_nobody_reads_is_given_up(path: bytes) -> None:
    limits = replace(PATIENT, stall_seconds=0.5)
    with guarding(TALKATIVE, limits) as (port, server), connected(port) as client:
        send(client, [b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path])
        assert client.recv(10).startswith(b"HTTP/1.1")
        wait_until_nobody_is_connected(server)


@pytest.mark.parametrize("path", [b"/whole", b"/pieces"])
def test_an_answer_that_is_read_slowly_is_not(path: bytes) -> None:
    limits = replace(PATIENT, stall_seconds=0.5)
    with guarding(TALKATIVE, limits) as (port, _), connected(port) as client:
        send(client, [b"GET %b HTTP/1.0\r\nHost: localhost\r\n\r\n" % path])
        read = 0
        while piece := client.recv(2**18):
            read += len(piece)
            time.sleep(0.02)
    assert read > TWENTY_MEGABYTES


def test_who_waited_longest_makes_room_for_who_comes(serving: Serving) -> None:
    with serving.within(PATIENT) as (port, _), ExitStack() as opened:
        clients = [opened.enter_context(connected(port)) for _ in range(8)]
        for client in clients:
            send(client, [GET])
            time.sleep(0.05)
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/health").status_code == 200
        assert code(received(clients[0])) == (503, "too_many_connections")
        # The others are still there, and may finish what they began.
        send(clients[-1], [b"Connection: close\r\n\r\n"])
        assert [reply.status for reply in replies(received(clients[-1]))] == [200]


def test_an_idle_connection_makes_room_without_a_word(serving: Serving) -> None:
    with serving.within(PATIENT) as (port, _), ExitStack() as opened:
        idle = opened.enter_context(connected(port))
        send(idle, [GET + b"\r\n"])
        assert idle.recv(10_000).startswith(b"HTTP/1.1 200 ")
        for _ in range(8):
            send(opened.enter_context(connected(port)), [GET])
        assert received(idle) == b""


def test_half_a_body_makes_room_and_is_told_why(serving: Serving) -> None:
    with serving.within(PATIENT) as (port, _), ExitStack() as opened:
        clients = [opened.enter_context(connected(port)) for _ in range(8)]
        for client in clients:
            send(client, [POST + b"Content-Length: 100\r\n\r\n{"])
            time.sleep(0.05)
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/health").status_code == 200
        assert code(received(clients[0])) == (503, "too_many_connections")


def test_who_is_being_answered_keeps_his_place_and_who_comes_is_refused(serving: Serving) -> None:
    serving.stub.goes_on.clear()
    body = b'{"stream": true, "messages": [{"role": "user", "content": "Hello, this is Anna."}]}'
    head = POST.replace(b"/api/v1/search", b"/v1/chat/completions")
    with serving.within(PATIENT) as (port, _), ExitStack() as opened:
        chats = [opened.enter_context(connected(port)) for _ in range(8)]
        for chat in chats:
            send(chat, [head + b"Content-Length: %d\r\n\r\n" % len(body) + body])
            assert chat.recv(1).startswith(b"H")
        with connected(port) as late:
            send(late, [GET])
            assert code(received(late)) == (503, "too_many_connections")
        serving.stub.goes_on.set()
        for chat in chats:
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                data += chat.recv(2**16)
            assert b"data: [DONE]" in data
