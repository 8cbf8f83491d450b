"""Chroma: https://docs.trychroma.com."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import Condition, FolderEngine, Query, Rows, Unsupported


@dataclass(frozen=True, slots=True)
class Chroma:
    """A persistent client with one collection of cosine space, filled and asked with our vectors.

    Chroma's documented way for embeddings of one's own (``collection.add(embeddings=...)``,
    ``collection.query(query_embeddings=...)``), with its HNSW index as it comes. Records are added
    as many at a time as the client takes, with documents and metadata. The local engine has no
    ranked full-text search, so this is a dense search. Scores are cosines.
    """

    name: str = "chroma"
    packages: Sequence[str] = ("chromadb",)
    batch: int = 5000

    @contextmanager
    def open(self, folder: Path) -> Iterator[_Engine]:
        """A client in the folder."""
        with collection_in(folder) as (collection, most):
            yield _Engine(folder, collection, most)


@contextmanager
def collection_in(folder: Path, encode: Any = None) -> Iterator[tuple[Any, int]]:
    """A collection of cosine space, and how many records the client takes at a time.

    Args:
        encode: Chroma's embedding function; None where vectors are given.
    """
    chromadb = package("chromadb")
    quiet = chromadb.Settings(anonymized_telemetry=False)
    with closing(chromadb.PersistentClient(str(folder), settings=quiet)) as client:
        collection = client.get_or_create_collection(
            "memories", configuration={"hnsw": {"space": "cosine"}}, embedding_function=encode
        )
        yield collection, client.get_max_batch_size()


@dataclass(slots=True)
class _Engine(FolderEngine):
    collection: Any
    most: int

    def add(self, rows: Rows) -> None:
        self.collection.add(
            ids=[str(number) for number in rows.numbers],
            embeddings=rows.vector,
            documents=rows.text,
            metadatas=rows.metadata if rows.fields else None,
        )

    def best(self, asked: Query, k: int) -> Iterable[tuple[int, float]]:
        return self._query(asked, k, None)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        only = None if where is None else {where.field: where.value}
        return [number for number, _ in self._query(asked, k, only)]

    def hybrid(self, asked: Query, k: int) -> list[int]:  # noqa: ARG002
        raise Unsupported("the local engine does not rank by full text")

    def delete(self, numbers: Sequence[int]) -> None:
        keys = [str(number) for number in numbers]
        for start in range(0, len(keys), self.most):
            self.collection.delete(ids=keys[start : start + self.most])

    def _query(
        self, asked: Query, k: int, where: dict[str, int] | None
    ) -> Iterator[tuple[int, float]]:
        found = self.collection.query(
            query_embeddings=[asked.vector], n_results=k, where=where, include=["distances"]
        )
        for key, distance in zip(found["ids"][0], found["distances"][0], strict=True):
            yield int(key), 1 - distance
