"""A body that is no JSON is refused as that, in the same words and status at every endpoint.

The endpoints are those of the OpenAPI description, so that a new one is tried too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.errors import ApiError
from remem.serve.keys import KeyRing, Permission
from remem.serve.requests import MAX_DEPTH, MAX_VALUES, parsed
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.serving import served

BROKEN = {
    "cut": b'{"text": "a fac',
    "nothing": b"",
    "white space": b" \n",
    "no quotes": b"{text: 1}",
    "two values": b'{"a": 1} {"b": 2}',
    "a comma too many": b'{"a": 1,}',
    "a control character": b'{"a": "\x01"}',
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a float that is too large": b'{"a": [1e999]}',
    "an integer that is too large": b'{"a": ' + b"9" * 10**5 + b"}",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a level too deep": b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
    "deep lists that never end": b"[" * 100_000,
    "one name twice": b'{"user": "anna", "user": "ben"}',
    "one name twice, inside": b'{"a": [{"b": 1, "\\u0062": 2}]}',
    "half a character": b'{"a": "\\ud83d"}',
    "the other half": b'{"a": ["\\uDE00"]}',
    "half a character in a name": b'{"\\ud800": 1}',
    "half a character as bytes": b'{"a": "\xed\xa0\xbd"}',
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "NUL": b"\0",
    "millions of lists": b'{"a": [' + b"[]," * 2**21 + b"1]}",
    "millions of numbers": b'{"a": [' + b"1," * 2**21 + b"1]}",
    "a name or two more than allowed": b"{%b}"
    % b",".join(b'"%d": 1' % number for number in range(MAX_VALUES + 2)),
    "millions of texts": b'{"a": [' + b'"",' * 2**21 + b"1]}",
}
IN_A_CHAT = {
    "half a character",
    "the other half",
    "half a character in a name",
    "UTF-16",
    "UTF-16 without a mark",
    "UTF-32",
    "a byte order mark",
}
"""Bodies that go on in a chat, somebody else's to judge; see tests/cases/chat_requests.json."""

CHARSETS = {"UTF-16": "; charset=utf-16", "latin-1": "; charset=iso-8859-1"}


def endpoints() -> Iterator[tuple[str, str, str]]:
    """Method, path and type of what takes a body."""
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        paths = create_app(memory).openapi()["paths"]
    for path, methods in paths.items():
        for method, described in methods.items():
            for kind in described.get("requestBody", {}).get("content", {}):
                yield method.upper(), path, kind


ENDPOINTS = list(endpoints())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("broken")
    with (
        closing(KeyRing(folder / "keys.sqlite3")) as keys,
        Memory(folder / "store", encoder=HashEncoder()) as memory,
        served(create_app(memory, ServeSettings(requests_per_minute=10**6), keys=keys)) as url,
    ):
        key = keys.create("test", ["*"], Permission.ADMIN)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            yield client
        assert memory.namespaces() == []


def assert_no_json(reply: httpx.Response) -> None:
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["type"]) == (
        400,
        "invalid_json",
        "invalid_request_error",
    )
    assert "is not valid JSON" in error["message"]


def test_endpoints_were_found() -> None:
    paths = {path for _, path, _ in ENDPOINTS}
    assert {"/v1/chat/completions", "/api/v1/record", "/api/v1/import"} <= paths


@pytest.mark.parametrize(
    ("method", "path", "kind", "what"),
    [
        (method, path, kind, what)
        for method, path, kind in ENDPOINTS
        for what in BROKEN
        if not (path == "/v1/chat/completions" and what in IN_A_CHAT)
    ],
)
def test_a_body_that_is_no_json_is_refused_as_that(
    api: httpx.Client, method: str, path: str, kind: str, what: str
) -> None:
    headers = {"Content-Type": kind + CHARSETS.get(what, "")}
    params = {"key": "notes#1"}
    assert_no_json(api.request(method, path, params=params, headers=headers, content=BROKEN[what]))


@pytest.mark.parametrize("what", sorted(BROKEN.keys() - {"nothing", "white space"}))
def test_a_line_of_an_import_that_is_no_json_is_named(api: httpx.Client, what: str) -> None:
    content = json.dumps({"remem_export": 1}).encode() + b"\n" + BROKEN[what] + b"\n"
    reply = api.post(
        "/api/v1/import", headers={"Content-Type": "application/x-ndjson"}, content=content
    )
    assert_no_json(reply)
    assert "line 2 of the body" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "text", ["\U0001f600", "é", "\\ud800 as six letters", "[" * 500, "\\" * 3 + "uD83D"]
)
def test_what_only_looks_like_it_is_taken(api: httpx.Client, text: str) -> None:
    for escaped in (True, False):
        content = json.dumps({"query": text}, ensure_ascii=escaped).encode()
        reply = api.post(
            "/api/v1/search", headers={"Content-Type": "application/json"}, content=content
        )
        assert reply.status_code == 200


def test_what_is_nested_as_deeply_as_allowed_is_read(api: httpx.Client) -> None:
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    reply = api.post(
        "/api/v1/search",
        headers={"Content-Type": "application/json"},
        content='{"query": ' + deep + "}",
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_request")


def test_signs_inside_of_texts_are_no_values() -> None:
    texts = ["[{,", '",', "\\", '\\",[', "\\\\"]
    value = [text * MAX_VALUES for text in texts]
    assert parsed(json.dumps(value).encode()) == value


def test_as_many_values_as_allowed_are_read() -> None:
    value = [{}] + ["[,"] * (MAX_VALUES - 3) + [1]
    assert parsed(json.dumps(value).encode()) == value
    with pytest.raises(ApiError, match="more than 50,000 values"):
        parsed(json.dumps([*value, *value[:2]]).encode())
