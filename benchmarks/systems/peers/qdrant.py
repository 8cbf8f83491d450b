"""Qdrant's local mode: https://github.com/qdrant/qdrant-client."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import Condition, Engine, FolderEngine, Query, Rows

_COLLECTION = "memories"


@dataclass(frozen=True, slots=True)
class Qdrant:
    """A client with a path: exact search in NumPy, points kept in SQLite.

    Made for trying out, says its documentation, and warns beyond 20,000 points; it is here because
    it is what runs without a server. Text is ranked by BM25 over an indexed field, and fused with
    the vectors by reciprocal rank.
    """

    name: str = "qdrant"
    packages: Sequence[str] = ("qdrant_client",)
    batch: int = 1000

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """A client in the folder."""
        qdrant = package("qdrant_client")
        with warnings.catch_warnings():
            # That it is slow beyond 20,000 points is what is measured here, and that indexes of
            # the payload do nothing is true of all but the one that we make.
            warnings.filterwarnings("ignore", module=r"remem\.benchmarks", category=UserWarning)
            with closing(qdrant.QdrantClient(path=str(folder))) as client:
                yield _Engine(folder, client, qdrant.models)


@dataclass(slots=True)
class _Engine(FolderEngine):
    client: Any
    models: Any
    indexed: bool = False

    def add(self, rows: Rows) -> None:
        if not self.client.collection_exists(_COLLECTION):
            self._create(rows.vector.shape[1])
        points = self.models.Batch(
            ids=list(rows.numbers),
            vectors=rows.vector.tolist(),
            payloads=[
                {"text": text, **metadata}
                for text, metadata in zip(rows.text, rows.metadata, strict=True)
            ],
        )
        self.client.upsert(_COLLECTION, points)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        return self._points(
            query=asked.vector,
            limit=k,
            query_filter=None if where is None else self._filter(where),
        )

    def hybrid(self, asked: Query, k: int) -> list[int]:
        models = self.models
        if not self.indexed:  # local mode keeps no record of indexes
            self._index_texts()
        return self._points(
            prefetch=[
                models.Prefetch(query=asked.vector.tolist(), limit=k),
                models.Prefetch(query=models.TextQuery(text=asked.text), using="text", limit=k),
            ],
            query=models.FusionQuery(fusion=models.Fusion.RRF),
            limit=k,
        )

    def delete(self, numbers: Sequence[int]) -> None:
        self.client.delete(_COLLECTION, self.models.PointIdsList(points=list(numbers)))

    def _create(self, dim: int) -> None:
        cosine = self.models.VectorParams(size=dim, distance=self.models.Distance.COSINE)
        self.client.create_collection(_COLLECTION, cosine)

    def _index_texts(self) -> None:
        models = self.models
        index = models.TextIndexParams(type="text", tokenizer="word", scoring=True)
        self.client.create_payload_index(_COLLECTION, "text", index)
        self.indexed = True

    def _filter(self, where: Condition) -> Any:
        match = self.models.MatchValue(value=where.value)
        return self.models.Filter(must=[self.models.FieldCondition(key=where.field, match=match)])

    def _points(self, **query: Any) -> list[int]:
        found = self.client.query_points(_COLLECTION, with_payload=False, **query)
        return [point.id for point in found.points]
