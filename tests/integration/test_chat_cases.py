"""Answers of many servers and requests of many clients, in the shape of public reports: what goes
through a chat goes through whole, and what was said is remembered, on every road.

The cases are in ``tests/cases``, each with the promise that it states.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

pytest.importorskip("fastapi")
openai = pytest.importorskip("openai")

from remem import Memory
from remem.attach.openai_client import memory_of, with_memory
from remem.testing import HashEncoder
from tests.openai_upstream import Upstream, upstream
from tests.remem_process import remem_serving

Case = dict[str, Any]

CASES = Path(__file__).parent.parent / "cases"
ANSWERS: list[Case] = json.loads((CASES / "upstream_answers.json").read_text("utf-8"))
REQUESTS: list[Case] = json.loads((CASES / "chat_requests.json").read_text("utf-8"))
QUESTION = "Which colour has the key?"
KEY = "The spare key is at the bakery."


def name(case: Case) -> str:
    return str(case["name"])


def elsewhere(cases: list[Case]) -> list[Case]:
    """Those that make sense without a proxy."""
    return [case for case in cases if case.get("only") != "proxy"]


def body(case: Case) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    return str(case.get("body", case.get("raw"))).encode()


class Proxy(NamedTuple):
    """A running ``remem serve`` and the server behind it."""

    stub: Upstream
    client: httpx.Client

    def remembered(self, namespace: str) -> list[tuple[str | None, str]]:
        reply = self.client.get("/api/v1/records", params={"namespace": namespace})
        return [(each["role"], each["text"]) for each in reply.json()["records"]]

    def problems(self) -> float:
        """The number of times that something was not remembered so far."""
        told = self.client.get("/metrics").text
        found = re.search(r'^remem_memory_problems_total\{what="remember"\} (\S+)', told, re.M)
        return float(found[1]) if found else 0.0


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    arguments = ("--rate", "100000", "--processes", "1")
    with (
        upstream() as stub,
        remem_serving(tmp_path_factory.mktemp("proxy"), "--upstream", stub.url, *arguments) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield Proxy(stub, client)


@pytest.fixture
def stub() -> Iterator[Upstream]:
    with upstream() as stub:
        yield stub


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def is_stream(case: Case) -> bool:
    return case["name"] == "a compressed stream" or "data:" in case.get("body", "")


@pytest.mark.parametrize("streams", [True, False], ids=["asked for a stream", "asked at once"])
@pytest.mark.parametrize("case", ANSWERS, ids=name)
def test_an_answer_goes_through_the_proxy_as_it_is_and_is_stored_if_it_is_whole(
    proxy: Proxy, case: Case, streams: bool
) -> None:
    proxy.stub.verbatim = (case["status"], case["headers"], body(case))
    before = proxy.problems()
    user = f"answer: {case['name']} {streams}"
    messages = [{"role": "user", "content": QUESTION}]
    asked = {"messages": messages, "stream": streams, "user": user}
    reply = proxy.client.post("/v1/chat/completions", json=asked)
    assert reply.status_code == case["status"]
    whole = body(case)
    if "content-encoding" in case["headers"]:
        whole = httpx.Response(200, headers=case["headers"], content=whole).content
    assert reply.content == whole
    expected = [("user", QUESTION), ("assistant", case["said"])] if case["said"] else []
    assert proxy.remembered(user) == expected
    assert proxy.problems() - before == bool(case["problem"])
    if not is_stream(case):
        assert (case["problem"] or "") in reply.headers.get("x-remem-problem", "")
        assert ("x-remem-problem" in reply.headers) == bool(case["problem"])


def answered(client: Any, **asked: Any) -> Any:
    """The reply, once it is read; None if the client itself says that there is none."""
    try:
        reply = client.chat.completions.create(model="m", **asked)
        for _ in reply if asked["stream"] else ():
            pass
    except openai.APIError:
        return None
    return reply


def answered_async(url: str, memory: Memory, **asked: Any) -> Any:
    async def answered() -> Any:
        async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as plain:
            client = with_memory(plain, memory)
            try:
                reply = await client.chat.completions.create(model="m", **asked)
                if asked["stream"]:
                    async for _ in reply:
                        pass
            except openai.APIError:
                return None
            return reply

    return asyncio.run(answered())


def answered_at_once(url: str, memory: Memory, **asked: Any) -> Any:
    with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as plain:
        return answered(with_memory(plain, memory), **asked)


@pytest.mark.parametrize("road", [answered_at_once, answered_async])
@pytest.mark.parametrize("case", elsewhere(ANSWERS), ids=name)
def test_so_does_an_answer_to_a_client_with_memory(
    stub: Upstream, memory: Memory, case: Case, road: Callable[..., Any]
) -> None:
    stub.verbatim = (case["status"], case["headers"], body(case))
    messages = [{"role": "user", "content": QUESTION}]
    reply = road(stub.url, memory, messages=messages, stream=is_stream(case))
    stored = [(record.role, record.text) for record in memory.scan()]
    expected = [("user", QUESTION), ("assistant", case["said"])] if case["said"] else []
    assert stored == expected
    if reply is not None:
        assert (case["problem"] or "None") in str(memory_of(reply).problem)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", REQUESTS, ids=name)
def test_a_request_goes_through_the_proxy_and_its_words_are_remembered(
    proxy: Proxy, case: Case, streams: bool
) -> None:
    proxy.stub.verbatim, proxy.stub.answer = None, "The key is red."
    user = f"request: {case['name']} {streams}"
    note = {"text": KEY, "source": "zz"}
    proxy.client.post("/api/v1/records", json=note, params={"namespace": user})
    content = json.dumps({"messages": case["messages"]}).encode() if "messages" in case else None
    sent = json.loads(body(case) if content is None else content)
    asked = sent | {"user": user, "stream": streams}
    encoded = json.dumps(asked)
    content = encoded.encode("utf-16" if "base64" in case else "utf-8")
    headers = {"content-type": "application/json", **case.get("headers", {})}
    path = f"/v1/chat/completions?{case.get('query', '')}"
    reply = proxy.client.post(path, content=content, headers=headers)
    assert reply.status_code == 200
    passed = proxy.stub.received[-1].json
    is_in_the_prompt = KEY in json.dumps(passed["messages"])
    assert is_in_the_prompt == bool(reply.headers["x-remem-recalled"])
    if case["recalls"] is not None:
        assert is_in_the_prompt == case["recalls"]
    assert {**passed, "messages": sent["messages"]} == asked
    if not case["recalls"]:
        assert passed == asked
    stored = [text for _, text in proxy.remembered(user) if text != KEY]
    assert stored == case["said"]
    told = reply.headers.get("x-remem-problem")
    if told is None and case["told"]:
        assert streams  # whose headers are sent before its end is stored
        assert not stored
    else:
        assert (case["told"] or "None") in str(told)


@pytest.mark.parametrize("road", [answered_at_once, answered_async])
@pytest.mark.parametrize(
    "case", [case for case in elsewhere(REQUESTS) if "messages" in case], ids=name
)
def test_so_does_a_request_of_a_client_with_memory(
    stub: Upstream, memory: Memory, case: Case, road: Callable[..., Any]
) -> None:
    stub.answer = "The key is red."
    memory.add(KEY, source="zz")
    reply = road(stub.url, memory, messages=case["messages"], stream=False)
    passed = stub.received[-1].json["messages"]
    is_in_the_prompt = KEY in json.dumps(passed)
    assert is_in_the_prompt == bool(memory_of(reply).recalled)
    assert is_in_the_prompt == case["recalls"]
    stored = [record.text for record in memory.scan() if record.text != KEY]
    assert stored == case["said"]
    assert (case["told"] or "None") in str(memory_of(reply).problem)
