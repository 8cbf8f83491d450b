"""Separation: how well a score tells two kinds of questions apart. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memory.recall.ranking import Recollection

__all__ = ["auroc", "top_relevance"]


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The area under the ROC curve: how often a score that should be high is above one that should
    be low, ties being half. .5 is chance; None where either is empty."""
    if not higher or not lower:
        return None
    below = np.sort(np.asarray(lower, dtype=np.float64))
    scores = np.asarray(higher, dtype=np.float64)
    beaten = np.searchsorted(below, scores, "left") + np.searchsorted(below, scores, "right")
    return float(beaten.mean() / (2 * len(below)))


def top_relevance(ranking: Sequence[Recollection]) -> float:
    """The highest relevance that was given; 0 if nothing was recalled."""
    return max((one.relevance for one in ranking), default=0.0)
