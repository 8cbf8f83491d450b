"""A second look from what was found: the answer may be one step behind it. Pure.

"What does the person with the number 555-0142 do?" finds whose number that is, Mira's; what Mira
does shares no word with the question. So a memory that shares rare words with one of the best,
words that the question does not have, is lifted. It is a step on the way of spreading activation
(F. Crestani, "Application of Spreading Activation Techniques in Information Retrieval", Artificial
Intelligence Review 11, 1997), and only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, repeat

from memory.recall.ranking import Recollection
from store.tokens import tokenize

__all__ = ["anchor_tokens", "linked"]

_ANCHORS = 5
"""Memories from which a step is taken."""

_REACH = 50
"""Memories that a step may lead to: of what stands further down nothing would come up."""

_RARE = 3.0
"""Least inverse document frequency of a word that links: at most one memory in twenty has it."""

_HALF = 8.0
"""Sum of inverse document frequencies of shared words at which a link is half as strong as any."""

_MOST_CHARACTERS = 2000
"""Of a longer text the beginning is read."""


def anchor_tokens(ranking: Sequence[Recollection], asked: Set[str]) -> Set[str]:
    """The tokens of the best memories that the question does not have."""
    return frozenset().union(*map(_tokens, ranking[:_ANCHORS])) - asked


def linked(
    ranking: Sequence[Recollection], idf: Mapping[str, float], share: float
) -> list[Recollection]:
    """A ranking with the links to its best memories mixed in, best first.

    Args:
        ranking: Best first.
        idf: Inverse document frequency of the ``anchor_tokens``.
        share: What links have to say in the score, in [0, 1].
    """
    strengths = chain(_strengths(ranking, idf), repeat(0.0))
    mixed = [_mixed(one, each, share) for one, each in zip(ranking, strengths, strict=False)]
    return sorted(mixed, key=lambda one: (-one.score, one.record.key))


def _strengths(ranking: Sequence[Recollection], idf: Mapping[str, float]) -> Iterator[float]:
    """How strongly each of the first memories is linked to one of the best, in [0, 1)."""
    rare = {token for token, weight in idf.items() if weight >= _RARE}
    held = [rare & _tokens(one) for one in ranking[:_REACH]]
    for tokens in held:
        strength = 0.0
        for anchor, step_from in zip(ranking[:_ANCHORS], held, strict=False):
            if step_from is not tokens:
                shared = sum(idf[token] for token in sorted(step_from & tokens))
                certainty = anchor.score / (ranking[0].score or 1.0)
                strength = max(strength, certainty * shared / (_HALF + shared))
        yield strength


def _mixed(one: Recollection, strength: float, share: float) -> Recollection:
    parts = {name: (1.0 - share) * part for name, part in one.parts.items()}
    if strength:
        parts["link"] = share * strength
    return replace(one, score=(1.0 - share) * one.score + share * strength, parts=parts)


def _tokens(one: Recollection) -> Set[str]:
    return frozenset(tokenize(one.record.text[:_MOST_CHARACTERS]))
