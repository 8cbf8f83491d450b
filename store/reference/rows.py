"""What the reference store keeps of a record, and how it ranks: by looking at every one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.bm25 import contributions, idf
from store.tokens import content_words
from store.types import Dense, Leg, Record

__all__ = ["Row", "RowView", "Rows", "rarity", "top"]


@dataclass(frozen=True, slots=True)
class RowView:
    """A view, its vector and its tokens ready for comparison."""

    text: str
    vector: NDArray[np.float16]
    tokens: Counter[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its views."""

    record: Record
    views: Mapping[str, RowView]


Rows = dict[str, Row]  # by key; replaced and never changed, so that readers see one state


def top(leg: Leg, rows: Rows, allowed: Set[str], k: int) -> list[tuple[str, float]]:
    """Keys and scores of the k best of the allowed records; the statistics are of all rows."""
    views = {key: row.views[leg.view] for key, row in rows.items()}
    scores = _cosines(leg, views) if isinstance(leg, Dense) else _bm25(leg.query, views)
    ranked = sorted((-score, key) for key, score in scores.items() if key in allowed)
    return [(key, -score) for score, key in ranked[:k]]


def rarity(tokens: Sequence[str], view: str, rows: Rows) -> list[float]:
    """Inverse document frequency of each token."""
    held = [row.views[view].tokens for row in rows.values()]
    return [idf(len(held), sum(token in tokens for tokens in held)) for token in tokens]


def _cosines(leg: Dense, views: Mapping[str, RowView]) -> dict[str, float]:
    # A product and a sum instead of a matrix product: equal vectors score exactly the same.
    return {key: float((view.vector * leg.vector).sum()) for key, view in views.items()}


def _bm25(query: str, views: Mapping[str, RowView]) -> dict[str, float]:
    lengths = {key: view.tokens.total() for key, view in views.items()}
    average_length = sum(lengths.values()) / max(len(views), 1)
    scores: dict[str, float] = {}
    for token in content_words(query):
        holding = [key for key, view in views.items() if token in view.tokens]
        if not holding:
            continue
        added = contributions(
            np.array([views[key].tokens[token] for key in holding]),
            np.array([lengths[key] for key in holding]),
            average_length,
            idf(len(views), len(holding)),
        )
        for key, contribution in zip(holding, added, strict=True):
            scores[key] = scores.get(key, 0.0) + float(contribution)
    return scores
