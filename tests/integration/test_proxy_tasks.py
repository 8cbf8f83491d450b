"""The proxy and what is no memory: a front end's own tasks, and what a client keeps to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.openai_upstream import Upstream, upstream
from tests.remem_process import remem_serving
from tests.serving import served

KEY = "The spare key is at the bakery."
QUESTION = "Where is the spare key?"
TASK = (
    "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history.\n"
    '### Output:\nJSON format: { "tags": ["tag1"] }\n'
    "### Chat History:\n<chat_history>\nUSER: Where is the spare key?\n</chat_history>"
)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add(KEY)
        yield memory


@pytest.fixture
def stub() -> Iterator[Upstream]:
    with upstream(answer="At the bakery.") as stub:
        yield stub


@contextmanager
def proxy(memory: Memory, stub: Upstream, **settings: Any) -> Iterator[httpx.Client]:
    app = create_app(memory, ServeSettings(upstream=stub.url, **settings))
    with served(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def ask(client: httpx.Client, text: str, use: str | None = None, **more: Any) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": text}], **more}
    headers = {} if use is None else {"X-Remem-Memory": use}
    return client.post("/v1/chat/completions", json=body, headers=headers)


def stored(memory: Memory) -> list[str]:
    return [record.text for record in memory.scan() if record.text != KEY]


def counted(client: httpx.Client) -> float:
    told = client.get("/metrics").text
    found = re.search(r'^remem_front_end_tasks_total\{task="open-webui"\} (\S+)', told, re.M)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("streams", [False, True])
def test_a_task_of_a_front_end_passes_without_memory_and_is_counted(
    memory: Memory, stub: Upstream, streams: bool
) -> None:
    with proxy(memory, stub) as client:
        reply = ask(client, TASK, stream=streams)
        assert (reply.status_code, reply.headers["x-remem-recalled"]) == (200, "")
        assert stub.received[0].body == reply.request.content
        assert (stored(memory), counted(client)) == ([], 1)


def test_a_message_that_quotes_a_task_is_remembered(memory: Memory, stub: Upstream) -> None:
    text = f"What does this prompt do?\n\n{TASK}"
    with proxy(memory, stub) as client:
        ask(client, text)
        assert (stored(memory), counted(client)) == ([text, "At the bakery."], 0)


def test_a_task_that_is_wanted_is_remembered(memory: Memory, stub: Upstream) -> None:
    with proxy(memory, stub) as client:
        ask(client, TASK, "on")
        assert (stored(memory), counted(client)) == ([TASK, "At the bakery."], 0)


def test_a_server_can_be_told_to_remember_tasks(memory: Memory, stub: Upstream) -> None:
    with proxy(memory, stub, remembers_tasks=True) as client:
        ask(client, TASK)
        assert (stored(memory), counted(client)) == ([TASK, "At the bakery."], 0)


@pytest.mark.parametrize("option", [(), ("--remember-tasks",)])
def test_so_can_the_command(stub: Upstream, tmp_path: Path, option: tuple[str, ...]) -> None:
    arguments = ("--upstream", stub.url, "--processes", "1", *option)
    with remem_serving(tmp_path, *arguments) as url, httpx.Client(base_url=url) as client:
        ask(client, TASK)
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        assert stored(memory) == ([TASK, "At the bakery."] if option else [])


@pytest.mark.parametrize(
    ("use", "recalls", "remembers"),
    [(None, True, True), ("on", True, True), ("read", True, False), ("off", False, False)],
)
@pytest.mark.parametrize("streams", [False, True])
def test_a_client_says_whether_memory_is_used(
    memory: Memory, stub: Upstream, use: str | None, recalls: bool, remembers: bool, streams: bool
) -> None:
    with proxy(memory, stub) as client:
        reply = ask(client, QUESTION, use, stream=streams)
    assert (KEY in stub.received[0].prompt) == bool(reply.headers["x-remem-recalled"]) == recalls
    assert stored(memory) == ([QUESTION, "At the bakery."] if remembers else [])


def test_another_word_for_it_is_refused(memory: Memory, stub: Upstream) -> None:
    with proxy(memory, stub) as client:
        reply = ask(client, QUESTION, "maybe")
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_request")
    assert "X-Remem-Memory" in reply.json()["error"]["message"]
    assert stub.received == []
