"""LanceDB: https://docs.lancedb.com."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import SHARES, Condition, FolderEngine, Query, Rows

_TABLE = "memories"
_WANTS_INDEX = 1_000_000
"""Rows from which on the documentation advises an index of the vectors; exact search until then."""


@dataclass(frozen=True, slots=True)
class LanceDB:
    """One table, streamed in as the documentation has it for bulk, then indexed.

    A full-text index with its default analyser (English stems, no stop words), bitmaps or B-trees
    for the fields of filters, a B-tree for the key, and from a million rows on IVF_PQ as it comes.
    Hybrid search is the documented one with explicit vector and text
    (``search(query_type="hybrid").vector(...).text(...)``): BM25 and cosines, fused by reciprocal
    rank with K = 60, its default reranker, whose scores are the scores.
    """

    name: str = "lancedb"
    packages: Sequence[str] = ("lancedb", "lancedb.index", "lancedb.query", "pyarrow")
    batch: int = 10_000

    @contextmanager
    def open(self, folder: Path) -> Iterator[_Engine]:
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
        first = next(stream)
        table = _as_arrow(first)

        def tables() -> Iterator[Any]:
            yield from table.to_batches()
            for rows in stream:
                yield from _as_arrow(rows).to_batches()

        reader = package("pyarrow").RecordBatchReader.from_batches(table.schema, tables())
        self.opened = self.database.create_table(_TABLE, reader)
        index = package("lancedb.index")
        self.table.create_index("text", config=index.FTS())
        self.table.create_index("number", config=index.BTree())
        for name in first.fields:
            config = index.Bitmap() if SHARES[name] <= 1000 else index.BTree()
            self.table.create_index(name, config=config)
        if self.table.count_rows() >= _WANTS_INDEX:
            self.table.create_index("vector", config=index.IvfPq(distance_type="cosine"))

    def add(self, rows: Rows) -> None:
        self.table.add(_as_arrow(rows))

    def best(self, asked: Query, k: int) -> Iterable[tuple[int, float]]:
        # As a string, a question in quotation marks would be a phrase query, which needs another
        # kind of index.
        words = package("lancedb.query").MatchQuery(asked.text, "text")
        search = self.table.search(query_type="hybrid").vector(asked.vector).text(words)
        found = search.distance_type("cosine").limit(k).to_arrow()
        columns = (found[name].to_pylist() for name in ("number", "_relevance_score"))
        return zip(*columns, strict=True)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        search = self.table.search(asked.vector).distance_type("cosine")
        if where is not None:
            search = search.where(f"{where.field} = {where.value}")
        found = search.select(["number", "_distance"]).limit(k).to_arrow()
        numbers: list[int] = found["number"].to_pylist()
        return numbers

    def hybrid(self, asked: Query, k: int) -> list[int]:
        return [number for number, _ in self.best(asked, k)]

    def delete(self, numbers: Sequence[int]) -> None:
        self.table.delete(f"number IN ({', '.join(map(str, numbers))})")


def _as_arrow(rows: Rows) -> Any:
    arrow = package("pyarrow")
    flat = arrow.array(rows.vector.reshape(-1))
    return arrow.table(
        {
            "number": arrow.array(rows.numbers, arrow.int64()),
            "text": list(rows.text),
            "vector": arrow.FixedSizeListArray.from_arrays(flat, rows.vector.shape[1]),
            **rows.fields,
        }
    )
