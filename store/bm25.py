"""BM25, the score of full-text search, written down once so that every store computes the same.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations
and Trends in Information Retrieval 3(4), 2009, with the inverse document frequency of Lucene, which
is never negative. The score of a record is the sum of ``contributions`` over the distinct tokens
of the query (``store.tokens.content_words``) that its view (``store.tokens.tokenize``) holds.
The statistics are those of one view of the current records of one namespace, before any filter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["K1", "B", "contributions", "idf", "limit"]

K1 = 1.2
"""How soon more occurrences of a token stop to count."""

B = 0.75
"""How much of a view's length is held against it: 0 nothing, 1 all."""


def idf(records: int, holding: int) -> float:
    """Inverse document frequency of a token that ``holding`` of ``records`` records hold."""
    return math.log1p((records - holding + 0.5) / (holding + 0.5))


def limit(weight: float) -> float:
    """What a token of that ``idf`` adds to a score at most, in any record."""
    return weight * (K1 + 1)


def contributions(
    frequencies: NDArray[Any],
    lengths: NDArray[Any],
    average_length: float,
    weight: float | NDArray[np.float64],
) -> NDArray[np.float32]:
    """What one query token adds to the score of each record that holds it.

    Args:
        frequencies: Shape (n,); how often the token occurs in each of the n views, at least once.
        lengths: Shape (n,); the number of tokens of those views.
        average_length: Mean number of tokens over all current records, not only these.
        weight: The token's ``idf``; of several tokens, that of each of the n, shape (n,).

    Returns:
        float32, shape (n,); positive.
    """
    frequency = frequencies.astype(np.float32, copy=False)
    length = lengths.astype(np.float32, copy=False)
    saturation = frequency + (K1 * B / average_length) * length + K1 * (1 - B)
    most = np.asarray(weight * (K1 + 1), np.float32)
    return (most * frequency / saturation).astype(np.float32, copy=False)
