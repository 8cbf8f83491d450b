"""remem as it is shipped: one ``Memory`` over a folder, or over another store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.datasets.base import Haystack, Question
from benchmarks.systems.base import Searcher
from memory import Memory, Retriever
from memory.encoder import Encoder
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection
from store import F

__all__ = ["Remem"]


@dataclass(frozen=True, slots=True)
class Remem:
    """The default configuration, or the same with another retriever, for ablations.

    Attributes:
        store: Url of the store, which may be that of a server; None: the embedded one.
    """

    name: str = "remem"
    retriever: Retriever | None = None
    store: str | None = field(default=None, repr=False)

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A store, or a namespace of the one that was named, with nothing but the haystack."""
        with Memory(
            self.store or folder, haystack.namespace, encoder=encoder, retriever=self.retriever
        ) as memory:
            try:
                memory.add_records(haystack.records)
                yield _Searcher(memory)
            finally:
                if self.store:
                    memory.forget(F("source").exists())


@dataclass(frozen=True, slots=True)
class _Searcher:
    memory: Memory

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        return self.memory.search(question.text, k, now=question.asked_at, explain=True)

    def context(self, question: Question, budget: int) -> Context:
        return self.memory.context(question.text, budget=budget, now=question.asked_at)
