"""Rankings of text and vectors become one, for systems that leave that to their user. Pure."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fused"]

_CONSTANT = 60  # as in the paper, and everywhere since


def fused(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """The k best by reciprocal rank fusion, best first; ties by number."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (_CONSTANT + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))[:k]
