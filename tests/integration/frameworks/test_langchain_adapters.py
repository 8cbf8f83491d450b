"""LangChain: its own standard tests, and what the adapters promise beyond them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

pytest.importorskip("langchain_core")

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_tests.integration_tests import RetrieversIntegrationTests

from remem import F, Memory
from remem.attach.frameworks.langchain import RememChatMessageHistory, RememRetriever
from remem.store import InvalidInput
from remem.testing import HashEncoder

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)

EVERY_KIND: list[BaseMessage] = [
    SystemMessage("Be brief.", id="m0"),
    HumanMessage("Where is the key?", name="Ana", additional_kwargs={"mood": ["calm", 1, None]}),
    HumanMessage(
        [
            {"type": "text", "text": "What is on this photo?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        ]
    ),
    AIMessage(
        "I will look.",
        id="m1",
        tool_calls=[{"name": "look", "args": {"place": "pot", "deep": {"x": 1.5}}, "id": "call_1"}],
        invalid_tool_calls=[{"name": "broken", "args": "{", "id": "call_2", "error": "no JSON"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        response_metadata={"model": "m", "finish_reason": "tool_calls"},
    ),
    ToolMessage("under it", tool_call_id="call_1", artifact={"raw": [1]}, status="success"),
    ToolMessage([{"type": "text", "text": "failed"}], tool_call_id="call_2", status="error"),
    FunctionMessage("42", name="f"),
    AIMessage("Under the pot.", name="bot"),
    AIMessage([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
    AIMessageChunk("in pieces", id="m2"),
    ChatMessage("hm", role="critic"),
    RemoveMessage(id="m0"),
    HumanMessage(""),
    HumanMessage("  spaces and 🔑 "),
]


# Marked from here, because the suite refuses to be overridden and leaves the mode to its users.
pytest.mark.asyncio(RetrieversIntegrationTests.test_ainvoke_returns_documents)


class TestStandard(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _filled(self) -> Iterator[None]:
        with Memory(":memory:", encoder=HashEncoder()) as memory:
            for text in ("The key is under the pot.", "Rex barks.", "Tea at nine.", "Rain."):
                memory.add(text)
            self._memory = memory
            yield

    @property
    def retriever_constructor(self) -> type[RememRetriever]:
        return RememRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"memory": self._memory}

    @property
    def retriever_query_example(self) -> str:
        return "Where is the key?"


def test_a_document_tells_where_it_comes_from(memory: Memory) -> None:
    record = memory.add(
        "The key is under the pot.", speaker="Ana", said_at=NOON, metadata={"room": "hall"}
    )
    [found] = RememRetriever(memory=memory).invoke("key")
    assert (found.page_content, found.id) == (record.text, record.key)
    relevance = found.metadata.pop("relevance")
    assert 0.0 < relevance <= 1.0
    assert found.metadata == {
        "room": "hall",
        "key": record.key,
        "source": "notes",
        "kind": "note",
        "role": None,
        "origin": "person",
        "speaker": "Ana",
        "said_at": "2024-05-01T12:00:00+00:00",
    }


def test_documents_can_be_chosen_by_a_filter(memory: Memory) -> None:
    memory.add("The key is under the pot.", speaker="Ana")
    memory.add("The key is lost.", speaker="Ben")
    for where in (F("speaker") == "Ben", {"speaker": "Ben"}):
        found = RememRetriever(memory=memory, where=where).invoke("key")
        assert [document.page_content for document in found] == ["The key is lost."]


def test_documents_can_be_chosen_by_relevance(memory: Memory) -> None:
    memory.add("The key is under the pot.")
    memory.add("Rain.")
    best, worst = RememRetriever(memory=memory).invoke("Where is the key?")
    floor = best.metadata["relevance"]
    assert worst.metadata["relevance"] < floor
    assert RememRetriever(memory=memory, floor=floor).invoke("Where is the key?") == [best]


def test_searches_run_beside_each_other(memory: Memory) -> None:
    memory.add("The key is under the pot.")
    retriever = RememRetriever(memory=memory)

    async def search() -> list[list[str]]:
        found = await asyncio.gather(*(retriever.ainvoke("key", k=1) for _ in range(8)))
        return [[document.page_content for document in each] for each in found]

    assert asyncio.run(search()) == [["The key is under the pot."]] * 8


def test_a_retriever_asks_for_a_number_of_documents_that_can_be(memory: Memory) -> None:
    with pytest.raises(InvalidInput):
        RememRetriever(memory=memory).invoke("key", k=0)


@pytest.mark.parametrize("message", EVERY_KIND, ids=lambda message: message.type)
def test_every_kind_of_message_comes_back_as_it_was(memory: Memory, message: BaseMessage) -> None:
    RememChatMessageHistory(memory, "s").add_message(message)
    assert RememChatMessageHistory(memory, "s").messages == [message]


def test_messages_come_back_in_order_also_after_a_restart(memory: Memory) -> None:
    history = RememChatMessageHistory(memory, "s")
    history.add_messages(EVERY_KIND[:5])
    history.add_messages(EVERY_KIND[5:])
    memory.close()
    with Memory(memory.url, "ana", encoder=HashEncoder()) as again:
        assert RememChatMessageHistory(again, "s").messages == EVERY_KIND


def test_what_people_said_is_recalled_and_what_tools_said_is_not(memory: Memory) -> None:
    RememChatMessageHistory(memory, "s").add_messages(EVERY_KIND)
    assert {(one.record.role, one.record.text) for one in memory.search("key", 50)} == {
        ("user", "Where is the key?"),
        ("user", "What is on this photo?"),
        ("assistant", "Under the pot."),
        ("assistant", "a\nb"),
        ("assistant", "in pieces"),
        ("user", "  spaces and 🔑 "),
    }
    assert {one.record.speaker for one in memory.search("key", 50)} == {None, "Ana", "bot"}


def test_clearing_takes_away_one_session(memory: Memory) -> None:
    first, second = (RememChatMessageHistory(memory, name) for name in ("first", "second"))
    for history in (first, second):
        history.add_user_message("hello")
        history.add_ai_message("hi")
    first.clear()
    assert first.messages == []
    assert second.messages == [HumanMessage("hello"), AIMessage("hi")]
    assert memory.count() == 2


def test_the_history_has_an_asynchronous_face(memory: Memory) -> None:
    history = RememChatMessageHistory(memory, "s")

    async def use() -> list[BaseMessage]:
        await history.aadd_messages(EVERY_KIND)
        kept = await history.aget_messages()
        await history.aclear()
        return kept

    assert asyncio.run(use()) == EVERY_KIND
    assert history.messages == []


def test_a_message_that_is_not_json_is_refused_in_one_sentence(memory: Memory) -> None:
    history = RememChatMessageHistory(memory, "s")
    with pytest.raises(InvalidInput, match="not JSON"):
        history.add_message(HumanMessage("hello", additional_kwargs={"x": object()}))
    assert history.messages == []


def test_a_session_of_another_road_goes_on_in_langchain(memory: Memory) -> None:
    memory.add_messages(
        [
            {"role": "user", "content": "hello", "name": "Ana"},
            {"role": "assistant", "content": "hi"},
        ],
        session="s",
    )
    history = RememChatMessageHistory(memory, "s")
    assert history.messages == [HumanMessage("hello", name="Ana"), AIMessage("hi")]


@pytest.mark.filterwarnings(
    "ignore:RunnableWithMessageHistory is deprecated"
    ":langchain_core._api.deprecation.LangChainDeprecationWarning"
)
def test_a_chain_remembers_its_sessions(memory: Memory) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("Hi Ana."), AIMessage("You are Ana.")]))
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{text}")])
    chain = RunnableWithMessageHistory(
        prompt | model,
        lambda session: RememChatMessageHistory(memory, session),
        input_messages_key="text",
        history_messages_key="history",
    )
    config: Any = {"configurable": {"session_id": "s"}}
    chain.invoke({"text": "I am Ana."}, config)
    chain.invoke({"text": "Who am I?"}, config)
    assert [each.content for each in RememChatMessageHistory(memory, "s").messages] == [
        "I am Ana.",
        "Hi Ana.",
        "Who am I?",
        "You are Ana.",
    ]
