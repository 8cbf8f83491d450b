"""txtai: https://neuml.github.io/txtai."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import Condition, FolderEngine, Query, Rows, Vectors

Pending = deque[Vectors]
"""Vectors of the texts that txtai is going to ask for, in its order."""


@dataclass(frozen=True, slots=True)
class Txtai:
    """Hybrid index with content, which filters need; our vectors as an external function.

    txtai's documented shortcut: a FAISS index and BM25 with normalised scores, mixed half and half;
    scores are those of the mix. Records are streamed into ``index``, its way for bulk; every change
    is saved, which is when it is durable. Filters are SQL over the best hundred candidates, its
    default.
    """

    name: str = "txtai"
    packages: Sequence[str] = ("txtai",)
    batch: int = 1000

    @contextmanager
    def open(self, folder: Path) -> Iterator[_Engine]:
        """An index in the folder."""
        pending: Pending = deque()
        external = {
            "method": "external",
            # txtai calls anything but a plain function to get the function.
            "transform": lambda texts: np.stack([pending.popleft() for _ in texts]),
        }
        made = {"hybrid": True, "content": True}
        with closing(package("txtai").Embeddings({**made, **external})) as embeddings:
            if embeddings.exists(str(folder)):
                embeddings.load(str(folder), config=external)
            yield _Engine(folder, embeddings, pending)


@dataclass(slots=True)
class _Engine(FolderEngine):
    embeddings: Any
    pending: Pending

    def fill(self, batches: Iterable[Rows]) -> None:
        self.embeddings.index(each for rows in batches for each in self._documents(rows))
        self._save()

    def add(self, rows: Rows) -> None:
        self.embeddings.upsert(self._documents(rows))
        self._save()

    def best(self, asked: Query, k: int) -> Iterable[tuple[int, float]]:
        return self._search(asked, k, None, 0.5)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        return [number for number, _ in self._search(asked, k, where, 1.0)]

    def hybrid(self, asked: Query, k: int) -> list[int]:
        return [number for number, _ in self.best(asked, k)]

    def delete(self, numbers: Sequence[int]) -> None:
        self.embeddings.delete([str(number) for number in numbers])
        self._save()

    def _save(self) -> None:
        self.embeddings.save(str(self.folder))

    def _documents(self, rows: Rows) -> Iterator[tuple[str, dict[str, object], None]]:
        columns = zip(rows.numbers, rows.vector, rows.text, rows.metadata, strict=True)
        for number, vector, text, metadata in columns:
            self.pending.append(vector)
            yield str(number), {"text": text, **metadata}, None

    def _search(
        self, asked: Query, k: int, where: Condition | None, weight_of_vectors: float
    ) -> list[tuple[int, float]]:
        self.pending.append(asked.vector)
        sql = "SELECT id, score FROM txtai WHERE similar(:question)"
        values: dict[str, object] = {"question": asked.text}
        if where is not None:
            sql += f" AND {where.field} = :value"
            values["value"] = where.value
        found = self.embeddings.search(sql, k, weight_of_vectors, parameters=values)
        return [(int(each["id"]), each["score"]) for each in found]
