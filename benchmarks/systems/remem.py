"""remem as it is shipped: one ``Memory`` over a folder or another store; and its stores alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol, runtime_checkable

from remem import Memory, Retriever
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.systems.base import Ranking, Searcher
from remem.benchmarks.systems.engine import Condition, Engine, Query, Rows, fused
from remem.encoders.sentence_transformer import Encoder
from remem.recall.prompt import Context
from remem.recall.ranking import WEIGHTS
from remem.recall.recollection import Recollection
from remem.recall.retriever import Searches
from remem.store import (
    Batch,
    Dense,
    Entry,
    F,
    Filter,
    Leg,
    Record,
    Space,
    Store,
    Text,
    View,
    open_store,
)


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
class OneLeg:
    """One of remem's legs alone, over what remem stores, without a floor, for the mix to beat."""

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
            yield Ranking(searcher.search)


LEGS = tuple(OneLeg(name) for name in WEIGHTS if name.split()[0] in ("dense", "text"))
"""Dense and full-text search, each over single turns and over windows."""


NAMESPACE = "scale"
_SESSION = 50
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stores:
    """A store of remem: embedded in the folder, or at a url.

    Attributes:
        url: Of a server's store; None: the embedded one.
    """

    url: str | None = None
    name: str = "remem"
    batch: int = 5000

    @property
    def packages(self) -> Sequence[str]:
        """That of the store."""
        kind = (self.url or "").partition(":")[0]
        engine = {"postgres": "postgres", "postgresql": "postgres"}.get(kind, "milvus")
        return (f"remem.store.{engine}" if self.url else "remem.store.embedded",)

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """The store; a server that is at work in the background may finish before it is closed."""
        with open_store(self.url or folder / "store") as store:
            yield _Engine(store)
            if isinstance(store, _Waiting):
                store.wait()


@runtime_checkable
class _Waiting(Protocol):
    def wait(self) -> None:
        """Return when nothing is done in the background."""


@dataclass(slots=True)
class _Engine:
    store: Store

    def fill(self, batches: Iterable[Rows]) -> None:
        for rows in batches:
            self.add(rows)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        legs = [Dense(self._views[0], asked.vector)]
        found = self.store.search(NAMESPACE, legs, k, _filter(where))
        return [int(hit.record.key) for hit in found[0]]

    def hybrid(self, asked: Query, k: int) -> list[int]:
        legs: list[Leg] = [Dense(view, asked.vector) for view in self._views]
        legs += [Text(view, asked.text) for view in self._views]
        found = self.store.search(NAMESPACE, legs, k)
        return fused([[int(hit.record.key) for hit in leg] for leg in found], k)

    def add(self, rows: Rows) -> None:
        if self.store.space is None:
            dim = rows.vector.shape[1]
            self.store.adopt(Space("the scale benchmark", dim, tuple(rows.texts)))
        self.store.write(NAMESPACE, Batch(add=entries_of(rows)))

    def delete(self, numbers: Sequence[int]) -> None:
        self.store.write(NAMESPACE, Batch(delete=[str(number) for number in numbers]))

    def forget(self, number: int) -> None:
        self.store.purge(NAMESPACE, Batch(delete=[str(number)]))

    def bytes_on_disk(self) -> int:
        return self.store.stats().bytes_on_disk

    @property
    def _views(self) -> tuple[str, ...]:
        assert self.store.space
        return self.store.space.views


def entries_of(rows: Rows) -> list[Entry]:
    """The records as a store takes them: sessions of fifty turns, one a minute."""
    names = tuple(rows.texts)
    views = zip(*(map(View, rows.texts[view], rows.vectors[view]) for view in names), strict=True)
    return [
        Entry(_record(number, text, metadata), dict(zip(names, of_each, strict=True)))
        for number, text, metadata, of_each in zip(
            rows.numbers, rows.text, rows.metadata, views, strict=True
        )
    ]


def _record(number: int, text: str, metadata: Mapping[str, int]) -> Record:
    return Record(
        key=str(number),
        source=f"session-{number // _SESSION}",
        position=number % _SESSION,
        text=text,
        role="user" if number % 2 else "assistant",
        said_at=_START + number * _MINUTE,
        metadata=metadata,
    )


def _filter(condition: Condition | None) -> Filter | None:
    if condition is None:
        return None
    return F(f"metadata.{condition.field}") == condition.value
