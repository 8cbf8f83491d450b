"""txtai: https://neuml.github.io/txtai."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets.base import Haystack
from benchmarks.systems.base import Searcher
from benchmarks.systems.peers.base import Ranked, package
from memory.encoder import Encoder
from memory.recall.windows import line

__all__ = ["Txtai"]


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
