"""remem as it is shipped: one ``Memory`` over a folder, or over another store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remem import Memory, Retriever
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.systems.base import MOST_IN_PROMPT, Searcher, prompt_of
from remem.encoders.sentence_transformer import Encoder
from remem.recall.prompt import Context
from remem.recall.ranking import WEIGHTS, Recollection
from remem.recall.retriever import Searches
from remem.store import F


@dataclass(frozen=True, slots=True)
class Remem:
    """The default configuration, or the same with another retriever, for ablations.

    Attributes:
        store: Url of the store, which may be that of a server; None: the embedded one.
    """

    name: str = "remem"
    retriever: Searches | None = None
    store: str | None = field(default=None, repr=False)

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[MemorySearcher]:
        """A store, or a namespace of the one that was named, with nothing but the haystack."""
        with Memory(
            self.store or folder, haystack.namespace, encoder=encoder, retriever=self.retriever
        ) as memory:
            try:
                memory.add_records(haystack.records)
                yield MemorySearcher(memory)
            finally:
                if self.store:
                    memory.forget(F("source").exists())


@dataclass(frozen=True, slots=True)
class MemorySearcher:
    """Questions to a memory, by its own search and prompt."""

    memory: Memory

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        """The ranking."""
        return self.memory.search(question.text, k, now=question.asked_at, explain=True)

    def context(self, question: Question, budget: int) -> Context:
        """The prompt's block."""
        return self.memory.context(question.text, budget=budget, now=question.asked_at)


@dataclass(frozen=True, slots=True)
class Leg:
    """One of remem's legs alone, over what remem stores, without a floor: what the mix has to beat.

    Attributes:
        leg: As ``remem.recall.ranking`` names it.
    """

    leg: str

    @property
    def name(self) -> str:
        """The leg's name, as an option can have it."""
        return self.leg.replace(" ", "-")

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A store like remem's."""
        alone = Retriever({self.leg: 1.0})
        with Remem(self.name, alone).index(haystack, encoder, folder) as searcher:
            yield _Unfloored(searcher)


@dataclass(frozen=True, slots=True)
class _Unfloored:
    searcher: Searcher

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        return self.searcher.search(question, k)

    def context(self, question: Question, budget: int) -> Context:
        return prompt_of(self.search(question, MOST_IN_PROMPT), question, budget)


LEGS = tuple(Leg(name) for name in WEIGHTS if name.split()[0] in ("dense", "text"))
"""Dense and full-text search, each over single turns and over windows."""
