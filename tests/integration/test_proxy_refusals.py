"""What the server refuses: the status, one clear sentence, and nothing stored."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.settings import ServeSettings
from remem.store import InvalidInput
from remem.testing import HashEncoder
from tests.openai_upstream import Upstream, upstream
from tests.serving import served

HELLO = {"messages": [{"role": "user", "content": "Hello, this is Anna."}]}
JSON: dict[str, Any] = {"Content-Type": "application/json"}
LIMITS: dict[str, Any] = {
    "max_body_bytes": 100_000,
    "max_messages": 10,
    "body_seconds": 0.2,
    "requests_per_minute": 100,
}


@dataclass(frozen=True)
class Server:
    url: str
    keys: KeyRing
    memory: Memory
    stub: Upstream

    def key(self, *namespaces: str, permission: Permission = Permission.WRITE) -> str:
        return self.keys.create("test", namespaces, permission)

    def chat(self, key: str | None, content: bytes | None = None, **body: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            headers=JSON
            if key is None
            else {**JSON, "Authorization": f"Bearer {key}".rstrip().encode()},
            content=content or json.dumps({**HELLO, **body}),
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    keys = KeyRing(tmp_path / "keys.sqlite3")
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory, upstream() as stub:
        settings = ServeSettings(upstream=stub.url, **LIMITS)
        with served(create_app(memory, settings, keys=keys)) as url:
            yield Server(url, keys, memory, stub)
    keys.close()


def assert_refused(server: Server, reply: httpx.Response, status: int, code: str) -> None:
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert set(error) == {"message", "type", "code"}
    assert re.fullmatch(r"[^.\n]+(\.\w[^.\n]*)*", error["message"]), "one sentence"
    assert reply.headers["x-request-id"]
    assert server.memory.count() == 0
    assert server.memory.namespaces() == []
    assert server.stub.received == []


@pytest.mark.parametrize("key", [None, "", "wrong", "remem_0_0", "ünïcode"])
def test_a_request_without_a_right_key_is_refused(server: Server, key: str | None) -> None:
    assert_refused(server, server.chat(key), 401, "invalid_api_key")


def test_basic_authentication_is_no_key(server: Server) -> None:
    auth = ("user", server.key("a"))
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=HELLO, auth=auth)
    assert_refused(server, reply, 401, "invalid_api_key")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_key_may_come_as_x_api_key(server: Server) -> None:
    headers = {"x-api-key": server.key("a")}
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=HELLO, headers=headers)
    assert reply.status_code == 200


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    key = server.key("a")
    server.keys.revoke(key.split("_")[1])
    assert_refused(server, server.chat(key), 401, "invalid_api_key")


def test_a_key_that_may_read_does_not_chat_because_that_writes(server: Server) -> None:
    key = server.key("a", permission=Permission.READ)
    assert_refused(server, server.chat(key), 403, "permission_denied")
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/v1/models", headers=headers).status_code == 200


def test_no_key_lists_no_models(server: Server) -> None:
    assert_refused(server, httpx.get(f"{server.url}/v1/models"), 401, "invalid_api_key")


def test_a_key_of_one_namespace_opens_no_other(server: Server) -> None:
    assert_refused(server, server.chat(server.key("a"), user="b"), 403, "namespace_not_allowed")


def test_a_key_of_one_namespace_needs_no_user(server: Server) -> None:
    assert server.chat(server.key("a")).status_code == 200
    assert server.chat(server.key("a"), user="a").status_code == 200
    assert server.memory.namespaces() == ["a"]


def test_users_of_a_pattern_have_namespaces_below_it(server: Server) -> None:
    key = server.key("bot/*")
    for user in ("anna", "bot/anna", "../anna", "web/anna"):
        assert server.chat(key, user=user).status_code == 200
    expected = ["bot/..%2Fanna", "bot/anna", "bot/bot%2Fanna", "bot/web%2Fanna"]
    assert sorted(server.memory.namespaces()) == expected


def test_a_key_of_several_namespaces_needs_a_user(server: Server) -> None:
    for key in (server.key("bot/*"), server.key("a", "b")):
        assert_refused(server, server.chat(key), 400, "namespace_required")


def test_a_user_who_is_called_as_a_namespace_of_the_key_has_one_of_his_own(server: Server) -> None:
    key = server.key("bot/*", "shared")
    for user in ("shared", "*", "bot/*"):
        assert server.chat(key, user=user).status_code == 200
    assert server.memory.namespaces() == ["bot/*", "bot/bot%2F*", "bot/shared"]


def test_a_header_names_a_namespace_whatever_the_user(server: Server) -> None:
    key = server.key("bot/*", "shared")
    headers = {"Authorization": f"Bearer {key}", "X-Remem-Namespace": "shared"}
    url = f"{server.url}/v1/chat/completions"
    reply = httpx.post(url, headers={**headers, "X-Remem-Namespace": "other"}, json=HELLO)
    assert_refused(server, reply, 403, "namespace_not_allowed")
    assert httpx.post(url, headers=headers, json={**HELLO, "user": "anna"}).status_code == 200
    assert server.memory.namespaces() == ["shared"]


def test_a_key_of_several_names_opens_just_these(server: Server) -> None:
    key = server.key("a", "b")
    assert_refused(server, server.chat(key, user="c"), 403, "namespace_not_allowed")
    assert server.chat(key, user="b").status_code == 200
    assert server.memory.namespaces() == ["b"]


def test_the_keys_of_remem_never_reach_the_upstream(server: Server) -> None:
    key = server.key("a")
    headers = {"x-api-key": key, "Authorization": f"Bearer {key}", "Cookie": f"k={key}"}
    url = f"{server.url}/v1/chat/completions?key={key}"
    assert httpx.post(url, json=HELLO, headers=headers).status_code == 200
    assert key not in str(server.stub.received)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b'{"messages": [NaN]}', 400, "invalid_json"),
        (b"\xff\xfe\x00", 400, "invalid_json"),
        (b"[" * 50_000, 400, "invalid_json"),
        (b'{"n": ' + b"9" * 5000 + b"}", 400, "invalid_json"),
        (b"[]", 400, "invalid_request"),
        (b"null", 400, "invalid_request"),
        (b"{}", 400, "invalid_request"),
        (b'{"messages": "hello"}', 400, "invalid_request"),
        (b'{"messages": ["hello"]}', 400, "invalid_request"),
        (b'{"messages": [], "user": 5}', 400, "invalid_request"),
        (json.dumps({"messages": HELLO["messages"] * 11}).encode(), 400, "too_many_messages"),
        (b'{"messages": [], "user": "a\\nb"}', 422, "invalid_input"),
        (b'{"messages": [], "user": "\\ud800"}', 422, "invalid_input"),
        (b'{"messages": [], "user": "' + b"u" * 2000 + b'"}', 422, "invalid_input"),
        (b" " * 100_001, 413, "request_too_large"),
    ],
)
def test_a_body_that_is_no_chat_completion_is_refused(
    server: Server, body: bytes, status: int, code: str
) -> None:
    assert_refused(server, server.chat(server.key("*"), body), status, code)


@pytest.mark.parametrize("session", ["%00", "a%0Ab", "%20", "x" * 2000])
def test_a_session_that_is_no_name_is_refused(server: Server, session: str) -> None:
    headers = {"Authorization": f"Bearer {server.key('a')}", "X-Remem-Session": session}
    reply = httpx.post(f"{server.url}/v1/chat/completions", json=HELLO, headers=headers)
    assert_refused(server, reply, 422, "invalid_input")


def test_a_body_without_an_announced_length_is_cut_off_when_it_is_too_long(
    server: Server,
) -> None:
    # As much as the sockets hold is sent before anybody looks, so that the reply can be read.
    body = (b" " * 1000 for _ in range(101))
    reply = httpx.post(
        f"{server.url}/v1/chat/completions",
        content=body,
        headers={**JSON, "Authorization": f"Bearer {server.key('a')}"},
    )
    assert_refused(server, reply, 413, "request_too_large")


def test_the_body_of_a_stranger_is_not_read(server: Server) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    assert b" 401 " in first_line(server, head)


def test_a_body_that_does_not_arrive_times_out(server: Server) -> None:
    key = server.key("a").encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key
    head += b"\r\nContent-Type: application/json"
    assert b" 408 " in first_line(server, head + b"\r\nContent-Length: 100\r\n\r\n{")


def first_line(server: Server, request: bytes) -> bytes:
    """Of the reply to the beginning of a request."""
    at = urlsplit(server.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


def test_too_many_requests_of_one_key_are_refused(server: Server) -> None:
    key, headers = server.key("a"), {}
    headers["Authorization"] = f"Bearer {key}"
    with httpx.Client(base_url=server.url, headers=headers) as client:
        replies = [client.get("/v1/models/a//b") for _ in range(110)]
    assert_refused(server, replies[-1], 429, "rate_limited")
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert server.chat(server.key("a")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/secret", "/v1/chat/../../etc/passwd", "/%2e%2e/x", "//v1"])
def test_other_paths_lead_nowhere(server: Server, path: str) -> None:
    reply = httpx.get(f"{server.url}{path}")
    assert_refused(server, reply, 404, "not_found")


def test_another_method_is_refused(server: Server) -> None:
    reply = httpx.get(f"{server.url}/v1/chat/completions")
    assert_refused(server, reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == "POST"


def test_no_page_of_another_site_is_let_in(server: Server) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    reply = httpx.options(f"{server.url}/v1/chat/completions", headers=headers)
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "host_not_allowed"),
        ({"Host": "localhost.evil.example:80"}, "host_not_allowed"),
        ({"Host": "["}, "host_not_allowed"),
        ({"Origin": "https://evil.example"}, "origin_not_allowed"),
        ({"Origin": "null"}, "origin_not_allowed"),
    ],
)
def test_a_server_without_keys_answers_no_page_of_another_site(
    tmp_path: Path, headers: dict[str, str], code: str
) -> None:
    keys = KeyRing(tmp_path / "unused.sqlite3")
    with (
        Memory(tmp_path / "store", encoder=HashEncoder()) as memory,
        upstream() as stub,
        served(create_app(memory, ServeSettings(upstream=stub.url))) as url,
    ):
        reply = httpx.post(f"{url}/v1/chat/completions", json=HELLO, headers=headers)
        assert_refused(Server(url, keys, memory, stub), reply, 403, code)
    keys.close()


def test_headers_of_a_client_that_are_not_ascii_reach_the_upstream_as_they_are(
    server: Server,
) -> None:
    named = {"User-Agent": "Zoë".encode("latin-1"), "OpenAI-Project": "日".encode()}
    key = {"Authorization": f"Bearer {server.key('default')}".encode()}
    reply = httpx.post(f"{server.url}/v1/chat/completions", headers={**key, **named}, json=HELLO)
    assert reply.status_code == 200, reply.text
    got = server.stub.received[-1].headers
    assert (got["user-agent"], got["openai-project"]) == ("Zoë", "日".encode().decode("latin-1"))


@pytest.mark.parametrize("key", ["sk-\N{CYRILLIC SMALL LETTER ES}", "sk-1\n", "sk-1\r\nX: y"])
def test_a_key_for_the_upstream_that_no_header_can_hold_is_refused_at_the_start(key: str) -> None:
    settings = ServeSettings(upstream="http://127.0.0.1:9/v1", upstream_key=key)
    with (
        Memory(":memory:", encoder=HashEncoder()) as memory,
        pytest.raises(InvalidInput, match="no header can"),
    ):
        create_app(memory, settings)
