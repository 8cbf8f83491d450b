"""SKELETON: the pure part of retrieval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from store import Record


@dataclass(frozen=True, slots=True)
class Recollection:
    """A record that was recalled, with its score and, when explained, the parts of it.

    Attributes:
        record: What is remembered.
        score: Convex mix of the legs' normalised scores, in [0, 1].
        parts: Contribution of each leg ("dense turn", "text window", ...), when explained.
        words: The words of the query that the record holds, as they stand in its text.
    """

    record: Record
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
