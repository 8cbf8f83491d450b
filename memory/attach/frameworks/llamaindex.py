"""LlamaIndex: a block for its ``Memory`` that keeps what leaves the chat, and a retriever.

::

    block = RememMemoryBlock(memory=memory)
    chat = Memory.from_defaults("session", memory_blocks=[block], insert_method="user")
    RememRetriever(memory, k=5).retrieve("Where is the spare key?")
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

from remem.attach.attachment import Attachment
from remem.attach.frameworks.transcript import details
from remem.contents import Where
from remem.memory import Memory
from remem.messages import said_by
from remem.recall.names import shown, who
from remem.recall.prompt import CountTokens, estimate_tokens
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR
from remem.store.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.bridge.pydantic import Field
    from llama_index.core.memory import BaseMemoryBlock
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ImportError as error:
    raise MissingDependency("memory in LlamaIndex", "'remem[llamaindex]'") from error

__all__ = ["RememMemoryBlock", "RememRetriever"]


class RememMemoryBlock(BaseMemoryBlock[str]):
    """Remembers the messages that no longer fit the chat, and recalls what matters for the last
    one, from this chat and all others. Messages that the chat still holds are not remembered yet.

    Attributes:
        memory: What is recalled from, and remembered to.
        session: What to call a chat that has no name.
        budget, k, floor, count_tokens: Most tokens of memories, most memories, their least
            relevance, and the model's tokenizer.
    """

    name: str = "memories"
    memory: Memory = Field(exclude=True)
    session: str = "chat"
    budget: int = 1000
    k: int = 50
    floor: float = FLOOR
    count_tokens: CountTokens = Field(default=estimate_tokens, exclude=True)

    async def _aget(self, messages: list[ChatMessage] | None = None, **_: Any) -> str:
        attachment = Attachment(self.memory, self.budget, self.k, self.floor, self.count_tokens)
        said = [_said(each) for each in messages or ()]
        exchange = await asyncio.to_thread(attachment.recall, said)
        return exchange.context.text

    async def _aput(self, messages: list[ChatMessage]) -> None:
        for session, said in groupby(messages, lambda each: _session(each) or self.session):
            turns = [_said(each) for each in said]
            await asyncio.to_thread(self.memory.add_messages, turns, session=session)


class RememRetriever(BaseRetriever):
    """Memories as nodes, best first.

    A node has the text, the key as its id, and in ``metadata`` what the memory has there and
    ``key``, ``source``, ``kind``, ``role``, ``speaker``, ``said_at`` (ISO 8601) and ``relevance``
    in [0, 1], which is its score.

    Args:
        memory: What is searched.
        k: Most nodes.
        floor: The least relevance of a node.
        where: Only these: a filter made with ``remem.store.F``, or its JSON form.
        options: Of LlamaIndex's ``BaseRetriever``.
    """

    def __init__(
        self,
        memory: Memory,
        k: int = 10,
        *,
        floor: float = 0.0,
        where: Where | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._memory = memory
        self._k = k
        self._floor = floor
        self._where = where

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._memory.search(query_bundle.query_str, self._k, where=self._where)
        return [
            NodeWithScore(node=_node(one), score=one.relevance)
            for one in found
            if one.relevance >= self._floor
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(one: Recollection) -> TextNode:
    # LlamaIndex writes each into a line of the prompt, which a name must not add lines to.
    record = one.record
    names = {"speaker": record.speaker and who(record), "source": shown(record.source)}
    metadata = details(one) | names
    # LlamaIndex shows a model all metadata; who said it, when and where, is what matters to one.
    hidden = [name for name in metadata if name not in ("speaker", "said_at", "source")]
    return TextNode(
        text=one.record.text,
        id_=one.record.key,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
    )


def _session(message: ChatMessage) -> str | None:
    """The chat that a message is from, as ``Memory`` tells its blocks."""
    return message.additional_kwargs.get("session_id")


def _said(message: ChatMessage) -> dict[str, Any]:
    """The message in the form of OpenAI; one that calls tools says nothing to anybody."""
    calls_tools = any(block.block_type == "tool_call" for block in message.blocks)
    role = message.role.value
    words = None if calls_tools else said_by(role, message.content or "")
    return {"role": role, "content": words}
