"""LangChain: a retriever over a memory, and the history of a chat that is kept in one.

::

    chain = prompt | model | StrOutputParser()
    with_history = RunnableWithMessageHistory(
        chain, lambda session: RememChatMessageHistory(memory, session), ...
    )
    RememRetriever(memory=memory, k=5).invoke("Where is the spare key?")
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from remem.attach.frameworks.transcript import Item, Transcript, details, words_of
from remem.memory import Memory
from remem.store import Record
from remem.store.errors import MissingDependency

try:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.documents import Document
    from langchain_core.messages import (
        AIMessage,
        BaseMessage,
        HumanMessage,
        message_to_dict,
        messages_from_dict,
    )
    from langchain_core.retrievers import BaseRetriever
except ImportError as error:
    raise MissingDependency("memory in LangChain", "'remem[langchain]'") from error

__all__ = ["RememChatMessageHistory", "RememRetriever"]


class RememRetriever(BaseRetriever):
    """Memories as documents, best first.

    A document has the text, the key as its ``id``, and in ``metadata`` what the memory has there
    and ``key``, ``source``, ``kind``, ``role``, ``speaker``, ``said_at`` (ISO 8601) and
    ``relevance`` in [0, 1].

    Attributes:
        memory: What is searched.
        k: Most documents; ``invoke("...", k=3)`` asks for another number once.
        floor: The least relevance of a document.
        where: Only these: a filter made with ``remem.store.F``, or its JSON form.
    """

    memory: Memory
    k: int = 10
    floor: float = 0.0
    where: Any = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun | None = None,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        found = self.memory.search(query, self.k if k is None else k, where=self.where)
        return [
            Document(page_content=one.record.text, id=one.record.key, metadata=details(one))
            for one in found
            if one.relevance >= self.floor
        ]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun | None = None,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._get_relevant_documents, query, k=k)


class RememChatMessageHistory(BaseChatMessageHistory):
    """The messages of one conversation, of every kind and as they were.

    What the user and the model said is recalled in other conversations too. System messages, calls
    of tools and their results only belong to this one.

    Args:
        memory: Where it is kept.
        session: The conversation, new or to go on with.
    """

    def __init__(self, memory: Memory, session: str) -> None:
        super().__init__()
        self._transcript = Transcript(memory, session, "langchain")

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        """All messages, oldest first."""
        return [self._message(record) for record in self._transcript.records()]

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Add messages at the end.

        Raises:
            InvalidInput: a message holds something that is not JSON.
        """
        self._transcript.append([_item(message) for message in messages])

    def clear(self) -> None:
        """Take away the conversation, in other conversations too."""
        self._transcript.clear()

    def _message(self, record: Record) -> BaseMessage:
        value = self._transcript.value(record)
        if value is not None:
            return messages_from_dict([value])[0]
        kind = AIMessage if record.role == "assistant" else HumanMessage
        return kind(content=record.text, name=record.speaker)


def _item(message: BaseMessage) -> Item:
    value = message_to_dict(message)
    text, place = words_of(message.content)
    return Item(
        value,
        _role(message),
        text,
        None if place is None else ("data", "content", *place),
        message.name,
    )


def _role(message: BaseMessage) -> str:
    """The role of a message's author; one that calls tools is no answer."""
    match message:
        case HumanMessage():
            return "user"
        case AIMessage(tool_calls=[]):
            return "assistant"
        case _:
            return message.type
