"""Encoders: text to vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder"]


class Encoder(Protocol):
    """Turns texts into unit vectors. Thread-safe."""

    @property
    def fingerprint(self) -> str:
        """Identifies the vector space: model weights and pooling. Cheap: loads no model."""

    @property
    def dim(self) -> int:
        """Length of the vectors; may load the model."""

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""
