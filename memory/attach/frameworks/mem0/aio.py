"""The methods of mem0's ``AsyncMemory``: those of ``Memory``, each in a worker thread."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from memory import engine
from memory.attach.frameworks.mem0.facade import Memory

__all__ = ["AsyncMemory"]

P = ParamSpec("P")
T = TypeVar("T")


def _threaded(
    method: Callable[Concatenate[Memory, P], T],
) -> Callable[Concatenate[AsyncMemory, P], Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def call(self: AsyncMemory, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, self.facade, *args, **kwargs)

    return call


class AsyncMemory:
    """mem0's ``AsyncMemory``: the methods of ``Memory``, awaitable, in worker threads.

    Args:
        memory: As of ``Memory``.
    """

    def __init__(self, memory: engine.Memory | None = None) -> None:
        self.facade = Memory(memory)

    @classmethod
    def from_config(cls, config_dict: Mapping[str, Any]) -> AsyncMemory:
        """See ``Memory.from_config``."""
        return cls(Memory.from_config(config_dict).memory)

    add = _threaded(Memory.add)
    search = _threaded(Memory.search)
    get_all = _threaded(Memory.get_all)
    get = _threaded(Memory.get)
    update = _threaded(Memory.update)
    delete = _threaded(Memory.delete)
    delete_all = _threaded(Memory.delete_all)
    history = _threaded(Memory.history)
    reset = _threaded(Memory.reset)

    def close(self) -> None:
        """See ``Memory.close``."""
        self.facade.close()

    async def __aenter__(self) -> AsyncMemory:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.close()
