"""The vectors of views: of a view's text, or of the passages of a long record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain, cycle

import numpy as np

from memory.encoder import Encoder, Vectors
from memory.recall.passages import passages
from memory.recall.windows import VIEWS, WINDOW
from store import Vector

__all__ = ["Reading", "embed_views", "encoded", "reading"]

Reading = tuple[str, ...]
"""The texts whose vectors, added up, point where the vector of a view does."""


def reading(view: str, text: str) -> Reading:
    """What an encoder reads of a view.

    Of a record that is longer than encoders read, the own line and the window have the same text.
    The vector of its line is that of the beginning, as far as the encoder reads; that of its window
    is of all passages, which reaches every word.
    """
    return tuple(passages(text)) if view == WINDOW else (text,)


def encoded(encoder: Encoder, readings: Collection[Reading]) -> dict[Reading, Vector]:
    """The vector of each reading, of length 1; a text that several have is encoded once."""
    texts = sorted(set(chain.from_iterable(readings)))
    if not texts:
        return {}
    vectors = dict(zip(texts, encoder.encode_documents(texts), strict=True))
    return {each: _direction([vectors[text] for text in each]) for each in readings}


def embed_views(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """The vectors of the texts of whole records, given record by record, in the order of views."""
    readings = [reading(view, text) for view, text in zip(cycle(VIEWS), texts, strict=False)]
    vectors = encoded(encoder, set(readings))
    return np.stack([vectors[each] for each in readings])


def _direction(vectors: Sequence[Vector]) -> Vector:
    if len(vectors) == 1:
        return vectors[0]
    total: Vector = np.sum(vectors, axis=0, dtype=np.float32)
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length > 0 else vectors[0]
