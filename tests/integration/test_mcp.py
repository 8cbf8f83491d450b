"""``remem mcp`` as a process, and the official client of the protocol at its other end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from remem.cli import main

pytest.importorskip("mcp")

import httpx2
from mcp import MCPError

from tests.mcp_clients import Connect, http_server, over_http, over_stdio, run
from tests.raw_http import told
from tests.remem_process import PROGRAM, REMEM

SECRET = "a secret of this test"
WITHOUT_MODELS = (
    "import sys; sys.modules.update(torch=None, transformers=None, sentence_transformers=None)"
)
MODES = ("auto", "legacy")  # the newest protocol, and the handshake that most clients do


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "REMEM_STORE": str(tmp_path / "store"), "REMEM_ENCODER": "hash"}


every_road = pytest.mark.parametrize("road", [over_stdio, over_http])


@every_road
@pytest.mark.parametrize("mode", MODES)
def test_what_one_process_remembers_the_next_recalls_and_forgets(
    environment: dict[str, str], road: Callable[[dict[str, str]], Connect], mode: str
) -> None:
    async def tell(client: Any) -> None:
        messages = [
            {"role": "user", "content": "I am allergic to cashews.", "name": "Nora"},
            {"role": "assistant", "content": "I will keep it in mind."},
        ]
        await client.call_tool("remember", {"messages": messages, "session": "kitchen/1"})
        await client.call_tool("remember", {"text": "The spare key is at the bakery."})

    async def ask(client: Any) -> None:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert tools == [
            *("recall", "context", "summarize", "history", "translate", "labels", "classify"),
            *("label", "remember", "correct", "undo", "list_sources"),
            "forget",
        ]
        found = await client.call_tool("recall", {"question": "What is Nora allergic to?"})
        assert "I am allergic to cashews." in found.content[0].text
        assert found.structured_content["memories"][0]["key"] == "kitchen/1#0"
        block = await client.call_tool("context", {"message": "Where is the spare key?"})
        assert "at the bakery" in block.structured_content["block"]
        listed = await client.call_tool("list_sources", {})
        assert listed.structured_content["total"] == 2
        (resource,) = [
            each for each in (await client.list_resources()).resources if each.name == "kitchen/1"
        ]
        read = await client.read_resource(resource.uri)
        assert re.search("cashews.*\n.*in mind", read.contents[0].text)
        gone = await client.call_tool("forget", {"source": "kitchen/1"})
        assert gone.structured_content == {"forgotten": 2}
        with pytest.raises(MCPError, match="no such source"):
            await client.read_resource(resource.uri)

    run(road(environment), tell, mode=mode)
    run(road(environment), ask, mode=mode)


def test_the_server_answers_before_any_model_is_loaded(environment: dict[str, str]) -> None:
    del environment["REMEM_ENCODER"]

    async def look(client: Any) -> int:
        return len((await client.list_tools()).tools)

    connect = over_stdio(environment, code=f"{WITHOUT_MODELS}\n{PROGRAM}")
    assert run(connect, look, mode="legacy") == 13


@pytest.mark.model
def test_what_is_remembered_is_recalled_without_a_training_framework(
    environment: dict[str, str],
) -> None:
    del environment["REMEM_ENCODER"]

    async def remember_and_ask(client: Any) -> str:
        await client.call_tool("remember", {"text": "The spare key is at the bakery."})
        found = await client.call_tool("recall", {"question": "Where is the key?"})
        return str(found.content[0].text)

    connect = over_stdio(environment, code=f"{WITHOUT_MODELS}\n{PROGRAM}")
    assert "at the bakery" in run(connect, remember_and_ask, mode="legacy")


@pytest.mark.model
def test_standard_output_carries_nothing_but_the_protocol(environment: dict[str, str]) -> None:
    del environment["REMEM_ENCODER"]  # the bundled model, which is loaded on the way
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    text = {"name": "remember", "arguments": {"text": "The spare key is at the bakery."}}
    question = {"name": "recall", "arguments": {"question": "Where is the key?"}}
    requests = [("initialize", hello), ("tools/call", text), ("tools/call", question)]
    command = [*REMEM, "mcp", "--debug"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = []
        for number, (method, params) in enumerate(requests):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            lines.append(process.stdout.readline())
        process.stdin.close()
        lines += process.stdout.readlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert "at the bakery" in answers[2]["result"]["content"][0]["text"]
    assert process.returncode == 0


def test_an_interrupt_ends_it_at_once(environment: dict[str, str]) -> None:
    command = [*REMEM, "mcp"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == -signal.SIGINT


def test_clients_can_be_kept_from_forgetting(environment: dict[str, str]) -> None:
    async def names(client: Any) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    assert "forget" not in run(over_stdio(environment, "--no-forget"), names)


def test_a_key_opens_the_server(environment: dict[str, str]) -> None:
    async def names(client: Any) -> int:
        return len((await client.list_tools()).tools)

    environment["REMEM_MCP_KEY"] = SECRET
    assert run(over_http(environment), names, key=SECRET) == 13


def post(url: str, **headers: str) -> httpx2.Response:
    usual = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    return httpx2.post(url, json=request, headers={**usual, **headers})


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", f"Basic {SECRET}", SECRET])
def test_without_the_key_everything_is_refused_in_one_sentence(
    environment: dict[str, str], authorization: str | None
) -> None:
    environment["REMEM_MCP_KEY"] = SECRET
    headers = {"Authorization": authorization} if authorization else {}
    with http_server(environment) as url:
        refused = post(url, **headers)
    assert refused.status_code == 401
    assert refused.json() == {"error": "present the key of this server as bearer token"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:80.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:1@evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_web_page_of_another_name_or_port_can_reach_the_server(
    environment: dict[str, str], headers: dict[str, str]
) -> None:
    with http_server(environment) as url:
        assert post(url).status_code == 200
        assert post(url, Origin=url.removesuffix("/mcp")).status_code == 200
        refused = post(url, **headers)
    assert refused.status_code == 403
    assert refused.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_server_has_limits_as_the_other_one(environment: dict[str, str]) -> None:
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
    with http_server(environment) as url:
        port = int(httpx2.URL(url).port or 0)
        [long] = told(port, head, *[b"X: %s\r\n" % (b"x" * 5000)] * 20)
        [many] = told(port, head, *[b"X: y\r\n"] * 10_000)
    assert (long.status, many.status) == (431, 431)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "memory.example"])
def test_an_address_that_others_can_reach_needs_a_key(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    assert main(["mcp", "--http", "--host", host, "--store", store, "--encoder", "hash"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "REMEM_MCP_KEY" in said


def test_a_key_that_is_no_secret_is_refused_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    options = ["--store", store, "--encoder", "hash", "--key", "hunter2"]
    assert main(["mcp", "--http", *options]) == 1
    said = capsys.readouterr().err
    assert "too short" in said
    assert "hunter2" not in said


def test_a_port_that_is_taken_is_one_sentence(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(http_server(environment))
        port = str(httpx2.URL(url).port)
        options = ["--store", environment["REMEM_STORE"], "--encoder", "hash", "--port", port]
        assert main(["mcp", "--http", *options]) == 1
    assert "in use" in capsys.readouterr().err
