"""Chroma: https://docs.trychroma.com."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scale.conditions import Condition
from benchmarks.scale.material import Asked, Rows
from benchmarks.scale.systems.base import Engine, Unsupported
from benchmarks.scale.systems.disk import FolderEngine
from benchmarks.systems.peers.base import package

__all__ = ["Chroma"]


@dataclass(frozen=True, slots=True)
class Chroma:
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
