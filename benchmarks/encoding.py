"""One encoder for all systems of a run, which encodes each text once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.outcome import SystemFigures
from benchmarks.timing import timed
from memory.encoder import Encoder
from memory.opening import load_now

__all__ = ["RememberingEncoder"]


class RememberingEncoder:
    """Remembers the vectors of texts it has seen, so that every system is given the same ones.

    Haystacks that share sessions are thus encoded once, and a system's times are its own. Vectors
    are kept in memory: 1.5 kB for each distinct text at 384 dimensions.

    Args:
        encoder: What encodes.

    Attributes:
        dim: Length of the vectors.
        seconds: How long the encoder was at work, all in all.
    """

    def __init__(self, encoder: Encoder) -> None:
        load_now(encoder)  # so that no system is charged for it
        self.dim = encoder.dim
        self.seconds = 0.0
        self._encoder = encoder
        self._document_seconds = 0.0
        self._query_milliseconds: list[float] = []
        self._documents: dict[bytes, NDArray[np.float32]] = {}
        self._queries: dict[bytes, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """That of the encoder inside."""
        return self._encoder.fingerprint

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        digests = [_digest(text) for text in texts]
        with self._lock:
            new = {
                digest: text
                for digest, text in zip(digests, texts, strict=True)
                if digest not in self._documents
            }
            if new:
                self._encode(new)
            return np.stack([self._documents[digest] for digest in digests])

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""
        digest = _digest(text)
        with self._lock:
            if digest not in self._queries:
                self._queries[digest], spent = timed(lambda: self._encoder.encode_query(text))
                self._query_milliseconds.append(1000 * spent)
                self.seconds += spent
            vector: NDArray[np.float32] = self._queries[digest].copy()
            return vector

    def figures(self) -> SystemFigures:
        """How fast the encoder is, each text counted once."""
        figures: dict[str, float] = {}
        if self._document_seconds:
            figures["texts/s"] = len(self._documents) / self._document_seconds
        if self._query_milliseconds:
            figures["query p50 ms"] = float(np.median(self._query_milliseconds))
        return SystemFigures("encoder", figures)

    def _encode(self, texts: dict[bytes, str]) -> None:
        vectors, spent = timed(lambda: self._encoder.encode_documents(list(texts.values())))
        # Rows of their own: a row of the batch would keep the whole batch alive.
        self._documents |= {
            digest: vector.copy() for digest, vector in zip(texts, vectors, strict=True)
        }
        self._document_seconds += spent
        self.seconds += spent


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
