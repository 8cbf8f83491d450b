"""On every road, an answer made from a memory keeps the memory's key, and stands below it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from remem import Memory
from remem.dates import now
from remem.recall.order.echoes import RECALLED
from remem.store import Record
from remem.testing import HashEncoder

FACT = "My sister Ines plays the oboe in the city orchestra."
QUESTION = "Which instrument does my sister play?"
ANSWER = "Your sister plays the oboe."
SAID: list[dict[str, Any]] = [
    {"role": "user", "content": QUESTION},
    {"role": "assistant", "content": ANSWER},
]


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add(FACT)
        yield memory


def python(memory: Memory) -> None:
    memory.context(QUESTION, floor=0)
    memory.add_messages(SAID)


def records(memory: Memory) -> None:
    memory.search(QUESTION)
    turn = Record("chat#0", "chat", 0, ANSWER, role="assistant", said_at=now())
    memory.add_records([turn])


def mcp(memory: Memory) -> None:
    pytest.importorskip("mcp")
    from mcp import Client

    from remem.serve.mcp_server import memory_server

    async def talk() -> None:
        async with Client(memory_server(memory)) as client:
            await client.call_tool("recall", {"question": QUESTION})
            await client.call_tool("remember", {"messages": SAID})

    asyncio.run(talk())


def langchain(memory: Memory) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.messages import AIMessage, HumanMessage

    from remem.attach.frameworks.langchain import RememChatMessageHistory, RememRetriever

    RememRetriever(memory=memory).invoke(QUESTION)
    history = RememChatMessageHistory(memory, "chat")
    history.add_messages([HumanMessage(QUESTION), AIMessage(ANSWER)])


def llamaindex(memory: Memory) -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core.base.llms.types import ChatMessage

    from remem.attach.frameworks.llamaindex import RememMemoryBlock

    said = [ChatMessage(role=each["role"], content=each["content"]) for each in SAID]
    block = RememMemoryBlock(memory=memory, floor=0.0)

    async def talk() -> None:
        await block.aget(said[:1])
        await block.aput(said)

    asyncio.run(talk())


def agents(memory: Memory) -> None:
    pytest.importorskip("agents")
    from agents import Agent
    from agents.run_config import CallModelData, ModelInputData

    from remem.attach.frameworks.agents import RememSession, recalling

    items: Any = SAID

    async def talk() -> None:
        data: Any = CallModelData(ModelInputData(items[:1], None), Agent("a"), None)
        await recalling(memory, floor=0)(data)
        await RememSession("chat", memory).add_items(items)

    asyncio.run(talk())


def mem0(memory: Memory) -> None:
    from remem.attach.frameworks.mem0 import Memory as Mem0

    facade = Mem0(memory)
    facade.add(FACT, user_id="ana")
    facade.search(QUESTION, user_id="ana", threshold=0)
    facade.add(SAID, user_id="ana")


ROADS = [python, records, mcp, langchain, llamaindex, agents, mem0]


def answers(memory: Memory) -> list[tuple[Record, Memory]]:
    rooms = (memory.in_namespace(name) for name in memory.namespaces())
    return [(each, room) for room in rooms for each in room.scan() if each.text == ANSWER]


@pytest.mark.parametrize("road", ROADS)
def test_an_answer_made_from_a_memory_keeps_its_key(
    memory: Memory, road: Callable[[Memory], None]
) -> None:
    road(memory)
    [(answer, room)] = answers(memory)
    [key] = answer.metadata[RECALLED]
    kept = room.get(key)
    assert kept is not None
    assert kept.text == FACT
    texts = [one.record.text for one in room.search(QUESTION, 9)]
    assert texts.index(FACT) < texts.index(ANSWER)


def noted(memory: Memory, text: str) -> Record:
    """The note that a model makes over MCP, after a recall."""
    pytest.importorskip("mcp")
    from remem.serve.mcp_arguments import RecallArguments, RememberArguments
    from remem.serve.mcp_tools import TOOLS

    tools = {tool.name: tool for tool in TOOLS}
    tools["recall"].run(memory, RecallArguments(question=QUESTION))
    tools["remember"].run(memory, RememberArguments(text=text))
    [note] = [each for each in memory.scan() if each.text == text]
    return note


@pytest.mark.parametrize(
    "text", ["The user's sister Ines plays the oboe.", "Sister: Ines, plays oboe in the orchestra."]
)
def test_a_note_that_repeats_a_memory_stands_below_it(memory: Memory, text: str) -> None:
    assert RECALLED in noted(memory, text).metadata
    assert [one.record.text for one in memory.search(QUESTION, 2)] == [FACT, text]


def test_a_note_with_news_keeps_no_key(memory: Memory) -> None:
    text = "The user's sister Ines plays the flute now."
    assert RECALLED not in noted(memory, text).metadata


def test_an_answer_to_something_else_keeps_no_key(memory: Memory) -> None:
    memory.search(QUESTION)
    memory.add_messages([{"role": "assistant", "content": "Bake it for twenty minutes."}])
    [record] = memory.last("chat", 1)
    assert RECALLED not in record.metadata


def test_words_of_a_person_keep_no_key(memory: Memory) -> None:
    memory.search(QUESTION)
    memory.add_messages([{"role": "user", "content": "My sister plays the flute now."}])
    [record] = memory.last("chat", 1)
    assert RECALLED not in record.metadata


def test_an_answer_from_before_the_recall_keeps_no_key(memory: Memory) -> None:
    memory.search(QUESTION)
    before = datetime.now(timezone.utc) - timedelta(days=1)
    memory.add_messages([{"role": "assistant", "content": ANSWER, "time": before}])
    [record] = memory.last("chat", 1)
    assert RECALLED not in record.metadata


def test_what_one_namespace_was_given_is_no_source_in_another(memory: Memory) -> None:
    memory.search(QUESTION)
    other = memory.in_namespace("other")
    other.add_messages([SAID[1]])
    [record] = other.last("chat", 1)
    assert RECALLED not in record.metadata


def test_keys_that_come_with_an_answer_stay_as_they_are(memory: Memory) -> None:
    memory.search(QUESTION)
    memory.add_messages([{**SAID[1], "metadata": {RECALLED: ["a"]}}])
    [record] = memory.last("chat", 1)
    assert record.metadata[RECALLED] == ["a"]
