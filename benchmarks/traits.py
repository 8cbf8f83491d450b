"""Traits of a question by which recall is told apart: how much there is to find, and from whom.

A memory may favour those who talk much (a bias of the data), and lose what was said once by
somebody who hardly speaks (sparse knowledge). Pure.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.datasets.base import Haystack, gold_of

__all__ = ["GOLD", "SHARE", "group_of", "traits_of"]

GOLD = "pieces of gold"
SHARE = "share of the speaker"
"""Of all records, those of whoever said the evidence; of several the one who says least."""

_MANY = 4
_SHARES = (0.1, 0.25, 0.5)


def traits_of(haystack: Haystack) -> dict[str, dict[str, float]]:
    """The traits of each question by its id; without gold there are none, and no share where
    nobody is said to speak."""
    voices = {record.key: record.speaker or record.role for record in haystack.records}
    said = Counter(voices.values())
    traits: dict[str, dict[str, float]] = {}
    for question in haystack.questions:
        gold = gold_of(question.evidence) or gold_of(question.sources)
        if not gold:
            continue
        traits[question.id] = {GOLD: float(len(gold))}
        if speakers := {voices[key] for key in gold if voices.get(key)}:
            share = min(said[each] for each in speakers) / len(haystack.records)
            traits[question.id][SHARE] = share
    return traits


def group_of(trait: str, value: float) -> str:
    """The group that a question belongs to by a trait; groups are in order when sorted."""
    if trait == GOLD:
        return f"{value:.0f}" if value < _MANY else f"{_MANY} or more"
    ends = [0.0, *_SHARES, 1.0]
    low = max(end for end in ends[:-1] if end <= value)
    return f"{_written(low)} to {_written(ends[ends.index(low) + 1])}"


def _written(share: float) -> str:
    """As the field writes shares."""
    return f"{share:.2f}".removeprefix("0") if share < 1 else "1"
