"""Searches in processes of their own, for servers.

Python runs one thread at a time, and two thirds of a search are Python: on two processors one
process answers 60 questions a second of eight clients, however many threads it has. Here the
caller encodes, together with whoever asks at the same time, and a process that has the store open,
but no model, does the rest.
"""

from __future__ import annotations

import logging
from datetime import datetime
from types import TracebackType
from typing import Any

from memory.encoder import Encoder
from memory.recall.ranking import Recollection
from memory.recall.retriever import Encoded, Retriever, check_question
from memory.recall.workers import Killed, Workers
from store import Filter, Store, open_store

__all__ = ["ParallelRetriever"]

_log = logging.getLogger("remem")

_ATTEMPTS = 2
"""Processes that a question is given to, until this one answers it."""


class ParallelRetriever:
    """Answers as the retriever does that it is given. Thread-safe; a context manager.

    The processes start with the first questions, follow what any process writes, and end with
    this one, however it ends. Each has the indexes that it searches in memory. A question whose
    process is killed is answered by another, or by this one: to ask twice changes nothing.

    Args:
        retriever: How to search; it is sent to the processes, so it should hold no reranker.
        url: The store, as ``store.open_store`` takes it; not ``":memory:"``.
        fingerprint: Of the encoder.
        processes: How many, at most.

    Attributes:
        here: The retriever that it was given, which searches in this process.
    """

    def __init__(self, retriever: Retriever, url: str, fingerprint: str, processes: int) -> None:
        self.here = retriever
        self._workers = Workers(processes, Searching(retriever, url, fingerprint))

    def search(
        self,
        store: Store,
        encoder: Encoder,
        namespace: str,
        query: str,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """See ``Retriever.search``."""
        check_question(query, k)
        question = (namespace, Encoded.by(encoder, query), k, where, now)
        for _ in range(_ATTEMPTS):
            try:
                found: list[Recollection] = self._workers.ask(question)
                return found
            except Killed:
                _log.warning("a process that searches was killed; another takes its place")
        return self.here.answer(store, *question)

    def close(self) -> None:
        """End the processes, once they have answered."""
        self._workers.close()

    def __enter__(self) -> ParallelRetriever:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Searching:
    """The work of a process: see ``Workers``. Opens the store when it is there."""

    def __init__(self, retriever: Retriever, url: str, fingerprint: str) -> None:
        self._retriever = retriever
        self._of_store = (url, fingerprint)

    def __enter__(self) -> Searching:
        self._store = open_store(*self._of_store)
        return self

    def __exit__(self, *error: object) -> None:
        self._store.close()

    def __call__(self, question: tuple[Any, ...]) -> list[Recollection]:
        """Answer."""
        return self._retriever.answer(self._store, *question)
