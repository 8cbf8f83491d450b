"""An upstream that speaks no good HTTP: the client gets an answer, and nobody else waits."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.settings import Limits, ServeSettings
from remem.testing import HashEncoder
from tests.serving import guarding

ANSWER = json.dumps(
    {"choices": [{"message": {"role": "assistant", "content": "Fine."}, "finish_reason": "stop"}]}
).encode()


def reply(*headers: bytes, status: bytes = b"200 OK", body: bytes = ANSWER) -> bytes:
    fields = (*headers, b"Content-Length: %d" % len(body))
    return b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, b"\r\n".join(fields), body)


@contextmanager
def saying(said: bytes) -> Iterator[str]:
    """A server that says this to whoever connects; yields its URL."""

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    client.recv(2**16)
                    client.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


Ask = Callable[[bytes], httpx.Response]


@pytest.fixture
def ask() -> Ask:
    def asked(said: bytes) -> httpx.Response:
        with saying(said) as url, Memory(":memory:", encoder=HashEncoder()) as memory:
            app = create_app(memory, ServeSettings(upstream=url, max_reply_bytes=2**22))
            with guarding(app, Limits()) as (port, _):
                return httpx.post(
                    f"http://127.0.0.1:{port}/v1/chat/completions",
                    json={"messages": [{"role": "user", "content": "How are you?"}]},
                    timeout=60,
                )

    return asked


@pytest.mark.parametrize(
    "value", ["日本".encode(), "Zoë".encode("latin-1"), b"\xff\xfe", b"a\tb"], ids=repr
)
def test_a_header_of_any_bytes_is_passed_on_as_it_is(ask: Ask, value: bytes) -> None:
    got = ask(reply(b"OpenAI-Organization: " + value))
    assert (got.status_code, got.content) == (200, ANSWER)
    assert dict(got.headers.raw)[b"openai-organization"] == value


def test_a_header_with_a_control_character_is_left_out(ask: Ask) -> None:
    got = ask(reply(b"OpenAI-Organization: a\x01b", b"OpenAI-Version: 1"))
    assert (got.status_code, got.content) == (200, ANSWER)
    assert "openai-organization" not in got.headers
    assert got.headers["openai-version"] == "1"


@pytest.mark.parametrize("status", [b"600 Odd", b"999 Odd"])
def test_a_status_that_there_is_not_is_a_bad_gateway(ask: Ask, status: bytes) -> None:
    got = ask(reply(status=status))
    assert (got.status_code, got.json()["error"]["code"]) == (502, "upstream_failed")


@pytest.mark.parametrize("packed", [b"gzip, gzip", b"br", b"zstd", b"gzip, identity"])
def test_an_answer_that_is_packed_in_another_way_than_once_is_a_bad_gateway(
    ask: Ask, packed: bytes
) -> None:
    bomb = gzip.compress(gzip.compress(bytes(2**26), 6))
    got = ask(reply(b"Content-Encoding: " + packed, body=bomb))
    assert (got.status_code, got.json()["error"]["code"]) == (502, "upstream_failed")
    assert "packs its answers" in got.text


def test_an_answer_that_is_packed_once_is_read(ask: Ask) -> None:
    got = ask(reply(b"Content-Encoding: gzip", body=gzip.compress(ANSWER)))
    assert (got.status_code, got.content) == (200, ANSWER)


def test_an_answer_that_unpacks_to_more_than_allowed_is_a_bad_gateway(ask: Ask) -> None:
    got = ask(reply(b"Content-Encoding: gzip", body=gzip.compress(bytes(2**26))))
    assert (got.status_code, got.json()["error"]["code"]) == (502, "upstream_failed")
    assert "longer than" in got.text
