"""Likeness: how near what came up for a question is to the question, and to each other. Pure.

Cosines between what was recalled are all high, as it was recalled for being near to one question.
Measured from their mean, they tell what is about the same from what only shares its words; and
measured by their spread, they tell it alike for every encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from remem.store import Vector


@dataclass(frozen=True, slots=True)
class Likeness:
    """The vectors of a question and of memories, as directions from the mean of the memories.

    Attributes:
        question: float32, shape ``(dim,)``, length 1; None: nothing is known.
        memories: The same of each memory, by its key.
    """

    question: Vector | None = None
    memories: Mapping[str, Vector] = field(default_factory=dict)

    @staticmethod
    def of(question: Vector, memories: Mapping[str, Vector]) -> Likeness:
        """The likeness of memories and a question, by what an encoder made of them.

        Args:
            question: float32, shape ``(dim,)``, length 1.
            memories: The same of each memory, by its key.
        """
        if len(memories) < _FEWEST:
            return Likeness()
        vectors = np.stack([*memories.values(), question])
        vectors = vectors - vectors[:-1].mean(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SHORTEST)
        return Likeness(vectors[-1], dict(zip(memories, vectors, strict=False)))

    def to_question(self) -> Mapping[str, float]:
        """The likeness of each memory to the question, in [0, 1], by its key."""
        return {} if self.question is None else _likeness(self.question, self.memories)

    def to_memory(self, key: str) -> Mapping[str, float]:
        """The likeness of each other memory to one of them, in [0, 1], by its key."""
        if key not in self.memories:
            return {}
        others = {other: vector for other, vector in self.memories.items() if other != key}
        return _likeness(self.memories[key], others)


def _likeness(direction: Vector, others: Mapping[str, Vector]) -> Mapping[str, float]:
    cosines = np.maximum(np.stack([*others.values()]) @ direction, 0.0)
    most = _MOST * max(float(np.sqrt(np.mean(cosines**2))), _SHORTEST)
    return dict(zip(others, np.minimum(cosines / most, 1.0).tolist(), strict=True))


_FEWEST = 3
"""Memories whose mean is that of any."""

_MOST = 4
"""Root mean squares of the cosines from which on a memory is as like as can be."""

_SHORTEST = 1e-6
