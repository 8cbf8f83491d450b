"""Requests as browsers describe them: which a server without keys takes, and of what types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.browsers import SAFE_HEADERS
from remem.serve.keys import KeyRing, Permission
from remem.serve.local_backend import Local
from remem.serve.settings import ServeSettings
from remem.testing import EchoGenerator, HashEncoder
from tests.raw_http import told
from tests.serving import served

NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    with Memory(tmp_path_factory.mktemp("origins") / "store", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture(scope="module")
def url(memory: Memory) -> Iterator[str]:
    app = create_app(memory, ServeSettings(hosts=("127.0.0.1", "localhost", "remem.internal")))
    app.state.backend = Local(EchoGenerator, "echo", at_a_time=1)
    with served(app) as url:
        yield url


def search(url: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{url}/api/v1/search", json={"query": "dog"}, headers=named)


def port(url: str) -> int:
    return httpx.URL(url).port or 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:PORT"},
        {"Origin": "http://localhost:PORT", "Host": "localhost:PORT"},
        {"Origin": "HTTP://LOCALHOST:PORT", "Host": "LocalHost:PORT"},
        {"Origin": "http://localhost", "Host": "localhost:80"},
        {"Origin": "http://localhost:80", "Host": "localhost"},
        {"Origin": "http://remem.internal", "Host": "remem.internal"},
        {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_its_own_pages_are_answered(url: str, headers: dict[str, str]) -> None:
    at = {name: value.replace("PORT", str(port(url))) for name, value in headers.items()}
    assert search(url, **at).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "http://127.0.0.1"}, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:3000"}, "origin_not_allowed"),
        ({"Origin": "https://127.0.0.1:PORT"}, "origin_not_allowed"),
        ({"Origin": "http://localhost:PORT"}, "origin_not_allowed"),
        ({"Origin": "http://remem.internal:PORT"}, "origin_not_allowed"),
        ({"Origin": "http://user@127.0.0.1:PORT"}, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:PORT/"}, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:PORT.evil.example"}, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:99999999"}, "origin_not_allowed"),
        ({"Origin": "null"}, "origin_not_allowed"),
        ({"Origin": ""}, "origin_not_allowed"),
        ({"Origin": "file://"}, "origin_not_allowed"),
        ({"Origin": "chrome-extension://abcdef"}, "origin_not_allowed"),
        ({"Sec-Fetch-Site": "cross-site"}, "origin_not_allowed"),
        ({"Sec-Fetch-Site": "same-site"}, "origin_not_allowed"),
        ({"Sec-Fetch-Site": "made-up"}, "origin_not_allowed"),
        ({"Sec-Fetch-Site": "cross-site", **NAVIGATES}, "origin_not_allowed"),
        (
            {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "cross-site"},
            "origin_not_allowed",
        ),
        ({"Host": "evil.example"}, "host_not_allowed"),
        ({"Host": "localhost.evil.example:80"}, "host_not_allowed"),
        ({"Host": "localhost@evil.example"}, "host_not_allowed"),
        ({"Host": "evil.example@localhost"}, "host_not_allowed"),
        ({"Host": "localhost/"}, "host_not_allowed"),
        ({"Host": "localhost:http"}, "host_not_allowed"),
        ({"Host": ""}, "host_not_allowed"),
        ({"Host": "["}, "host_not_allowed"),
    ],
)
def test_pages_of_other_schemes_hosts_and_ports_are_refused(
    url: str, headers: dict[str, str], code: str
) -> None:
    at = {name: value.replace("PORT", str(port(url))) for name, value in headers.items()}
    reply = search(url, **at)
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, code)


@pytest.mark.parametrize("name", ["Host", "Origin"])
def test_a_header_that_comes_twice_is_none(url: str, name: str) -> None:
    own = f"Host: 127.0.0.1:{port(url)}\r\nOrigin: {url}\r\n"
    for again in (f"{own}{name}: http://evil.example\r\n", f"{name}: evil.example\r\n{own}"):
        [reply] = told(
            port(url), f"GET /api/v1/stats HTTP/1.1\r\nConnection: close\r\n{again}\r\n".encode()
        )
        assert reply.status == 403


@pytest.mark.parametrize("path", ["/api/v1/search", "/v1/chat/completions", "/docs"])
def test_a_browser_that_asks_for_a_page_is_told_that_it_may_not(url: str, path: str) -> None:
    asked = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    reply = httpx.options(f"{url}{path}", headers=asked)
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/docs", NAVIGATES, 200),
        ("GET", "/redoc", NAVIGATES, 308),
        ("GET", "/docs", {**NAVIGATES, "Sec-Fetch-Dest": "iframe"}, 403),
        ("GET", "/docs", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ("POST", "/docs", NAVIGATES, 403),
        ("GET", "/docs/start.js", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403),
        ("GET", "/api/v1/export", NAVIGATES, 403),
        ("GET", "/metrics", NAVIGATES, 403),
    ],
)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_from_elsewhere_only_a_link_to_the_page_of_the_calls_is_followed(
    url: str, method: str, path: str, headers: dict[str, str], status: int, site: str
) -> None:
    reply = httpx.request(method, f"{url}{path}", headers={**headers, "Sec-Fetch-Site": site})
    assert reply.status_code == status


def test_a_server_with_keys_may_stand_behind_a_name_of_its_own(
    memory: Memory, tmp_path: Path
) -> None:
    keys = KeyRing(tmp_path / "keys.sqlite3")
    key = keys.create("test", ["*"], Permission.WRITE)
    proxied = {
        "Authorization": f"Bearer {key}",
        "Host": "remem.example.org",
        "Origin": "https://remem.example.org",
        "X-Forwarded-Proto": "https",
        "Sec-Fetch-Site": "same-origin",
    }
    with served(create_app(memory, ServeSettings(), keys=keys)) as url:
        assert search(url, **proxied).status_code == 200
        assert httpx.get(f"{url}/docs", headers={"Host": "remem.example.org"}).status_code == 200
    keys.close()


def taking_bodies(memory: Memory) -> list[tuple[str, str, tuple[str, ...]]]:
    """Method, path and types of every endpoint that is described with a body."""
    paths: dict[str, Any] = create_app(memory).openapi()["paths"]
    return [
        (method.upper(), path, tuple(operation["requestBody"]["content"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "text/plain",
        "text/plain; charset=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "application/jsonp",
        "text/json",
        "*/*",
        "",
    ],
)
def test_every_endpoint_with_a_body_takes_only_the_types_that_it_describes(
    url: str, memory: Memory, sent: str | None
) -> None:
    endpoints = taking_bodies(memory)
    assert len(endpoints) >= 10
    taken = {types for _, _, types in endpoints}
    assert taken == {("application/json",), ("application/x-ndjson",)}
    for method, path, _ in endpoints:
        headers = {} if sent is None else {"Content-Type": sent}
        body = b'{"text": "planted", "messages": [{"role": "user", "content": "planted"}]}'
        reply = httpx.request(
            method, f"{url}{path}", params={"key": "k"}, content=body, headers=headers
        )
        error = reply.json()["error"]["code"]
        assert (path, reply.status_code, error) == (path, 415, "unsupported_media_type")
    assert memory.count() == 0


def test_json_may_say_how_it_is_written(url: str) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        body = b'{"query": "dog"}'
        headers = {"Content-Type": kind}
        assert httpx.post(f"{url}/api/v1/search", content=body, headers=headers).is_success
        chat = b'{"messages": [{"role": "user", "content": "hello"}]}'
        assert httpx.post(f"{url}/v1/chat/completions", content=chat, headers=headers).is_success


@pytest.mark.parametrize(
    "path", ["/api/v1/stats", "/nothing", "/docs", "/docs/swagger-ui.css", "/openapi.json"]
)
def test_every_reply_tells_browsers_what_it_is_not(url: str, path: str) -> None:
    for reply in (httpx.get(f"{url}{path}"), httpx.get(f"{url}{path}", headers={"Host": "x"})):
        assert SAFE_HEADERS.keys() <= {name.title() for name in reply.headers}
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert "unsafe" not in reply.headers["content-security-policy"]
