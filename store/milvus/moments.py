"""Reading a namespace as of one moment, whatever others write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from store.errors import CorruptStore, StoreLocked
from store.milvus import forgetting
from store.milvus.engine import Engine
from store.milvus.failures import CollectionGone
from store.milvus.notes import all_moments, read_moment
from store.milvus.state import STORE, Moment

__all__ = ["Moments"]

T = TypeVar("T")

_ATTEMPTS = 5


class Moments:
    """The present moments of a store's namespaces, and what is read as of them.

    Args:
        engine: Where they are.
        url: What the store is called, for messages.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url

    def all(self) -> dict[str, Moment]:
        """The moment of each namespace, by name."""
        with self._engine.lock:
            moments = all_moments(self._engine)
        del moments[STORE]
        return moments

    def read(self, namespace: str, read: Callable[[Moment], T]) -> T | None:
        """The result of ``read`` in a namespace as of one moment; None in one that is empty."""
        for _ in range(_ATTEMPTS):
            with self._engine.lock:
                began = time.monotonic()
                moment = read_moment(self._engine, namespace)
                if not moment.state.records:
                    return None
                try:
                    result = read(moment)
                except CollectionGone:
                    continue  # another process has just re-encoded the store
                except CorruptStore:
                    if self._is_now(moment):
                        raise
                    continue  # another process has removed rows: this took longer than they stay
                if self._engine.alone or time.monotonic() - began < forgetting.QUICK:
                    return result
                if self._is_now(moment):
                    return result
        raise StoreLocked(f"{self._url} is too busy for a consistent answer; try again later")

    def _is_now(self, moment: Moment) -> bool:
        """True if nobody has written since."""
        state = read_moment(self._engine, moment.namespace).state
        return (state.life, state.version) == (moment.state.life, moment.state.version)
