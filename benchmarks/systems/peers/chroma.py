"""Chroma: https://docs.trychroma.com."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.base import Haystack
from benchmarks.systems.base import Searcher
from benchmarks.systems.peers.base import Ranked, package
from memory.encoder import Encoder
from memory.recall.windows import line

__all__ = ["Chroma"]


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
