"""LanceDB: https://docs.lancedb.com."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.scale.figures import SHARES, Condition
from remem.benchmarks.scale.making import Asked, Rows
from remem.benchmarks.scale.system import Engine, FolderEngine
from remem.benchmarks.systems.base import Ranked, Searcher, package
from remem.encoders.sentence_transformer import Encoder
from remem.views import line


@dataclass(frozen=True, slots=True)
class LanceDB:
    """Hybrid search over one table: vectors and a full-text index, fused by its default reranker.

    LanceDB's documented hybrid query with explicit vector and text
    (``search(query_type="hybrid").vector(...).text(...)``): BM25 over the text with its default
    analyser (English stems, no stop words), reciprocal rank fusion with K = 60. Without a vector
    index, which its documentation advises for tables of this size, dense search is exact; the
    order by L2 distance is that of cosines, because the vectors have length 1. Scores are those
    of the fusion.
    """

    name: str = "LanceDB hybrid"

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A database in the folder."""
        lancedb, query = package("lancedb"), package("lancedb.query")
        lines = [line(record) for record in haystack.records]
        vectors = encoder.encode_documents(lines)
        table = lancedb.connect(folder).create_table(
            "memories",
            data=[
                {"key": record.key, "text": text, "vector": vector}
                for record, text, vector in zip(haystack.records, lines, vectors, strict=True)
            ],
        )
        table.create_index("text", config=package("lancedb.index").FTS())

        def find(text: str, k: int) -> Iterator[tuple[str, float]]:
            # As a string, a question in quotation marks would be a phrase query, which needs
            # another kind of index.
            words = query.MatchQuery(text, "text")
            hybrid = table.search(query_type="hybrid").vector(encoder.encode_query(text))
            found = hybrid.text(words).limit(k).to_arrow()
            keys, scores = found["key"].to_pylist(), found["_relevance_score"].to_pylist()
            yield from zip(keys, scores, strict=True)

        yield Ranked({record.key: record for record in haystack.records}, find)


# LanceDB: https://docs.lancedb.com.

_TABLE = "memories"
_WANTS_INDEX = 1_000_000
"""Rows from which on the documentation advises an index of the vectors; exact search until then."""


@dataclass(frozen=True, slots=True)
class GrowingLanceDB:
    """One table, streamed in as the documentation has it for bulk, then indexed.

    A full-text index, bitmaps or B-trees for the fields of filters, a B-tree for the key, and from
    a million rows on IVF_PQ as it comes. Hybrid search fuses reciprocal ranks, its default.
    """

    name: str = "lancedb"
    packages: Sequence[str] = ("lancedb", "lancedb.index", "lancedb.query", "pyarrow")
    batch: int = 10_000

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """A database in the folder."""
        yield _Engine(folder, package("lancedb").connect(folder))


@dataclass(slots=True)
class _Engine(FolderEngine):
    database: Any
    opened: Any = None

    @property
    def table(self) -> Any:
        if self.opened is None:
            self.opened = self.database.open_table(_TABLE)
        return self.opened

    def fill(self, batches: Iterable[Rows]) -> None:
        stream = iter(batches)
        first = _as_arrow(next(stream))

        def tables() -> Iterator[Any]:
            yield from first.to_batches()
            for rows in stream:
                yield from _as_arrow(rows).to_batches()

        reader = package("pyarrow").RecordBatchReader.from_batches(first.schema, tables())
        self.opened = self.database.create_table(_TABLE, reader)
        index = package("lancedb.index")
        self.table.create_index("text", config=index.FTS())
        self.table.create_index("number", config=index.BTree())
        for name, one_of in SHARES.items():
            config = index.Bitmap() if one_of <= 1000 else index.BTree()
            self.table.create_index(name, config=config)
        if self.table.count_rows() >= _WANTS_INDEX:
            self.table.create_index("vector", config=index.IvfPq(distance_type="cosine"))

    def add(self, rows: Rows) -> None:
        self.table.add(_as_arrow(rows))

    def dense(self, asked: Asked, k: int, where: Condition | None) -> list[int]:
        search = self.table.search(asked.vector).distance_type("cosine")
        if where is not None:
            search = search.where(f"{where.field} = {where.value}")
        return _numbers(search.select(["number", "_distance"]).limit(k))

    def hybrid(self, asked: Asked, k: int) -> list[int]:
        # As a string, a question in quotation marks would be a phrase query, which needs another
        # kind of index.
        words = package("lancedb.query").MatchQuery(asked.text, "text")
        search = self.table.search(query_type="hybrid").vector(asked.vector).text(words)
        return _numbers(search.distance_type("cosine").limit(k))

    def delete(self, numbers: Sequence[int]) -> None:
        self.table.delete(f"number IN ({', '.join(map(str, numbers))})")


def _numbers(search: Any) -> list[int]:
    numbers: list[int] = search.to_arrow()["number"].to_pylist()
    return numbers


def _as_arrow(rows: Rows) -> Any:
    arrow = package("pyarrow")
    dim = rows.vector.shape[1]
    flat = arrow.array(rows.vector.reshape(-1))
    return arrow.table(
        {
            "number": arrow.array(rows.numbers, arrow.int64()),
            "text": list(rows.text),
            "vector": arrow.FixedSizeListArray.from_arrays(flat, dim),
            **rows.fields,
        }
    )
