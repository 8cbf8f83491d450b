"""``with_memory`` around ``openai.AsyncOpenAI``: the same promises, and those of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.testing import HashEncoder
from tests.responses_upstream import Upstream, running_upstream

openai = pytest.importorskip("openai")

from remem.attach.openai_client import memory_of, session, with_memory

KEY = "The spare key is at the bakery."
QUESTION = "Where is the spare key?"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running_upstream() as server:
        yield server


Talk = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def talk(upstream: Upstream, memory: Memory) -> Callable[[Talk], Any]:
    """Runs what a test does with an asynchronous client that has the memory."""

    async def run(what: Talk) -> Any:
        async with openai.AsyncOpenAI(base_url=upstream.url, api_key="k", max_retries=0) as client:
            assert with_memory(client, memory) is client
            return await what(client)

    return lambda what: asyncio.run(run(what))


def asked(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def chat(client: Any, text: str) -> Any:
    return await client.chat.completions.create(model="m", messages=asked(text))


async def chat_stream(client: Any, text: str) -> Any:
    stream = await client.chat.completions.create(model="m", messages=asked(text), stream=True)
    assert "".join(
        [piece.choices[0].delta.content or "" async for piece in stream if piece.choices]
    )
    return stream


async def chat_helper(client: Any, text: str) -> Any:
    async with client.chat.completions.stream(model="m", messages=asked(text)) as stream:
        await stream.until_done()
    return stream


async def chat_parsed(client: Any, text: str) -> Any:
    return await client.chat.completions.parse(model="m", messages=asked(text))


async def chat_raw(client: Any, text: str) -> Any:
    reply = await client.chat.completions.with_raw_response.create(model="m", messages=asked(text))
    assert reply.parse().choices
    return reply


async def chat_by_a_copy(client: Any, text: str) -> Any:
    return await chat(client.with_options(timeout=30), text)


async def respond(client: Any, text: str) -> Any:
    return await client.responses.create(model="m", input=text)


async def respond_stream(client: Any, text: str) -> Any:
    stream = await client.responses.create(model="m", input=text, stream=True)
    assert [event async for event in stream]
    return stream


async def respond_helper(client: Any, text: str) -> Any:
    async with client.responses.stream(model="m", input=text) as stream:
        await stream.until_done()
    return stream


every_way = pytest.mark.parametrize(
    "way",
    [
        chat,
        chat_stream,
        chat_helper,
        chat_parsed,
        chat_raw,
        chat_by_a_copy,
        respond,
        respond_stream,
        respond_helper,
    ],
)


def stored(memory: Memory) -> list[str]:
    return [record.text for record in memory.scan()]


@every_way
def test_what_was_said_is_remembered_and_read_in_the_next_conversation(
    talk: Callable[[Talk], Any],
    upstream: Upstream,
    memory: Memory,
    way: Callable[[Any, str], Awaitable[Any]],
) -> None:
    async def two_conversations(client: Any) -> Any:
        await way(client, KEY)
        return memory_of(await way(client, QUESTION))

    used = talk(two_conversations)
    assert KEY in str(upstream.asked[-1])
    assert KEY in [each.record.text for each in used.recalled]
    assert sorted(stored(memory)) == sorted([KEY, QUESTION, "Understood.", "Understood."])


@every_way
def test_an_error_of_the_server_passes_and_stores_nothing(
    talk: Callable[[Talk], Any],
    upstream: Upstream,
    memory: Memory,
    way: Callable[[Any, str], Awaitable[Any]],
) -> None:
    upstream.status = 400
    with pytest.raises(openai.BadRequestError):
        talk(lambda client: way(client, QUESTION))
    assert stored(memory) == []


def test_a_request_that_is_cancelled_stores_nothing(
    talk: Callable[[Talk], Any], upstream: Upstream, memory: Memory
) -> None:
    upstream.may_go_on.clear()

    async def give_up(client: Any) -> None:
        first_piece = asyncio.Event()

        async def read() -> None:
            stream = await client.chat.completions.create(
                model="m", messages=asked(QUESTION), stream=True
            )
            async for _ in stream:
                first_piece.set()

        reading = asyncio.create_task(read())
        await first_piece.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    talk(give_up)
    assert stored(memory) == []


def test_a_stream_that_breaks_stores_nothing(
    talk: Callable[[Talk], Any], upstream: Upstream, memory: Memory
) -> None:
    upstream.breaks_off = True
    with pytest.raises(openai.APIConnectionError):
        talk(lambda client: chat_stream(client, QUESTION))
    assert stored(memory) == []


def test_tasks_beside_each_other_keep_their_sessions(
    talk: Callable[[Talk], Any], memory: Memory
) -> None:
    async def say(client: Any, name: str) -> None:
        with session(name):
            await chat(client, f"I am {name}")

    names = [f"guest-{number}" for number in range(8)]

    async def all_at_once(client: Any) -> None:
        await asyncio.gather(*(say(client, name) for name in names))

    talk(all_at_once)
    said = {record.source: record.text for record in memory.scan() if record.role == "user"}
    assert said == {name: f"I am {name}" for name in names}


def test_the_event_loop_goes_on_while_memory_works(upstream: Upstream, tmp_path: Path) -> None:
    class Patient(HashEncoder):
        """Encodes a question only once the event loop has had a turn."""

        def encode_query(self, text: str) -> Any:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loops[0]).result(timeout=30)
            return super().encode_query(text)

    loops: list[asyncio.AbstractEventLoop] = []

    async def ask(memory: Memory) -> Any:
        loops.append(asyncio.get_running_loop())
        async with openai.AsyncOpenAI(base_url=upstream.url, api_key="k") as client:
            return memory_of(await chat(with_memory(client, memory), QUESTION))

    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add(KEY)
    with Memory(tmp_path / "store", encoder=Patient()) as memory:
        used = asyncio.run(ask(memory))
        assert [each.record.text for each in used.recalled] == [KEY]
