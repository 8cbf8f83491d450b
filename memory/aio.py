"""``AsyncMemory``: the same memory for asyncio; each call runs in a worker thread."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from remem.contents import Where
from remem.memory import Memory
from remem.store import Record

if TYPE_CHECKING:
    from remem.attach.chat import AsyncChat
    from remem.generators.opening import Generator
    from remem.recall.retriever import Searches

M = TypeVar("M")
P = ParamSpec("P")
T = TypeVar("T")


def threaded(
    method: Callable[Concatenate[M, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The method for a class with such an object as its ``memory``, awaitable, in a thread."""

    @functools.wraps(method)
    async def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, self.memory, *args, **kwargs)

    return call


async def to_the_end(work: Awaitable[T]) -> T:
    """Await something that has to be finished, even by a task that is cancelled meanwhile."""
    task: asyncio.Future[Any] = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


class AsyncMemory:
    """All methods of ``Memory``, awaitable: ``await AsyncMemory(memory).search("...")``.

    Attributes:
        memory: The memory that does the work.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    namespaces = threaded(Memory.namespaces)
    add = threaded(Memory.add)
    add_messages = threaded(Memory.add_messages)
    add_document = threaded(Memory.add_document)
    add_records = threaded(Memory.add_records)
    put_records = threaded(Memory.put_records)
    search = threaded(Memory.search)
    context = threaded(Memory.context)
    quote = threaded(Memory.quote)
    why = threaded(Memory.why)
    pinned = threaded(Memory.pinned)
    summarize = threaded(Memory.summarize)
    label = threaded(Memory.label)
    labels = threaded(Memory.labels)
    classify = threaded(Memory.classify)
    classify_all = threaded(Memory.classify_all)
    curve = threaded(Memory.curve)
    translate = threaded(Memory.translate)
    languages = threaded(Memory.languages)
    gaps = threaded(Memory.gaps)
    get = threaded(Memory.get)
    get_many = threaded(Memory.get_many)
    history = threaded(Memory.history)
    supersessions = threaded(Memory.supersessions)
    undo = threaded(Memory.undo)
    neighbors = threaded(Memory.neighbors)
    last = threaded(Memory.last)
    update = threaded(Memory.update)
    delete = threaded(Memory.delete)
    doomed = threaded(Memory.doomed)
    forget = threaded(Memory.forget)
    wipe = threaded(Memory.wipe)
    sources = threaded(Memory.sources)
    title = threaded(Memory.title)
    tally = threaded(Memory.tally)
    count = threaded(Memory.count)
    export = threaded(Memory.export)
    backup = threaded(Memory.backup)
    import_ = threaded(Memory.import_)
    stats = threaded(Memory.stats)
    verify = threaded(Memory.verify)
    rebuild = threaded(Memory.rebuild)
    reindex = threaded(Memory.reindex)
    close = threaded(Memory.close)

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

    async def __aexit__(self, *error: object) -> None:
        await self.close()
