"""OpenAI Agents SDK: a session that is kept in a memory, and memories in front of a question.

::

    session = RememSession("conversation-7", memory)
    config = RunConfig(call_model_input_filter=recalling(memory))
    await Runner.run(agent, "Where is the spare key?", session=session, run_config=config)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from remem.aio import to_the_end
from remem.attach.attachment import Attachment
from remem.attach.frameworks.transcript import Item, Transcript, words_of
from remem.attach.openai_client import ResponsesWire
from remem.memory import Memory
from remem.store import Record
from remem.store.errors import MissingDependency

try:
    from agents.items import TResponseInputItem
    from agents.memory import SessionSettings
    from agents.run_config import CallModelData, ModelInputData
except ImportError as error:
    raise MissingDependency("memory in the OpenAI Agents SDK", "'remem[agents]'") from error

__all__ = ["RememSession", "recalling"]

T = TypeVar("T")


class RememSession:
    """The items of one conversation, of every kind and as they were: a ``Session`` of the SDK.

    What the user and the agent said is recalled in other conversations too (see ``recalling``).
    Calls of tools, their results and reasoning only belong to this one.

    Args:
        session_id: The conversation, new or to go on with.
        memory: Where it is kept.
        session_settings: Such as how many items a run reads, as in the SDK.
    """

    def __init__(
        self,
        session_id: str,
        memory: Memory,
        session_settings: SessionSettings | dict[str, Any] | None = None,
    ) -> None:
        self.session_id = session_id
        if isinstance(session_settings, dict):
            session_settings = SessionSettings(**session_settings)
        self.session_settings = session_settings
        self._transcript = Transcript(memory, session_id, "agents")

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in order.

        Args:
            limit: Only so many, from the end; None: as the settings say, or all. Negative: all, as
                of the SDK's own sessions.
        """
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        last = None if limit is None or limit < 0 else limit
        records = await asyncio.to_thread(self._transcript.records, last)
        return [self._item(record) for record in records]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Add items at the end.

        Raises:
            InvalidInput: an item holds something that is not JSON.
        """
        await _completed(self._transcript.append, [_kept(dict(item)) for item in items])

    async def pop_item(self) -> TResponseInputItem | None:
        """Take away the last item and return it; None if there is none."""
        record = await _completed(self._transcript.pop)
        return None if record is None else self._item(record)

    async def clear_session(self) -> None:
        """Take away the conversation, in other conversations too."""
        await _completed(self._transcript.clear)

    def _item(self, record: Record) -> Any:
        kept = self._transcript.value(record)
        if kept is not None:
            return kept
        return {"role": record.role or "user", "content": record.text}


def recalling(
    memory: Memory, **options: Any
) -> Callable[[CallModelData[Any]], Awaitable[ModelInputData]]:
    """For ``RunConfig.call_model_input_filter``: what the model reads, with a block of memories,
    by default in front of the question. The block reaches only the model, never a session.

    Args:
        memory: What is recalled from.
        options: Of ``remem.attach.attachment.Attachment``: budget, k, floor, count_tokens,
            placement.

    Raises:
        InvalidInput: there is no such placement.
    """
    attachment, wire = Attachment(memory, **options), ResponsesWire()

    async def recall(data: CallModelData[Any]) -> ModelInputData:
        body = {"input": data.model_data.input}
        exchange = await asyncio.to_thread(attachment.recall, wire.messages(body))
        found: Any = wire.with_messages(body, exchange.messages)["input"]
        return replace(data.model_data, input=found)

    return recall


def _kept(item: dict[str, Any]) -> Item:
    text, place = words_of(item.get("content"))
    role = str(item.get("role") or item.get("type") or "item")
    return Item(item, role, text, None if place is None else ("content", *place))


async def _completed(write: Callable[..., T], *args: Any) -> T:
    """A write in a thread, which no cancellation can stop: so it is waited for all the same, and
    whoever cancelled can rely on what is stored then."""
    return await to_the_end(asyncio.to_thread(write, *args))
