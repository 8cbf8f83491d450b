"""Work that several threads ask for at the same time, done together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["Combiner"]

T = TypeVar("T")
R = TypeVar("R")


class Combiner(Generic[T, R]):
    """Calls a function of many items for callers that have one each. Thread-safe.

    Nobody waits for company: who finds it idle does the work at once, and what arrives meanwhile
    is the next batch. (The idea of flat combining: D. Hendler, I. Incze, N. Shavit and M. Tzafrir,
    "Flat Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010.)

    Args:
        work: Takes items, gives as many results in their order. If it fails for several, it is
            called for each alone, so that one bad item fails only its own caller.
        most: Items that go into one call.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int = 32) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, Future[R]]] = []
        self._arriving = threading.Lock()
        self._working = threading.Lock()

    def __call__(self, item: T) -> R:
        """The result for one item; raises what ``work`` raises for it."""
        future: Future[R] = Future()
        with self._arriving:
            self._waiting.append((item, future))
        while not future.done():
            with self._working:
                if not future.done():  # nobody took it along while this thread waited its turn
                    self._do(self._next())
        return future.result()

    def _next(self) -> list[tuple[T, Future[R]]]:
        with self._arriving:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        return batch

    def _do(self, batch: list[tuple[T, Future[R]]]) -> None:
        try:
            results = self._work([item for item, _ in batch])
        except BaseException as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            for one in batch if len(batch) > 1 else ():
                self._do([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
