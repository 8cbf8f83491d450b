"""What the REST road refuses: the right status, one clear sentence, and nothing stored."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.serving import served

NOTE = {"text": "A fact."}
LIMITS: dict[str, Any] = {
    "max_body_bytes": 100_000,
    "max_messages": 10,
    "max_k": 20,
    "body_seconds": 0.2,
    "requests_per_minute": 30,
}


@dataclass(frozen=True)
class Server:
    url: str
    keys: KeyRing
    memory: Memory

    def key(self, *namespaces: str, permission: Permission = Permission.ADMIN) -> str:
        return self.keys.create("test", namespaces or ("*",), permission)

    def ask(self, method: str, path: str, key: str | None = None, **of: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key()}", **of.pop("headers", {})}
        return httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, **of)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("refusing")
    keys = KeyRing(folder / "keys.sqlite3")
    with Memory(folder / "store", encoder=HashEncoder()) as memory:
        with served(create_app(memory, ServeSettings(**LIMITS), keys=keys)) as url:
            yield Server(url, keys, memory)
        assert memory.namespaces() == []
    keys.close()


def assert_refused(reply: httpx.Response, status: int, code: str) -> None:
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert re.fullmatch(r"[^.\n]+(\.\w[^.\n]*)*", error["message"]), "one sentence"
    assert reply.headers["x-request-id"]


READING = [
    ("POST", "/search", {"query": "fact"}),
    ("POST", "/context", {"query": "fact"}),
    ("POST", "/why", {"query": "fact", "expect": "notes#0"}),
    ("GET", "/records", None),
    ("POST", "/records/list", {}),
    ("GET", "/record?key=k", None),
    ("GET", "/record/history?key=k", None),
    ("GET", "/record/neighbors?key=k", None),
    ("GET", "/supersessions", None),
    ("GET", "/sources", None),
    ("GET", "/stats", None),
    ("GET", "/export", None),
]
WRITING = [
    ("POST", "/records", NOTE),
    ("POST", "/messages", {"messages": [{"role": "user", "content": "A fact."}]}),
    ("POST", "/documents", {"text": "A fact."}),
    ("PATCH", "/record?key=k", {"text": "Another."}),
    ("DELETE", "/record?key=k", None),
    ("DELETE", "/supersessions?key=k", None),
]
ADMINISTERING = [("POST", "/forget", {"where": {"source": "notes"}})]
EVERY = [*READING, *WRITING, *ADMINISTERING]


@pytest.mark.parametrize(("method", "path", "body"), EVERY)
def test_no_endpoint_answers_without_a_right_key(
    server: Server, method: str, path: str, body: Any
) -> None:
    server.key()
    bare = httpx.request(method, f"{server.url}/api/v1{path}", json=body)
    assert_refused(bare, 401, "invalid_api_key")
    assert_refused(server.ask(method, path, "remem_wrong", json=body), 401, "invalid_api_key")


@pytest.mark.parametrize(("method", "path", "body"), [*WRITING, *ADMINISTERING])
def test_a_key_that_reads_does_not_write(server: Server, method: str, path: str, body: Any) -> None:
    key = server.key("ana", permission=Permission.READ)
    assert_refused(server.ask(method, path, key, json=body), 403, "permission_denied")


@pytest.mark.parametrize(("method", "path", "body"), ADMINISTERING)
def test_a_key_that_writes_does_not_forget(
    server: Server, method: str, path: str, body: Any
) -> None:
    key = server.key("ana", permission=Permission.WRITE)
    assert_refused(server.ask(method, path, key, json=body), 403, "permission_denied")


@pytest.mark.parametrize(("method", "path", "body"), EVERY)
def test_a_key_opens_its_own_namespace_only(
    server: Server, method: str, path: str, body: Any
) -> None:
    key = server.key("ana")
    for how in ({"params": {"namespace": "ben"}}, {"headers": {"X-Remem-Namespace": "ben"}}):
        url = httpx.URL(path)
        params = {**dict(url.params), **how.get("params", {})}
        reply = server.ask(
            method, url.path, key, json=body, params=params, headers=how.get("headers", {})
        )
        assert_refused(reply, 403, "namespace_not_allowed")


def test_an_import_reaches_no_other_namespace(server: Server) -> None:
    lines = [{"remem_export": 1}, {"namespace": "ben", "key": "k", "source": "s", "position": 0}]
    lines[1]["text"] = "A fact."
    content = "".join(json.dumps(line) + "\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    reply = server.ask("POST", "/import", server.key("ana"), content=content, headers=headers)
    assert_refused(reply, 403, "namespace_not_allowed")


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    key = server.key()
    assert server.ask("GET", "/sources", key).status_code == 200
    server.keys.revoke(server.keys.all()[-1].id)
    assert_refused(server.ask("GET", "/sources", key), 401, "invalid_api_key")


@pytest.mark.parametrize(
    "path",
    [
        "/records/..%2f..%2fmetrics",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//records",
        "/records%00",
        "/record/../../v1/models",
        "/records/",
        "/Records",
    ],
)
def test_tricks_with_paths_lead_nowhere(server: Server, path: str) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        request = f"GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        connection.sendall(f"{request}Authorization: Bearer {server.key()}\r\n\r\n".encode())
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    status, body = reply.split(b"\r\n", 1)[0], reply.split(b"\r\n\r\n", 1)[1]
    assert status.split()[1] in (b"400", b"404"), reply
    assert b'"error"' in body or status.split()[1] == b"400"


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[]", b"null", b'{"text": "\xff"}', b'{"text": NaN}', b"[" * 50_000]
)
def test_a_broken_body_is_refused(server: Server, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    reply = server.ask("POST", "/records", content=content, headers=headers)
    assert reply.status_code in (400, 422)
    assert_refused(reply, reply.status_code, reply.json()["error"]["code"])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_a_body_of_another_type_is_refused(server: Server, kind: str) -> None:
    reply = server.ask("POST", "/records", content=json.dumps(NOTE), headers={"Content-Type": kind})
    assert_refused(reply, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        {"text": " "},
        {"text": "A fact.", "sauce": "misspelt"},
        {"text": "A fact.", "said_at": "2024-05-01T09:30:00"},
        {"text": "A fact.", "source": "two\nlines"},
        {"text": 7},
        {},
    ],
)
def test_a_note_that_cannot_be_kept_is_refused(server: Server, body: Any) -> None:
    assert_refused(server.ask("POST", "/records", json=body), 422, "invalid_request")


def test_more_than_is_allowed_is_refused(server: Server) -> None:
    many = [{"role": "user", "content": f"word {i}"} for i in range(11)]
    key = server.key()
    assert server.ask("POST", "/messages", key, json={"messages": many}).status_code == 422
    assert server.ask("POST", "/search", key, json={"query": "x", "k": 21}).status_code == 422
    assert server.ask("POST", "/search", key, json={"query": "x", "k": 0}).status_code == 422


def test_a_body_that_is_too_long_is_refused(server: Server) -> None:
    text = json.dumps({"text": "x" * 200_000}).encode()
    headers = {"Content-Type": "application/json"}
    announced = server.ask("POST", "/records", content=text, headers=headers)
    assert_refused(announced, 413, "request_too_large")
    pieces = (text[i : i + 10_000] for i in range(0, len(text), 10_000))
    assert_refused(
        server.ask("POST", "/records", content=pieces, headers=headers), 413, "request_too_large"
    )


def test_a_body_that_does_not_arrive_times_out(server: Server) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            b"POST /api/v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            b"Content-Type: application/json\r\n"
            + f"Authorization: Bearer {server.key()}\r\n\r\n{{".encode()
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_too_many_requests_of_one_key_are_refused_with_a_time_to_wait(server: Server) -> None:
    key = server.key()
    replies = [server.ask("GET", "/sources", key) for _ in range(40)]
    refused = [reply for reply in replies if reply.status_code != 200]
    assert refused
    for reply in refused:
        assert_refused(reply, 429, "rate_limited")
        assert int(reply.headers["retry-after"]) >= 1
    assert server.ask("GET", "/sources").status_code == 200  # another key has its own


def test_what_concerns_all_namespaces_takes_a_key_for_all(server: Server) -> None:
    for names, status in (("*",), 200), (("nora",), 403), (("bot/*", "nora"), 403):
        headers = {"Authorization": f"Bearer {server.key(*names)}"}
        reply = httpx.get(f"{server.url}/metrics", headers=headers)
        assert reply.status_code == status, reply.text
    assert_refused(reply, 403, "namespace_not_allowed")
