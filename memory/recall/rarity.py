"""The rarity of words: how much it says that a memory holds some of a question. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rarity:
    """Rarity of a question's content words in a namespace.

    Attributes:
        weights: Token -> inverse document frequency.
        unheard: The weight of a token that nobody ever used.
    """

    weights: Mapping[str, float]
    unheard: float

    def covered(self, tokens: Set[str]) -> float:
        """Share of the question's weight that these tokens have, in [0, 1]."""
        return self._share(weight for token, weight in self.weights.items() if token in tokens)

    @property
    def foreign(self) -> float:
        """Share of the question's weight in tokens that nobody ever used, in [0, 1]."""
        return self._share(weight for weight in self.weights.values() if weight >= self.unheard)

    @property
    def experience(self) -> float:
        """Experience of the namespace, in [0, 1]: a logarithm of its records, some hundreds
        being 1. In a new one nearly every word is unheard, which says little."""
        return min(1.0, self.unheard / _EXPERIENCED)

    def _share(self, weights: Iterable[float]) -> float:
        return sum(weights) / (sum(self.weights.values()) or 1.0)


_EXPERIENCED = 6.4
"""Inverse document frequency of an unheard word among 300 records."""
