"""Likeness: how near what came up for a question is to the question, and to each other. Pure.

Cosines between what was recalled are all high, as it was recalled for being near to one question.
Measured from their mean, they tell what is about the same from what only shares its words.
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
        if len(memories) < _LEAST:
            return Likeness()
        vectors = np.stack([*memories.values(), question])
        vectors = vectors - vectors[:-1].mean(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SHORTEST)
        return Likeness(vectors[-1], dict(zip(memories, vectors, strict=False)))

    def to_question(self, key: str) -> float:
        """The likeness of a memory to the question, in [0, 1]; 0: unlike, or not known."""
        return _between(self.question, self.memories.get(key))

    def between(self, key: str, other: str) -> float:
        """The likeness of two memories, in [0, 1]; 0: unlike, or not known."""
        return _between(self.memories.get(key), self.memories.get(other))


def _between(one: Vector | None, other: Vector | None) -> float:
    return 0.0 if one is None or other is None else max(0.0, float(one @ other))


_LEAST = 3
"""Memories whose mean is that of any."""

_SHORTEST = 1e-6
