"""Chroma: https://docs.trychroma.com."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.scale.figures import Condition
from remem.benchmarks.scale.making import Asked, Rows
from remem.benchmarks.scale.system import Engine, FolderEngine, Unsupported
from remem.benchmarks.systems.base import Ranked, Searcher, package
from remem.encoders.sentence_transformer import Encoder
from remem.views import line


@dataclass(frozen=True, slots=True)
class Chroma:
    """A persistent client with one collection of cosine space, filled and asked with our vectors.

    Chroma's documented way for embeddings of one's own (``collection.add(embeddings=...)``,
    ``collection.query(query_embeddings=...)``), with its default HNSW index. The local engine has
    no ranked full-text search, so this is a dense search. Scores are cosines.
    """

    name: str = "Chroma"

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A client in the folder."""
        chromadb = package("chromadb")
        lines = [line(record) for record in haystack.records]
        keys = [record.key for record in haystack.records]
        vectors = encoder.encode_documents(lines)
        quiet = chromadb.Settings(anonymized_telemetry=False)
        with closing(chromadb.PersistentClient(str(folder), settings=quiet)) as client:
            collection = client.create_collection(
                "memories", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
            size = client.get_max_batch_size()
            for start in range(0, len(keys), size):
                batch = slice(start, start + size)
                collection.add(ids=keys[batch], embeddings=vectors[batch], documents=lines[batch])

            def find(text: str, k: int) -> Iterator[tuple[str, float]]:
                found = collection.query(
                    query_embeddings=[encoder.encode_query(text)],
                    n_results=k,
                    include=["distances"],
                )
                for key, distance in zip(found["ids"][0], found["distances"][0], strict=True):
                    yield key, 1 - distance

            yield Ranked({record.key: record for record in haystack.records}, find)


# Chroma: https://docs.trychroma.com.


@dataclass(frozen=True, slots=True)
class GrowingChroma:
    """A persistent client with one collection of cosine space, its HNSW index as it comes.

    Records are added as many at a time as the client takes, with documents and metadata.
    """

    name: str = "chroma"
    packages: Sequence[str] = ("chromadb",)
    batch: int = 5000

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """A client in the folder."""
        chromadb = package("chromadb")
        quiet = chromadb.Settings(anonymized_telemetry=False)
        with closing(chromadb.PersistentClient(str(folder), settings=quiet)) as client:
            collection = client.get_or_create_collection(
                "memories", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
            yield _Engine(folder, collection, client.get_max_batch_size())


@dataclass(slots=True)
class _Engine(FolderEngine):
    collection: Any
    most: int

    def fill(self, batches: Iterable[Rows]) -> None:
        for rows in batches:
            self.add(rows)

    def add(self, rows: Rows) -> None:
        self.collection.add(
            ids=[str(number) for number in rows.numbers],
            embeddings=rows.vector,
            documents=rows.text,
            metadatas=rows.metadata,
        )

    def dense(self, asked: Asked, k: int, where: Condition | None) -> list[int]:
        found = self.collection.query(
            query_embeddings=[asked.vector],
            n_results=k,
            where=None if where is None else {where.field: where.value},
            include=["distances"],
        )
        return [int(key) for key in found["ids"][0]]

    def hybrid(self, asked: Asked, k: int) -> list[int]:  # noqa: ARG002
        raise Unsupported("the local engine does not rank by full text")

    def delete(self, numbers: Sequence[int]) -> None:
        keys = [str(number) for number in numbers]
        for start in range(0, len(keys), self.most):
            self.collection.delete(ids=keys[start : start + self.most])
