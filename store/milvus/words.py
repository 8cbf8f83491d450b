"""Full text over our own tokens, weighed by ourselves.

Milvus's own BM25 function does not keep the contract: it counts a word over the segment or the
whole collection, records of other namespaces, deleted and superseded ones included, while the
contract's statistics are those of the current records of one namespace. So each view carries a
sparse vector of its words, weighed with their saturation at the length that was usual when the
namespace began; a question carries their rarity, counted at the moment it is asked; the inner
product of the two finds the candidates, and from the same vectors the exact scores are computed.

A word is one of 2^32 - 2 numbers. Among a million different words, a given one shares its number
with another with a chance of one in four thousand; the two then count as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from store.bm25 import K1, B, contributions
from store.milvus.schema import MOST_ITEMS
from store.tokens import tokenize

__all__ = ["Held", "Words", "held", "number_of", "scores", "slack", "words_of"]

_NUMBERS = 2**32 - 2
_NOTHING = 0  # no word's number: a sparse vector may not be empty


@dataclass(frozen=True, slots=True)
class Words:
    """The columns ``sparse``, ``terms``, ``long`` and ``length`` of a view."""

    weights: dict[int, float]
    terms: list[int]
    long: bool
    length: int


@dataclass(frozen=True, slots=True)
class Held:
    """How often a view holds each word, by number, and its length in tokens."""

    frequencies: Mapping[int, int]
    length: int


def words_of(text: str, usual: float) -> Words:
    """The columns of a view's text.

    Args:
        usual: The length, in tokens, at which words are weighed in this namespace.
    """
    counts = Counter(map(number_of, tokenize(text)))
    total = counts.total()
    damping = _damping(total, usual)
    weights = {
        number: float(np.float32((K1 + 1) * count / (count + damping)))
        for number, count in counts.items()
    }
    return Words(
        weights=weights or {_NOTHING: 1.0},
        terms=sorted(counts)[:MOST_ITEMS],
        long=len(counts) > MOST_ITEMS,
        length=total,
    )


def number_of(token: str) -> int:
    """The number of a token."""
    digest = blake2b(token.encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "little") % _NUMBERS


def held(weights: Mapping[int, float], length: int, usual: float) -> Held:
    """What a view holds, from its columns: the reverse of ``words_of``."""
    damping = _damping(length, usual)
    # The weight grows with the count towards K1 + 1; float32 tells counts apart up to thousands,
    # and where it does not, the score no longer does either.
    frequencies = {
        number: max(1, round(weight * damping / max(K1 + 1 - weight, 1e-7)))
        for number, weight in weights.items()
        if number != _NOTHING
    }
    return Held(frequencies, length)


def scores(
    views: Mapping[str, Held], rarity: Mapping[int, float], average_length: float
) -> dict[str, float]:
    """BM25 of each view that holds a word of the question, by the keys of ``views``.

    Args:
        rarity: Number of each word of the question -> its inverse document frequency.
    """
    found: dict[str, float] = {}
    for number, weight in rarity.items():
        holding = [key for key, view in views.items() if number in view.frequencies]
        if not holding:
            continue
        added = contributions(
            np.array([views[key].frequencies[number] for key in holding]),
            np.array([views[key].length for key in holding]),
            average_length,
            weight,
        )
        for key, contribution in zip(holding, added, strict=True):
            found[key] = found.get(key, 0.0) + float(contribution)
    return found


def slack(average_length: float, usual: float) -> float:
    """No exact score is more than so many times the inner product that the engine found.

    ``(count + K1 (1 - B + B length / usual)) / (count + K1 (1 - B + B length / average))`` is at
    most average / usual, for ever longer views, and at most 1 where average < usual.
    """
    return max(1.0, average_length / usual) * (1 + 1e-5)


def _damping(length: int, usual: float) -> float:
    return K1 * (1 - B + B * length / usual)
