"""mem0: https://docs.mem0.ai."""

from __future__ import annotations

import atexit
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.systems.base import Searcher, by_keys, package
from remem.encoders.sentence_transformer import Encoder
from remem.views import line

_USER = "user"  # the haystack's folder keeps it apart from others


@dataclass(frozen=True, slots=True)
class Mem0:
    """``Memory.add(..., infer=False)``: turns are stored as they are, no language model is asked.

    Its default store, Qdrant, in the folder; search with its defaults, which leave out what has a
    cosine below 0.1. mem0 scores BM25 too where the package ``fastembed`` is installed and may
    download its word lists; as installed by ``remem[peers]``, with nothing to download, it ranks
    by cosines.
    """

    name: str = "mem0 (infer=False)"

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A ``Memory`` with its files in the folder."""
        mem0 = _mem0()
        with mem0.Memory.from_config(_config(encoder.dim, folder)) as memory:
            memory.embedding_model = _Embedder(encoder)
            with closing(memory.vector_store.client):
                messages = [{"role": "user", "content": line(each)} for each in haystack.records]
                added = memory.add(messages, user_id=_USER, infer=False)["results"]
                keys = {
                    memory_id["id"]: record.key
                    for memory_id, record in zip(added, haystack.records, strict=True)
                }

                def find(text: str, k: int) -> Iterator[tuple[str, float]]:
                    found = memory.search(text, filters={"user_id": _USER}, top_k=k)
                    for each in found["results"]:
                        yield keys[each["id"]], each["score"]

                yield by_keys({record.key: record for record in haystack.records}, find)


class _Embedder:
    """Our encoder as the embedding model that mem0 asks for."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        """The vector of a text; ``memory_action`` is "add", "update" or "search"."""
        return self.embed_batch([text], memory_action)[0]

    def embed_batch(
        self, texts: Sequence[str], memory_action: str | None = "add"
    ) -> list[list[float]]:
        """The vectors of texts, in their order."""
        if memory_action == "search":
            return [self._encoder.encode_query(text).tolist() for text in texts]
        vectors: list[list[float]] = self._encoder.encode_documents(texts).tolist()
        return vectors


@cache
def _mem0() -> Any:
    """The package, without telemetry and with a home that is gone when the process ends.

    It reads both settings when it is imported, and writes a file in its home at once.
    """
    home = tempfile.TemporaryDirectory(prefix="mem0-")
    atexit.register(home.cleanup)
    os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": home.name}
    # It says in every haystack that fastembed and spaCy are not there.
    logging.getLogger("mem0").setLevel(logging.ERROR)
    return package("mem0")


def _config(dim: int, folder: Path) -> dict[str, Any]:
    # The models are made, and so must have a key, but never asked.
    unused = {"provider": "openai", "config": {"api_key": "unused"}}
    qdrant = {"path": str(folder / "qdrant"), "embedding_model_dims": dim, "on_disk": True}
    return {
        "vector_store": {"provider": "qdrant", "config": qdrant},
        "history_db_path": str(folder / "history.db"),
        "llm": unused,
        "embedder": unused,
    }
