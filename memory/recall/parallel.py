"""Searches in processes of their own, for servers.

Python runs one thread at a time, and two thirds of a search are Python: on two processors one
process answers 60 questions a second of eight clients, however many threads it has. Here the
caller encodes, together with whoever asks at the same time, and a process that has the store open,
but no model, does the rest.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing.util import Finalize
from types import TracebackType
from typing import Any

from memory.encoder import Encoder
from memory.recall.ranking import Recollection
from memory.recall.retriever import Encoded, Retriever, check_question
from store import Filter, Store, open_store

__all__ = ["ParallelRetriever"]

_log = logging.getLogger("remem")


class ParallelRetriever:
    """Answers as the retriever does that it is given. Thread-safe; a context manager.

    The processes start with the first questions, follow what any process writes, and end with
    this one, however it ends. Each has the indexes that it searches in memory.

    Args:
        retriever: How to search; it is sent to the processes, so it should hold no reranker.
        url: The store, as ``store.open_store`` takes it; not ``":memory:"``.
        fingerprint: Of the encoder.
        processes: How many, at most.
    """

    def __init__(self, retriever: Retriever, url: str, fingerprint: str, processes: int) -> None:
        self._of_each = (retriever, url, fingerprint)
        self._processes = processes
        self._guard = threading.Lock()
        self._pool = self._start()

    def search(
        self,
        store: Store,  # noqa: ARG002 - each process has opened it for itself
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
        pool = self._pool
        try:
            return pool.submit(_answer, *question).result()
        except BrokenProcessPool:
            _log.warning("a process that searches was killed; starting it again")
            return self._instead_of(pool).submit(_answer, *question).result()

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> ParallelRetriever:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> ProcessPoolExecutor:
        # A fork would copy locks that some thread of a server always holds.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._processes, context, _begin, self._of_each)

    def _instead_of(self, broken: ProcessPoolExecutor) -> ProcessPoolExecutor:
        with self._guard:
            if self._pool is broken:  # and no other thread was faster
                self._pool = self._start()
            return self._pool


_opened: dict[str, Any] = {}
"""In a process that searches: its store and its retriever."""


def _begin(retriever: Retriever, url: str, fingerprint: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    store = open_store(url, fingerprint)
    Finalize(store, store.close, exitpriority=1)
    _opened.update(retriever=retriever, store=store)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(*question: Any) -> list[Recollection]:
    retriever: Retriever = _opened["retriever"]
    return retriever.answer(_opened["store"], *question)
