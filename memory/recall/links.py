"""Links from the best memories to others that share rare words with them. Pure.

"What does the person with the number 555-0142 do?" finds whose number that is, Mira's; what Mira
does shares no word with the question. So a memory that shares rare words with one of the best,
words that the question does not have, is lifted. It is a step on the way of spreading activation
(F. Crestani, "Application of Spreading Activation Techniques in Information Retrieval", Artificial
Intelligence Review 11, 1997), and only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.fulltext.tokens import content_words, tokenize

_ANCHORS = 5
"""Memories from which a step is taken."""

_REACH = 50
"""Memories that a step may lead to: of what stands further down nothing would come up."""

_RARE = 3.0
"""Least inverse document frequency of a word that links: at most one memory in twenty has it."""

_HALF = 8.0
"""Sum of inverse document frequencies of shared words at which a link is half as strong as any."""

_MOST_WORDS = 24
"""Words of the question for what the best memories lead to."""

_MOST_CHARACTERS = 2000
"""Of a longer text the beginning is read."""


def anchor_words(ranking: Sequence[Recollection], asked: Set[str]) -> dict[str, str]:
    """Token -> the word as written, for the words of the best memories that are not asked for."""
    words: dict[str, str] = {}
    for one in ranking[:_ANCHORS]:
        words |= content_words(one.record.text[:_MOST_CHARACTERS])
    return {token: word for token, word in words.items() if token not in asked}


def step(words: Mapping[str, str], idf: Mapping[str, float]) -> str:
    """The question that finds what the best memories lead to: their rarest words. Empty if they
    have none.

    Args:
        words: See ``anchor_words``.
        idf: Their inverse document frequencies.
    """
    rare = [token for token in words if idf[token] >= _RARE]
    rarest = sorted(rare, key=lambda token: (-idf[token], token))[:_MOST_WORDS]
    return " ".join(words[token] for token in rarest)


def linked(
    ranking: Sequence[Recollection],
    found: Sequence[Record],
    idf: Mapping[str, float],
    share: float,
) -> list[Recollection]:
    """A ranking with the links to its best memories mixed in, best first.

    Args:
        ranking: Best first.
        found: What a ``step`` found.
        idf: Inverse document frequency of the ``anchor_words``.
        share: What links have to say in the score, in [0, 1].
    """
    near, far = list(ranking[:_REACH]), ranking[_REACH:]
    known = {one.record.key for one in ranking}
    near += (Recollection(record, 0.0) for record in found if record.key not in known)
    mixed = [
        _mixed(one, each, share) for one, each in zip(near, _strengths(near, idf), strict=True)
    ]
    mixed += (_mixed(one, 0.0, share) for one in far)
    return sorted(mixed, key=lambda one: (-one.score, one.record.key))


def _strengths(ranking: Sequence[Recollection], idf: Mapping[str, float]) -> Iterator[float]:
    """The strength of the strongest link of each memory to one of the best, in [0, 1)."""
    rare = {token for token, weight in idf.items() if weight >= _RARE}
    held = [rare & _tokens(one) for one in ranking]
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
