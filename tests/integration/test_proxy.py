"""The proxy between the real OpenAI client and another server, over loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

pytest.importorskip("fastapi")
openai = pytest.importorskip("openai")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.made_up_secrets import SECRETS
from tests.openai_upstream import Upstream, upstream
from tests.serving import served

BISCUIT = "The greyhound of Anna is called Biscuit."
WHOSE = "What is the greyhound of Anna called?"
QUESTION = {"model": "stub", "messages": [{"role": "user", "content": BISCUIT}]}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture
def stub() -> Iterator[Upstream]:
    with upstream() as stub:
        yield stub


@pytest.fixture
def url(memory: Memory, stub: Upstream) -> Iterator[str]:
    with proxy(memory, stub) as url:
        yield url


@contextmanager
def proxy(memory: Memory, stub: Upstream, **settings: Any) -> Iterator[str]:
    with served(create_app(memory, ServeSettings(upstream=stub.url, **settings))) as url:
        yield f"{url}/v1"


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    with openai.OpenAI(base_url=url, api_key="of-the-upstream", max_retries=0) as client:
        yield client


def ask(client: Any, *said: str, **options: Any) -> Any:
    """A conversation of user and assistant by turns, whose last message is the question."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": each} for n, each in enumerate(said)]
    return client.chat.completions.create(model="stub", messages=messages, **options)


def stream(client: Any, *said: str, **options: Any) -> str:
    chunks = ask(client, *said, stream=True, **options)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def remembered(memory: Memory) -> list[tuple[str | None, str]]:
    return [(record.role, record.text) for record in memory.scan()]


def test_what_was_said_in_one_conversation_is_used_in_the_next(
    client: Any, stub: Upstream, memory: Memory
) -> None:
    stub.answer = "A fine name."
    assert ask(client, BISCUIT).choices[0].message.content == "A fine name."
    ask(client, WHOSE)
    assert stub.received[0].prompt == BISCUIT
    assert BISCUIT in stub.received[1].prompt
    assert stub.received[1].prompt.endswith(f"</memories>\n\n{WHOSE}")


def test_question_and_answer_are_stored_without_the_memories(
    client: Any, stub: Upstream, memory: Memory
) -> None:
    ask(client, BISCUIT)
    ask(client, WHOSE)
    assert stub.received[1].prompt != WHOSE
    assert sorted(remembered(memory), key=str) == sorted(
        # The stub repeats its prompt, so the second answer was nothing but memories and question.
        [("user", BISCUIT), ("assistant", BISCUIT), ("user", WHOSE), ("assistant", WHOSE)],
        key=str,
    )


def test_a_stream_is_remembered_when_it_ends(client: Any, stub: Upstream, memory: Memory) -> None:
    assert stream(client, BISCUIT) == BISCUIT
    assert remembered(memory) == [("user", BISCUIT), ("assistant", BISCUIT)]


def test_pieces_of_a_stream_arrive_before_it_ends(client: Any, stub: Upstream) -> None:
    stub.goes_on.clear()
    chunks = iter(ask(client, BISCUIT, stream=True))
    first = [next(chunks).choices[0].delta.content for _ in range(3)]
    stub.goes_on.set()
    assert "".join(first) + "".join(c.choices[0].delta.content or "" for c in chunks) == BISCUIT


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", None])
def test_so_they_do_whatever_the_stream_is_called(
    url: str, stub: Upstream, media_type: str | None
) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": BISCUIT}, "finish_reason": None}]}
    sent = b"data: %s\n\n" % json.dumps(chunk).encode() * 8 + b"data: [DONE]\n\n"
    stub.verbatim = (200, {"content-type": media_type} if media_type else {}, sent)
    stub.goes_on.clear()
    body = {"stream": True, **QUESTION}
    with httpx.stream("POST", f"{url}/chat/completions", json=body) as response:
        pieces = response.iter_raw()
        first = next(pieces)
        stub.goes_on.set()
        assert first + b"".join(pieces) == sent
        assert response.headers.get("content-type") == media_type


@pytest.mark.parametrize("streams", [False, True])
def test_the_end_of_an_answer_arrives_when_the_exchange_is_stored(
    url: str, memory: Memory, streams: bool
) -> None:
    end = b"data: [DONE]" if streams else b"}"
    body = {"stream": streams, "messages": [{"role": "user", "content": BISCUIT}]}
    with httpx.stream("POST", f"{url}/chat/completions", json=body) as response:
        received = b""
        for piece in response.iter_raw():
            received += piece
            if received.rstrip().endswith(end):
                assert memory.count() == 2
    assert memory.count() == 2


@pytest.mark.parametrize("streams", [False, True])
def test_answers_are_passed_on_byte_for_byte(url: str, stub: Upstream, streams: bool) -> None:
    body = {
        "stream": streams,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "Ægir, “twice”"}],
    }
    reply = httpx.post(f"{url}/chat/completions", json=body)
    assert [reply.content] == stub.sent


def test_a_request_without_memories_is_passed_on_byte_for_byte(url: str, stub: Upstream) -> None:
    body = b'{ "messages":[{"role":"user","content":"\\u00c6gir"}],\n"seed": 1e2, "new": {"a":[]} }'
    headers = {"Content-Type": "application/json"}
    httpx.post(f"{url}/chat/completions", content=body, headers=headers)
    assert stub.received[0].body == body


def test_tools_images_and_unknown_fields_are_passed_on_with_memories(
    client: Any, stub: Upstream
) -> None:
    ask(client, BISCUIT)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    client.chat.completions.create(
        model="stub",
        messages=[{"role": "user", "content": [{"type": "text", "text": WHOSE}, image]}],
        tools=tools,
        temperature=0.25,
        extra_body={"of_tomorrow": {"deep": [1, None]}},
    )
    sent = stub.received[1].json
    memories, words, picture = sent.pop("messages")[0]["content"]
    assert BISCUIT in memories["text"]
    assert (words["text"], picture) == (WHOSE, image)
    assert sent == {
        "model": "stub",
        "tools": tools,
        "temperature": 0.25,
        "of_tomorrow": {"deep": [1, None]},
    }


@pytest.mark.parametrize("streams", [False, True])
def test_a_call_of_tools_is_remembered_with_the_answer_that_follows_it(
    client: Any, stub: Upstream, memory: Memory, streams: bool
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    stub.calls, stub.answer = [call], "It rains in Porto."
    asked: list[Any] = [{"role": "user", "content": "What is the weather in Porto?"}]
    create = client.chat.completions.create
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]

    first = create(model="stub", messages=asked, tools=tools, stream=streams)
    deltas = [chunk.choices[0].delta for chunk in first] if streams else [first.choices[0].message]
    assert [each.tool_calls[0].function.name for each in deltas if each.tool_calls] == ["weather"]
    assert memory.count() == 0

    asked += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "rain"},
    ]
    for _ in create(model="stub", messages=asked, tools=tools, stream=streams):
        pass
    assert remembered(memory) == [("user", asked[0]["content"]), ("assistant", stub.answer)]


async def talk(url: str) -> list[str]:
    async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        plain = await ask(client, BISCUIT)
        chunks = [chunk async for chunk in await ask(client, WHOSE, stream=True)]
    words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    return [plain.choices[0].message.content, words]


@pytest.mark.asyncio
async def test_the_asynchronous_client_talks_to_it_too(url: str, memory: Memory) -> None:
    plain, streamed = await talk(url)
    assert plain == BISCUIT
    assert BISCUIT in streamed
    assert memory.count() == 4


def test_a_request_that_is_sent_again_is_stored_once(client: Any, memory: Memory) -> None:
    for _ in range(3):
        ask(client, BISCUIT)
    assert memory.count() == 2


def test_a_growing_conversation_is_one_session_in_order(client: Any, memory: Memory) -> None:
    ask(client, "One?")
    ask(client, "One?", "One?", "Two?", stream=False)
    [source] = memory.sources()
    assert [record.position for record in memory.last(source.source, 9)] == [0, 1, 2, 3]


def test_the_reply_names_the_session_and_what_was_recalled(client: Any, memory: Memory) -> None:
    key = memory.add(BISCUIT, source="café, notes").key
    raw = client.chat.completions.with_raw_response
    reply = ask_raw(raw, WHOSE, extra_headers={"X-Remem-Session": "rainy%20day%2F1"})
    assert [unquote(each) for each in reply.headers["x-remem-recalled"].split(",")] == [key]
    assert reply.headers["x-remem-session"] == "rainy%20day/1"
    assert memory.last("rainy day/1", 2)[0].text == WHOSE
    assert "x-remem-problem" not in reply.headers


def ask_raw(raw: Any, question: str, **options: Any) -> Any:
    return raw.create(model="stub", messages=[{"role": "user", "content": question}], **options)


def test_a_sane_request_id_is_kept_and_another_is_replaced(url: str, stub: Upstream) -> None:
    def named(name: str) -> str:
        body = {"messages": [{"role": "user", "content": "Hello"}]}
        headers = {"X-Request-Id": name}
        return httpx.post(f"{url}/chat/completions", json=body, headers=headers).headers[
            "x-request-id"
        ]

    assert named("trace-1.2:3") == "trace-1.2:3"
    assert stub.received[0].headers["x-request-id"] == "trace-1.2:3"
    assert " " not in named("two words")


@pytest.mark.parametrize("streams", [False, True])
def test_what_could_not_be_recalled_for_is_remembered_all_the_same(
    stub: Upstream, streams: bool
) -> None:
    class Moody(HashEncoder):
        fails_once = False

        def encode_query(self, text: str) -> Any:
            if self.fails_once:
                self.fails_once = False
                raise RuntimeError("no vectors today")
            return super().encode_query(text)

    encoder = Moody()
    with Memory(":memory:", encoder=encoder) as memory, proxy(memory, stub) as url:
        memory.add("The kiln broke.")
        encoder.fails_once = True
        reply = httpx.post(f"{url}/chat/completions", json={**QUESTION, "stream": streams})
        assert "no vectors today" in reply.headers["x-remem-problem"]
        assert len(remembered(memory)) == 3


def test_a_client_that_hangs_up_behind_the_last_words_is_remembered(
    client: Any, memory: Memory
) -> None:
    for chunk in ask(client, BISCUIT, stream=True):
        if chunk.choices[0].finish_reason:
            break
    assert remembered(memory) == [("user", BISCUIT), ("assistant", BISCUIT)]


def test_each_user_has_a_memory(client: Any, stub: Upstream, memory: Memory) -> None:
    ask(client, BISCUIT, user="anna")
    ask(client, WHOSE, user="ben")
    ask(client, WHOSE)
    assert [each.prompt for each in stub.received[1:]] == [WHOSE, WHOSE]
    assert sorted(memory.namespaces()) == ["anna", "ben", "default"]


def test_an_error_of_the_upstream_is_passed_on_and_nothing_is_stored(
    url: str, client: Any, stub: Upstream, memory: Memory
) -> None:
    error = {"message": "too fast", "type": "tokens", "code": "rate_limit_exceeded", "param": None}
    stub.refuses = (429, {"error": error})
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, BISCUIT)
    assert caught.value.body == error
    assert caught.value.response.headers["retry-after"] == "7"
    assert "set-cookie" not in caught.value.response.headers
    assert memory.count() == 0


def test_a_stream_that_breaks_off_is_an_error_and_is_not_stored(
    client: Any, stub: Upstream, memory: Memory
) -> None:
    stub.breaks = True
    with pytest.raises(openai.APIError, match="broke off"):
        stream(client, BISCUIT)
    assert memory.count() == 0


def test_an_answer_that_breaks_off_is_a_bad_gateway_and_is_not_stored(
    client: Any, stub: Upstream, memory: Memory
) -> None:
    stub.breaks = True
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, BISCUIT)
    assert (caught.value.status_code, caught.value.code) == (502, "upstream_failed")
    assert memory.count() == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("streams", [False, True])
async def test_a_client_that_leaves_cancels_the_upstream_and_stores_nothing(
    url: str, stub: Upstream, memory: Memory, streams: bool
) -> None:
    stub.goes_on.clear()
    body = {"stream": streams, "messages": [{"role": "user", "content": BISCUIT}]}
    async with httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.post(f"{url}/chat/completions", json=body))
        assert await asyncio.to_thread(stub.half_way.wait, 30)
        asking.cancel()
        await asyncio.wait([asking])
    assert await asyncio.to_thread(stub.left.wait, 30)
    assert memory.count() == 0


def test_when_nothing_can_be_recalled_the_chat_goes_on_and_says_so(
    url: str, memory: Memory
) -> None:
    memory.close()
    reply = httpx.post(f"{url}/chat/completions", json=QUESTION)
    assert reply.json()["choices"][0]["message"]["content"] == BISCUIT
    assert reply.headers["x-remem-problem"].startswith("nothing could be recalled: the store")


def test_when_nothing_can_be_remembered_the_chat_goes_on_and_says_so(
    url: str, stub: Upstream, memory: Memory
) -> None:
    stub.goes_on.clear()
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(httpx.post, f"{url}/chat/completions", json=QUESTION)
        assert stub.half_way.wait(timeout=30)
        memory.close()
        stub.goes_on.set()
        reply = asking.result()
    assert reply.json()["choices"][0]["message"]["content"] == BISCUIT
    assert reply.headers["x-remem-problem"].startswith("nothing could be remembered: the store")


def test_the_models_are_those_of_the_upstream(client: Any, stub: Upstream) -> None:
    assert [model.id for model in client.models.list()] == ["org/stub"]
    assert client.models.retrieve("org/stub").id == "org/stub"
    assert [each.path for each in stub.received] == ["/v1/models", "/v1/models/org/stub"]


@pytest.mark.parametrize("name", ["..%2F..%2Fadmin", "%2e%2e/secrets", "a//b", "%2e"])
def test_the_name_of_a_model_cannot_lead_to_another_path(
    url: str, stub: Upstream, name: str
) -> None:
    with httpx.Client() as client:
        request = httpx.Request("GET", f"{url}/models/")
        request.url = request.url.copy_with(raw_path=f"/v1/models/{name}".encode())
        assert client.send(request).status_code == 404
    assert stub.received == []


def test_without_keys_of_its_own_it_passes_the_clients_key_on(client: Any, stub: Upstream) -> None:
    ask(client, BISCUIT)
    assert stub.received[0].headers["authorization"] == "Bearer of-the-upstream"


def test_a_key_for_the_upstream_takes_the_place_of_the_clients(
    memory: Memory, stub: Upstream
) -> None:
    with (
        proxy(memory, stub, upstream_key="ours") as url,
        openai.OpenAI(base_url=url, api_key="theirs") as client,
    ):
        ask(client, BISCUIT)
    assert stub.received[0].headers["authorization"] == "Bearer ours"
    assert "theirs" not in json.dumps(dict(stub.received[0].headers))


def test_an_upstream_that_is_not_there_is_a_bad_gateway(memory: Memory) -> None:
    nowhere = Upstream(url="http://127.0.0.1:9/v1")
    with proxy(memory, nowhere) as url:
        reply = httpx.post(f"{url}/chat/completions", json={"messages": []})
    assert reply.status_code == 502
    assert reply.json()["error"]["code"] == "upstream_unreachable"


def test_an_upstream_that_takes_too_long_is_a_gateway_timeout(
    memory: Memory, stub: Upstream
) -> None:
    stub.goes_on.clear()
    with proxy(memory, stub, upstream_seconds=0.05) as url:
        reply = httpx.post(f"{url}/chat/completions", json=QUESTION)
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "upstream_timeout")
    assert memory.count() == 0


def test_a_redirect_of_the_upstream_is_not_followed(url: str, stub: Upstream) -> None:
    stub.redirects = "http://127.0.0.1:9/elsewhere"
    reply = httpx.post(f"{url}/chat/completions", json={"messages": []})
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_failed")
    assert "location" not in reply.headers


def test_more_answers_at_a_time_than_allowed_are_refused(memory: Memory, stub: Upstream) -> None:
    stub.goes_on.clear()
    with proxy(memory, stub, generations=1) as url, ThreadPoolExecutor() as pool:
        first = pool.submit(httpx.post, f"{url}/chat/completions", json=QUESTION)
        assert stub.half_way.wait(timeout=30)
        refused = httpx.post(f"{url}/chat/completions", json=QUESTION)
        stub.goes_on.set()
        assert first.result().status_code == 200
        assert httpx.post(f"{url}/chat/completions", json=QUESTION).status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["error"]["code"] == "too_many_generations"


def test_memory_calls_do_not_wait_for_a_slow_upstream(
    url: str, stub: Upstream, memory: Memory
) -> None:
    key = memory.add(BISCUIT).key
    stub.goes_on.clear()
    with ThreadPoolExecutor(40) as pool:
        slow = [
            pool.submit(httpx.post, f"{url}/chat/completions", json=QUESTION) for _ in range(40)
        ]
        assert stub.half_way.wait(timeout=30)
        found = httpx.post(f"{url.removesuffix('/v1')}/api/v1/search", json={"query": WHOSE}).json()
        stub.goes_on.set()
    assert key in str(found)
    assert {each.result().status_code for each in slow} == {200}


def test_a_secret_in_a_chat_reaches_the_model_and_not_the_memory(
    tmp_path: Path, stub: Upstream
) -> None:
    pytest.importorskip("kingfisher_sdk")
    token = SECRETS["GitHub"]
    asked = QUESTION | {"messages": [{"role": "user", "content": f"Is {token} valid?"}]}
    with (
        Memory(tmp_path / "redacting", encoder=HashEncoder(), secrets="redact") as memory,
        proxy(memory, stub) as url,
    ):
        first, again = (httpx.post(f"{url}/chat/completions", json=asked) for _ in range(2))
        assert token in first.json()["choices"][0]["message"]["content"]
        assert "secret (GitHub token)" in unquote(first.headers["x-remem-problem"])
        assert token not in str(first.headers)
        assert "x-remem-problem" not in again.headers  # it was stored already
        mark = "Is [secret removed: GitHub token] valid?"
        assert {text for _, text in remembered(memory)} == {mark}
