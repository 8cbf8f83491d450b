"""From the hits of several legs to one ranking. Pure.

A convex mix of normalised scores, which on turns beats reciprocal rank fusion: ranks throw away how
much better the first hit was (S. Bruch, S. Gai and A. Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS 42(1), 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from store import Hit, Record

__all__ = ["Recollection", "mix", "normalised"]


@dataclass(frozen=True, slots=True)
class Recollection:
    """A record that was recalled, with its score and, when explained, the parts of it.

    Attributes:
        record: What is remembered.
        score: Mix of the legs' normalised scores, in [0, 1].
        parts: What each leg added to the score ("dense turn", "text window", ...), when explained.
        words: The words of the record that the query asks for, as they stand in its text.
    """

    record: Record
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def mix(
    legs: Mapping[str, Sequence[Hit]], weights: Mapping[str, float], k: int
) -> list[Recollection]:
    """The best k records by the weighted mean of their normalised scores, parts explained.

    A record that a leg did not return gets nothing from it, so pools should be deep (50 or more).

    Args:
        legs: Hits by the name of the leg, each best first.
        weights: Of each leg; only their proportions matter.
    """
    total = sum(weights[leg] for leg in legs)
    records: dict[str, Record] = {}
    parts: dict[str, dict[str, float]] = {}
    for leg, hits in legs.items():
        share = weights[leg] / total
        for hit, score in zip(hits, normalised(hits), strict=True):
            key = hit.record.key
            records[key] = hit.record
            parts.setdefault(key, {})[leg] = share * score
    scores = {key: sum(part.values()) for key, part in parts.items()}
    best = sorted(scores, key=lambda key: (-scores[key], key))[:k]
    return [Recollection(records[key], scores[key], parts[key]) for key in best]


def normalised(hits: Sequence[Hit]) -> list[float]:
    """The scores of a leg, stretched to [0, 1]: the best hit of the pool is 1, the last 0.

    When all are equal (one hit, say), all are 1.
    """
    if not hits:
        return []
    high, low = hits[0].score, hits[-1].score
    if high <= low:
        return [1.0] * len(hits)
    return [(hit.score - low) / (high - low) for hit in hits]
