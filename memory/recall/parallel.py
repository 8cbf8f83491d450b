"""Searches in processes of their own, for servers.

Python runs one thread at a time, and two thirds of a search are Python: on two processors one
process answers 60 questions a second of eight clients, however many threads it has. Here the
caller encodes, together with whoever asks at the same time, and a process that has the store open,
but no model, does the rest.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from remem.encoders.sentence_transformer import Encoder
from remem.recall.encoded import Encoded
from remem.recall.recollection import Recollection
from remem.recall.retriever import Retriever, check_question
from remem.store import Filter, RememError, Store, open_store

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
        url: The store, as ``remem.store.open_store`` takes it; not ``":memory:"``.
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

    def __exit__(self, *error: object) -> None:
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


# Processes that answer questions, each at its own pipe: one that is killed takes none with it.
#
# An executor of the standard library ends all its processes, and fails all that they have been
# asked, when one of them is killed.

_END_SECONDS = 10.0
"""The time that a process has to end in order."""


class Killed(Exception):
    """The process that was asked is gone, and with it the answer."""


class Work(AbstractContextManager["Work"], Protocol):
    """The task of a process: sent there, entered when the process begins, left at its end."""

    def __call__(self, question: Any, /) -> Any:
        """Answer; a ``RememError`` is raised to whoever asked."""


class Workers:
    """Some processes. Thread-safe; whoever asks while all are busy waits.

    A process starts when it is first needed, and is replaced when it is found dead. All end with
    this one, also when it is killed.

    Args:
        count: How many, at most.
        work: What they do.
    """

    def __init__(self, count: int, work: Work) -> None:
        self._idle = deque(_Worker(work) for _ in range(count))
        self._free = threading.Semaphore(count)
        self._count = count

    def ask(self, question: Any) -> Any:
        """Have a process answer a question.

        Raises:
            Killed: the process that was asked died; ask again.
            RememError: the work failed with it.
        """
        with self._free:
            worker = self._idle.pop()
            try:
                return worker.ask(question)
            finally:
                # The last one that answered is asked next, and before those that have to start.
                (self._idle.append if worker.is_running else self._idle.appendleft)(worker)

    def close(self) -> None:
        """End the processes, once they have answered; those asked later raise ``Killed``."""
        for _ in range(self._count):
            self._free.acquire()
        for worker in self._idle:
            worker.close()
        self._free.release(self._count)


class _Worker:
    """One process at a time, and after it the next."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._running: tuple[BaseProcess, Connection] | None = None
        self._closed = False

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def ask(self, question: Any) -> Any:
        if self._closed:
            raise Killed
        _, connection = self._running or self._start()
        try:
            connection.send(question)
            answer = connection.recv()
        except (OSError, EOFError) as error:
            self._end()
            raise Killed from error
        except BaseException:  # Ctrl-C: the answer would be taken for that of the next question
            self._end()
            raise
        if isinstance(answer, _Failure):
            raise answer.error
        return answer

    def close(self) -> None:
        self._closed = True
        if self._running is not None:
            process, connection = self._running
            connection.close()  # which tells it to end
            process.join(_END_SECONDS)
            self._end()

    def _start(self) -> tuple[BaseProcess, Connection]:
        # A fork would copy locks that some thread of a server always holds.
        context = multiprocessing.get_context("spawn")
        ours, its = context.Pipe()
        process = context.Process(target=_serve, args=(its, self._work), daemon=True)
        with _starting:
            process.start()
        its.close()  # or nobody would see the pipe end with the process
        self._running = (process, ours)
        return self._running

    def _end(self) -> None:
        if self._running is not None:
            (process, connection), self._running = self._running, None
            connection.close()
            process.kill()
            process.join()


_starting = threading.Lock()


class _Failure:
    """An error on its way to whoever asked."""

    def __init__(self, error: RememError) -> None:
        self.error = error


def _serve(questions: Connection, work: Work) -> None:
    """A process: answers until nobody is left to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Whoever asked may be gone.
    with suppress(EOFError, OSError):
        try:
            with work:
                gc.freeze()  # what is there now stays, and need not be looked through again
                while True:
                    questions.send(_answer(work, questions.recv()))
        except RememError as error:  # it cannot begin
            questions.recv()
            questions.send(_Failure(error))


def _answer(work: Work, question: Any) -> Any:
    try:
        return work(question)
    except RememError as error:
        return _Failure(error)


def _end_with_parent() -> None:
    """End also in the middle of an answer, or of a start, when nobody waits for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
