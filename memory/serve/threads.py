"""Work that blocks, in threads, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

__all__ = ["Threads", "to_the_end"]

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A number of threads; what comes when all are busy waits its turn.

    Args:
        name: Of the threads.
        count: How many.
    """

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises. Once it runs, nothing interrupts it."""
        call = partial(copy_context().run, partial(function, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait until all is done."""
        self._pool.shutdown()


async def to_the_end(work: Awaitable[T]) -> T:
    """Await something that has to be finished, even by a task that is cancelled meanwhile."""
    task: asyncio.Future[Any] = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
