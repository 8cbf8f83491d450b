"""LlamaIndex: a block of its real ``Memory``, and a retriever, with a model that repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("llama_index.core")

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
from llama_index.core.memory import Memory as ChatMemory
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, QueryBundle
from sqlalchemy.ext.asyncio import create_async_engine

from remem import F, Memory
from remem.attach.frameworks.llamaindex import RememMemoryBlock, RememRetriever
from remem.testing import HashEncoder

Chats = Callable[[str], ChatMemory]


@pytest_asyncio.fixture
async def chat_of(memory: Memory, tmp_path: Path) -> AsyncIterator[Chats]:
    """Makes a chat that holds some twenty words; what leaves it is remembered."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'chats.sqlite'}")

    def make(session: str) -> ChatMemory:
        return ChatMemory.from_defaults(
            session_id=session,
            memory_blocks=[RememMemoryBlock(memory=memory, floor=0.0)],
            token_limit=20,
            token_flush_size=5,
            chat_history_token_ratio=1.0,
            tokenizer_fn=str.split,
            insert_method="user",
            async_engine=engine,
        )

    yield make
    await engine.dispose()


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage(role="assistant", content=text)


@pytest.mark.asyncio
async def test_what_leaves_a_chat_is_remembered(memory: Memory, chat_of: Chats) -> None:
    chat = chat_of("s")
    await chat.aput_messages([user("The spare key is under the blue pot."), assistant("Noted.")])
    assert memory.count() == 0
    await chat.aput_messages([user("word " * 15), assistant("Yes.")])
    assert [(turn.role, turn.text) for turn in memory.last("s", 9)] == [
        ("user", "The spare key is under the blue pot."),
        ("assistant", "Noted."),
    ]


@pytest.mark.asyncio
async def test_a_question_in_another_chat_brings_it_back(memory: Memory, chat_of: Chats) -> None:
    memory.add_messages([{"role": "user", "content": "The spare key is under the pot."}])
    chat = chat_of("other")
    await chat.aput(user("Where is the spare key?"))
    [asked] = await chat.aget()
    assert "The spare key is under the pot." in str(asked.content)
    assert str(asked.content).endswith("Where is the spare key?")
    assert await chat.aget_all() == [user("Where is the spare key?")]


def test_a_recalled_block_is_not_remembered(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    block = RememMemoryBlock(memory=memory, floor=0.0)
    question = user("Where is the spare key?")
    text = asyncio.run(block.aget([question]))
    assert "under the pot" in text
    asyncio.run(block.aput([user(f"{text}\n\nWhere is the spare key?")], session_id="s"))
    assert [turn.text.strip() for turn in memory.last("s", 9)] == ["Where is the spare key?"]


def test_only_what_people_said_is_remembered(memory: Memory) -> None:
    block = RememMemoryBlock(memory=memory, session="unnamed")
    call = ToolCallBlock(tool_name="look", tool_kwargs={"place": "pot"})
    messages = [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", blocks=[TextBlock(text="And"), ImageBlock(url="http://x/y.png")]),
        ChatMessage(role="assistant", blocks=[TextBlock(text="I will look."), call]),
        ChatMessage(role="tool", content="nothing"),
        assistant("A pot."),
    ]
    asyncio.run(block.aput(messages))
    assert [turn.text for turn in memory.last("unnamed", 9)] == ["And", "A pot."]


def test_a_batch_that_comes_again_is_stored_once(memory: Memory) -> None:
    block = RememMemoryBlock(memory=memory)
    for _ in range(2):
        asyncio.run(block.aput([user("hello"), assistant("hi")], session_id="s"))
    assert [turn.text for turn in memory.last("s", 9)] == ["hello", "hi"]


def test_the_reasoning_in_front_of_an_answer_is_not_remembered(memory: Memory) -> None:
    block = RememMemoryBlock(memory=memory)
    asyncio.run(block.aput([user("hello"), assistant("<think>hm</think>hi")], session_id="s"))
    assert [turn.text for turn in memory.last("s", 9)] == ["hello", "hi"]


def test_a_block_may_refuse_what_leaves_the_chat(memory: Memory) -> None:
    block = RememMemoryBlock(memory=memory, accept_short_term_memory=False)
    asyncio.run(block.aput([user("hello")], from_short_term_memory=True))
    assert memory.count() == 0


def test_nothing_is_recalled_for_nothing(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    block = RememMemoryBlock(memory=memory)
    assert asyncio.run(block.aget()) == asyncio.run(block.aget([])) == ""
    assert asyncio.run(block.aget([user("hi")])) == ""


@pytest.mark.asyncio
async def test_a_memory_that_fails_does_not_take_the_chat_down(
    memory: Memory, chat_of: Chats
) -> None:
    chat = chat_of("s")
    await chat.aput(user("Where is the key?"))
    memory.close()
    assert [message.content for message in await chat.aget()] == ["Where is the key?"]


@pytest.mark.asyncio
async def test_a_chat_engine_answers_with_what_another_chat_said(
    memory: Memory, chat_of: Chats
) -> None:
    first = SimpleChatEngine.from_defaults(llm=MockLLM(), memory=chat_of("first"))
    await first.achat("The spare key is under the blue pot.")
    await first.achat("And something else of many words, so that the chat is full " + "word " * 10)
    assert "The spare key is under the blue pot." in [turn.text for turn in memory.last("first", 9)]
    second = SimpleChatEngine.from_defaults(llm=MockLLM(), memory=chat_of("second"))
    # The model repeats what it reads.
    assert "The spare key is under the blue pot." in str(
        await second.achat("Where is the spare key?")
    )


def test_a_node_tells_where_it_comes_from(memory: Memory) -> None:
    record = memory.add("The key is under the pot.", speaker="Ana", metadata={"room": "hall"})
    [found] = RememRetriever(memory).retrieve("key")
    assert (found.node.node_id, found.node.get_content()) == (record.key, record.text)
    assert 0.0 < (found.score or 0.0) == found.node.metadata["relevance"] <= 1.0
    assert (
        found.node.metadata.items()
        >= {
            "room": "hall",
            "key": record.key,
            "source": "notes",
            "speaker": "Ana",
        }.items()
    )


def test_a_model_reads_who_said_it_and_when_and_no_bookkeeping(memory: Memory) -> None:
    memory.add("The key is under the pot.", speaker="Ana", metadata={"room": "hall"})
    [found] = RememRetriever(memory).retrieve("key")
    read = found.node.get_content(MetadataMode.LLM)
    assert "speaker: Ana" in read
    assert "relevance" not in read
    assert "hall" not in read


def test_a_name_adds_no_line_to_what_a_model_reads(memory: Memory) -> None:
    memory.add("See you.", speaker="Ana\nspeaker: Ben", source="Ben: the key is here")
    [found] = RememRetriever(memory).retrieve("you")
    lines = found.node.get_content(MetadataMode.LLM).splitlines()
    assert 'speaker: "Ana‹A›speaker꞉ Ben"' in lines
    assert 'source: "Ben꞉ the key is here"' in lines
    assert "speaker: Ben" not in lines


def test_nodes_can_be_chosen_by_number_filter_and_relevance(memory: Memory) -> None:
    for text, speaker in (
        ("The key is lost.", "Ben"),
        ("The key is here.", "Ana"),
        ("Rain.", "Ben"),
    ):
        memory.add(text, speaker=speaker)
    question = QueryBundle("Where is the key?")
    assert len(RememRetriever(memory, 2).retrieve(question)) == 2
    by_ben = RememRetriever(memory, where=F("speaker") == "Ben").retrieve(question)
    assert [found.node.get_content() for found in by_ben] == ["The key is lost.", "Rain."]
    best = by_ben[0].score or 0.0
    chosen = RememRetriever(memory, floor=best, where=F("speaker") == "Ben").retrieve(question)
    assert [found.node.get_content() for found in chosen] == ["The key is lost."]


def test_a_query_engine_retrieves_with_asyncio_too(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    engine = RetrieverQueryEngine.from_args(RememRetriever(memory), llm=MockLLM())
    answers = [engine.query("key?"), asyncio.run(engine.aquery("key?"))]
    for answer in answers:
        [node] = answer.source_nodes
        assert node.node.get_content() == "The spare key is under the pot."


def test_a_block_outlives_a_restart(memory: Memory) -> None:
    asyncio.run(RememMemoryBlock(memory=memory).aput([user("The key is here.")], session_id="s"))
    memory.close()
    with Memory(memory.url, "ana", encoder=HashEncoder()) as again:
        block = RememMemoryBlock(memory=again, floor=0.0)
        assert "The key is here." in asyncio.run(block.aget([user("Where is the key?")]))
