"""Likeness: how near what came up for a question is to the question, and to each other. Pure.

Cosines between what was recalled are all high, as it was recalled for being near to one question,
and every encoder has a scale of its own. Their standard scores tell what is about the same from
what only shares its words, and tell it alike for every encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from remem.store import Vector


@dataclass(frozen=True, slots=True)
class Likeness:
    """The vectors of a question and of memories.

    Attributes:
        question: float32, shape ``(dim,)``, length 1; None: nothing is known.
        memories: The same of each memory, by its key.
    """

    question: Vector | None = None
    memories: Mapping[str, Vector] = field(default_factory=dict)

    def to_question(self) -> Mapping[str, float]:
        """The likeness of each memory to the question, by its key: the standard deviations by which
        its cosine is above the mean of all."""
        return {} if self.question is None else _likeness(self.question, self.memories)

    def to_memory(self, key: str) -> Mapping[str, float]:
        """The likeness of each other memory to one of them, in the same way."""
        if key not in self.memories:
            return {}
        others = {other: vector for other, vector in self.memories.items() if other != key}
        return _likeness(self.memories[key], others)


def _likeness(direction: Vector, others: Mapping[str, Vector]) -> Mapping[str, float]:
    if len(others) < _FEWEST:
        return {}
    cosines: NDArray[np.float32] = np.stack([*others.values()]) @ direction
    spread = max(float(cosines.std()), _SMALLEST)
    return dict(zip(others, ((cosines - cosines.mean()) / spread).tolist(), strict=True))


_FEWEST = 3
"""Memories of which one may be nearer than most."""

_SMALLEST = 1e-4
"""Spread of cosines below which they differ by rounding."""
