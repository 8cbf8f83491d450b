"""Systems that are given texts, and encode them themselves: all with the bundled model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from remem import BundledEncoder, Memory
from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.peers.chroma import collection_in
from remem.encoders.models import bundled_folder
from remem.encoders.opening import load_now
from remem.store import Record
from remem.views import line


class TextSystem(Protocol):
    """A system whose model is loaded."""

    def add(self, records: Sequence[Record]) -> None:
        """Remember the texts of records, as they are said; durable and searchable afterwards."""

    def search(self, question: str, k: int) -> Sequence[str]:
        """Keys of the k best records, best first."""


Opening = Callable[[Path], AbstractContextManager[TextSystem]]
"""From an empty folder to a system; enters with its model loaded.

Raises MissingDependency if its package is not installed.
"""


@contextmanager
def remem(folder: Path) -> Iterator[TextSystem]:
    """A ``Memory`` as it is shipped, with torch from the beginning, as a server has it."""
    encoder = BundledEncoder()
    load_now(encoder)
    with Memory(folder / "store", encoder=encoder) as memory:
        yield _Remem(memory)


@contextmanager
def txtai(folder: Path) -> Iterator[TextSystem]:
    """txtai's hybrid index with content, which encodes in bulk as its documentation says."""
    made = {"path": str(bundled_folder()), "hybrid": True, "content": True}
    with closing(package("txtai").Embeddings(made)) as embeddings:
        yield _Txtai(embeddings, folder)


@contextmanager
def chroma(folder: Path) -> Iterator[TextSystem]:
    """Chroma's persistent client, with its own function for models of sentence-transformers."""
    functions = package("chromadb.utils.embedding_functions")
    encode = functions.SentenceTransformerEmbeddingFunction(str(bundled_folder()))
    with collection_in(folder, encode) as (collection, most):
        yield _Chroma(collection, most)


@contextmanager
def plain(folder: Path) -> Iterator[TextSystem]:
    """``SentenceTransformer.encode`` and a file of vectors: what a program does without any."""
    model = package("sentence_transformers").SentenceTransformer(str(bundled_folder()))
    yield _Plain(model, folder / "vectors.npy")


SYSTEMS: Mapping[str, Opening] = {
    "remem": remem,
    "txtai": txtai,
    "chroma": chroma,
    "sentence-transformers": plain,
}


@dataclass(frozen=True, slots=True)
class _Remem:
    memory: Memory

    def add(self, records: Sequence[Record]) -> None:
        self.memory.add_records(records)

    def search(self, question: str, k: int) -> Sequence[str]:
        return [one.record.key for one in self.memory.search(question, k)]


@dataclass(frozen=True, slots=True)
class _Txtai:
    embeddings: Any
    folder: Path

    def add(self, records: Sequence[Record]) -> None:
        self.embeddings.upsert((record.key, line(record), None) for record in records)
        self.embeddings.save(str(self.folder))

    def search(self, question: str, k: int) -> Sequence[str]:
        return [each["id"] for each in self.embeddings.search(question, k)]


@dataclass(frozen=True, slots=True)
class _Chroma:
    collection: Any
    most: int

    def add(self, records: Sequence[Record]) -> None:
        for start in range(0, len(records), self.most):
            some = records[start : start + self.most]
            self.collection.add(ids=[one.key for one in some], documents=list(map(line, some)))

    def search(self, question: str, k: int) -> Sequence[str]:
        found: list[str] = self.collection.query(query_texts=[question], n_results=k)["ids"][0]
        return found


@dataclass(slots=True)
class _Plain:
    model: Any
    file: Path
    keys: list[str] = field(default_factory=list)

    def add(self, records: Sequence[Record]) -> None:
        vectors = self.model.encode(
            list(map(line, records)), normalize_embeddings=True, show_progress_bar=False
        )
        before = [np.load(self.file)] if self.keys else []
        np.save(self.file, np.concatenate([*before, vectors]))
        self.keys += [record.key for record in records]

    def search(self, question: str, k: int) -> Sequence[str]:
        vector = self.model.encode(question, normalize_embeddings=True, show_progress_bar=False)
        order = np.argsort(-(np.load(self.file) @ vector))
        return [self.keys[place] for place in order[:k]]
