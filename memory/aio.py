"""``AsyncMemory``: the same memory for asyncio; each call runs in a worker thread."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from remem.contents import Where
from remem.memory import Memory
from remem.store import Record

if TYPE_CHECKING:
    from remem.attach.chat import AsyncChat
    from remem.generators.opening import Generator
    from remem.recall.retriever import Searches

P = ParamSpec("P")
T = TypeVar("T")


def _threaded(
    method: Callable[Concatenate[Memory, P], T],
) -> Callable[Concatenate[AsyncMemory, P], Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def call(self: AsyncMemory, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, self.memory, *args, **kwargs)

    return call


class AsyncMemory:
    """All methods of ``Memory``, awaitable: ``await AsyncMemory(memory).search("...")``.

    Attributes:
        memory: The memory that does the work.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    namespaces = _threaded(Memory.namespaces)
    add = _threaded(Memory.add)
    add_messages = _threaded(Memory.add_messages)
    add_document = _threaded(Memory.add_document)
    add_records = _threaded(Memory.add_records)
    put_records = _threaded(Memory.put_records)
    search = _threaded(Memory.search)
    context = _threaded(Memory.context)
    why = _threaded(Memory.why)
    pinned = _threaded(Memory.pinned)
    get = _threaded(Memory.get)
    get_many = _threaded(Memory.get_many)
    history = _threaded(Memory.history)
    neighbors = _threaded(Memory.neighbors)
    last = _threaded(Memory.last)
    update = _threaded(Memory.update)
    delete = _threaded(Memory.delete)
    forget = _threaded(Memory.forget)
    sources = _threaded(Memory.sources)
    count = _threaded(Memory.count)
    export = _threaded(Memory.export)
    import_ = _threaded(Memory.import_)
    stats = _threaded(Memory.stats)
    verify = _threaded(Memory.verify)
    rebuild = _threaded(Memory.rebuild)
    reindex = _threaded(Memory.reindex)
    close = _threaded(Memory.close)

    def chat(self, generator: Generator, session: str | None = None, **options: Any) -> AsyncChat:
        """See ``Memory.chat``."""
        from remem.attach.chat import AsyncChat

        return AsyncChat(self.memory.chat(generator, session, **options))

    def in_namespace(self, namespace: str) -> AsyncMemory:
        """See ``Memory.in_namespace``."""
        return AsyncMemory(self.memory.in_namespace(namespace))

    def searched_by(self, retriever: Searches) -> AsyncMemory:
        """See ``Memory.searched_by``."""
        return AsyncMemory(self.memory.searched_by(retriever))

    async def scan(self, where: Where | None = None) -> AsyncIterator[Record]:
        """See ``Memory.scan``."""
        records = await asyncio.to_thread(self.memory.scan, where)
        while (record := await asyncio.to_thread(next, records, None)) is not None:
            yield record

    async def __aenter__(self) -> AsyncMemory:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
