"""``remem serve`` under attack, byte by byte and by the thousand: each is refused with the right
status, nothing of it is stored, and other clients are answered all the while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

pytest.importorskip("fastapi")

from remem.benchmarks.load.attacks import ATTACKS, attacking
from tests.raw_http import connected, received, send, told
from tests.remem_process import Remem

DOG = "The greyhound of Anna is called Biscuit."
NOTE = b'{"text": "smuggled"}'
GET = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HIDDEN = POST + b"Content-Length: %d\r\n\r\n%b" % (len(NOTE), NOTE)
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with search processes, that remembers one thing, before and after all tests."""
    remem = Remem(tmp_path_factory.mktemp("attacked"))
    remem.told("add", DOG)
    with remem.serving("--generator", "echo", "--processes", "2", "--quiet") as (process, url):
        yield url
        assert process.poll() is None
    assert remem.remembered() == [DOG]
    assert "Traceback" not in remem.log.read_text()


@pytest.fixture
def port(url: str) -> int:
    return int(urlsplit(url).port or 0)


def found(url: str) -> list[str]:
    """The hits of somebody else, on a connection of his own."""
    reply = httpx.post(f"{url}/api/v1/search", json={"query": "greyhound"}, timeout=60)
    assert reply.status_code == 200, reply.text
    return [hit["record"]["text"] for hit in reply.json()["hits"]]


LARGE = b"x" * 2**20


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([GET, b"X: ", *[LARGE] * 20], 431, "headers_too_large"),
        ([GET, b"X: " + b"x" * 2**17 + b"\r\n\r\n"], 431, "headers_too_large"),
        ([GET, *[b"X: %s\r\n" % (b"x" * 5000)] * 20, b"\r\n"], 431, "headers_too_large"),
        ([GET, *[b"X: y\r\n"] * 100_000], 431, "headers_too_large"),
        ([GET, b"X" * 100_000, b": y\r\n\r\n"], 431, "headers_too_large"),
        ([b"\r\n" * 100_000], 431, "headers_too_large"),
        ([b"GET /", *[LARGE] * 20], 414, "url_too_long"),
        ([b"GET /?%s HTTP/1.1\r\n\r\n" % (b"q" * 40_000)], 414, "url_too_long"),
        ([CHUNKED, b"0\r\n", *[b"X: y\r\n"] * 10_000], 431, "headers_too_large"),
        ([CHUNKED, b"0\r\nX: ", LARGE, LARGE], 431, "headers_too_large"),
        ([CHUNKED, b"1;", LARGE, LARGE], 431, "headers_too_large"),
        ([CHUNKED, b"1\r\n \r\n" * 5000], 400, "small_chunks"),
        ([POST, b"Content-Length: 99999999999\r\n\r\n{"], 413, "request_too_large"),
    ],
)
def test_what_is_too_large_is_refused_with_its_status(
    port: int, pieces: list[bytes], status: int, code: str
) -> None:
    [reply] = told(port, *pieces)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (status, code)
    assert "\nconnection: close" in reply.head
    assert "\nx-content-type-options: nosniff" in reply.head


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: +5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 0x5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 5 5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 5, 5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + HIDDEN,
        POST + b"Content-Length:\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"X: y\n\n" + HIDDEN,
        POST + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + HIDDEN,
        CHUNKED + b"z\r\n{}\r\n0\r\n\r\n" + HIDDEN,
        CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n" + HIDDEN,
        CHUNKED + b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n" + HIDDEN,
        CHUNKED + b"2\r\n{}0\r\n\r\n" + HIDDEN,
        CHUNKED + b"2\n{}\n0\n\n" + HIDDEN,
        GET + b"X\x00Y: z\r\n\r\n" + HIDDEN,
        GET + b"X: y\x00z\r\n\r\n" + HIDDEN,
        GET + b": y\r\n\r\n" + HIDDEN,
        GET + b"no colon\r\n\r\n" + HIDDEN,
        b"GET /api/v1/health HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
        b"GET /api/v1/health HTTP/9.9\r\nHost: localhost\r\n\r\n" + HIDDEN,
        b"BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
        b"get /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + HIDDEN,
        bytes(1000),
        b"{" * 1000,
    ],
)
def test_what_is_no_http_is_refused_with_all_that_follows_it(port: int, request_: bytes) -> None:
    statuses = [reply.status for reply in told(port, request_)]
    assert statuses == [400]


def test_a_request_inside_of_a_body_is_none(port: int) -> None:
    inner = POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(HIDDEN) + HIDDEN
    assert [reply.status for reply in told(port, inner)] == [400]


def test_what_follows_an_upgrade_is_not_read(port: int) -> None:
    for wanted in (b"websocket", b"h2c"):
        upgrade = GET + b"Connection: Upgrade\r\nUpgrade: %s\r\n\r\n" % wanted
        assert [reply.status for reply in told(port, upgrade + HIDDEN)] == [200]
        assert [reply.status for reply in told(port, upgrade, HIDDEN)] == [200]


def test_headers_behind_a_body_do_not_count(port: int) -> None:
    body = b'{"query": "greyhound"}'
    head = CHUNKED.replace(b"records", b"search").replace(
        b"\r\nTransfer", b"\r\nConnection: close\r\nTransfer"
    )
    [reply] = told(
        port, head, b"%x\r\n%b\r\n0\r\nX-Remem-Namespace: other\r\n\r\n" % (len(body), body)
    )
    assert [hit["record"]["text"] for hit in json.loads(reply.body)["hits"]] == [DOG]


def test_requests_one_behind_the_other_are_answered_in_order(port: int) -> None:
    names = [b"/api/v1/health", b"/nothing", b"/api/v1/stats"]
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % name for name in names)
    last = GET + b"Connection: close\r\n\r\n"
    assert [reply.status for reply in told(port, asked + last)] == [200, 404, 200, 200]


def test_of_thousands_of_requests_at_once_a_few_are_answered(port: int) -> None:
    answered = told(port, (GET + b"\r\n") * 20_000)
    assert 1 <= len(answered) <= 20
    assert {reply.status for reply in answered} == {200}


def test_what_cannot_be_parsed_does_not_break_into_the_answer_before_it(port: int) -> None:
    assert [reply.status for reply in told(port, GET + b"\r\nnonsense\r\n\r\n")] == [200]


def test_a_client_may_ask_before_it_sends_a_body(port: int) -> None:
    body = b'{"query": "greyhound"}'
    head = POST.replace(b"records", b"search") + b"Connection: close\r\n"
    with connected(port) as client:
        send(client, [head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)])
        assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
        send(client, [body])
        assert received(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("name", ATTACKS)
def test_others_are_answered_while_an_attack_lasts(url: str, port: int, name: str) -> None:
    with attacking(name, port, seconds=30):
        for _ in range(15):
            assert found(url) == [DOG]
        with httpx.Client(base_url=url, timeout=60) as kept:
            for _ in range(15):
                assert kept.get("/api/v1/health").status_code == 200


def test_half_open_connections_lock_nobody_out_where_few_files_may_be_open(
    tmp_path: Path,
) -> None:
    remem = Remem(tmp_path)
    remem.told("add", DOG)
    with (
        remem.serving("--generator", "echo", "--processes", "1", files=128) as (_, url),
        ExitStack() as held,
    ):
        port = int(urlsplit(url).port or 0)
        for number in range(300):
            send(held.enter_context(connected(port)), [GET])
            if number % 50 == 0:
                assert found(url) == [DOG]
        assert found(url) == [DOG]
    assert "Traceback" not in remem.log.read_text()


def test_a_server_that_may_open_hardly_any_file_says_so(tmp_path: Path) -> None:
    remem = Remem(tmp_path)
    with (
        pytest.raises(AssertionError, match="ulimit -n 1024"),
        remem.serving("--generator", "echo", "--processes", "1", files=20),
    ):
        pass
