"""LanceDB: https://docs.lancedb.com."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.base import Haystack
from benchmarks.systems.base import Searcher
from benchmarks.systems.peers.base import Ranked, package
from memory.encoder import Encoder
from memory.recall.windows import line

__all__ = ["LanceDB"]


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
