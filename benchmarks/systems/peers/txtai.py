"""txtai: https://neuml.github.io/txtai."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.scale.figures import Condition
from remem.benchmarks.scale.making import Asked, Rows
from remem.benchmarks.scale.system import Engine, FolderEngine
from remem.benchmarks.systems.base import Ranked, Searcher, package
from remem.encoders.sentence_transformer import Encoder
from remem.views import line


@dataclass(frozen=True, slots=True)
class Txtai:
    """Hybrid search, ``Embeddings(hybrid=True)``, with vectors from an external function.

    txtai's documented shortcut: a FAISS index and BM25 with normalised scores, mixed half and half.
    The index is saved in the folder and asked after it was loaded again, as a service would; that
    is also how questions come to be encoded as questions. Scores are those of the mix.
    """

    name: str = "txtai hybrid"

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """An index saved in the folder."""
        txtai = package("txtai")

        def encode_queries(texts: Sequence[str]) -> NDArray[np.float32]:
            return np.stack([encoder.encode_query(text) for text in texts])

        with closing(
            txtai.Embeddings(hybrid=True, **_external(encoder.encode_documents))
        ) as filled:
            filled.index((record.key, line(record)) for record in haystack.records)
            filled.save(str(folder))
        with closing(txtai.Embeddings()) as loaded:
            loaded.load(str(folder), config=_external(encode_queries))

            def find(text: str, k: int) -> Iterator[tuple[str, float]]:
                yield from loaded.search(text, k)

            yield Ranked({record.key: record for record in haystack.records}, find)


def _external(encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> dict[str, object]:
    # txtai calls anything but a plain function to get the function.
    return {"method": "external", "transform": lambda texts: encode(texts)}


# txtai: https://neuml.github.io/txtai.

Pending = deque[NDArray[np.float32]]
"""Vectors of the texts that txtai is going to ask for, in its order."""


@dataclass(frozen=True, slots=True)
class GrowingTxtai:
    """Hybrid index with content, which filters need; our vectors as an external function.

    Records are streamed into ``index``, its way for bulk; every change is saved, which is when it
    is durable. Filters are SQL over the best hundred candidates, its default.
    """

    name: str = "txtai"
    packages: Sequence[str] = ("txtai",)
    batch: int = 1000

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
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

    def dense(self, asked: Asked, k: int, where: Condition | None) -> list[int]:
        return self._search(asked, k, where, 1.0)

    def hybrid(self, asked: Asked, k: int) -> list[int]:
        return self._search(asked, k, None, 0.5)

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
        self, asked: Asked, k: int, where: Condition | None, weight_of_vectors: float
    ) -> list[int]:
        self.pending.append(asked.vector)
        sql = "SELECT id, score FROM txtai WHERE similar(:question)"
        values: dict[str, object] = {"question": asked.text}
        if where is not None:
            sql += f" AND {where.field} = :value"
            values["value"] = where.value
        found = self.embeddings.search(sql, k, weight_of_vectors, parameters=values)
        return [int(each["id"]) for each in found]
