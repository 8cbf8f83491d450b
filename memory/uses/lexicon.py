"""The tone of a text by the words in it, as a lexicon rates them.

The lexicon is VADER's (C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for
Sentiment Analysis of Social Media Text", ICWSM 2014; MIT licence): 7,500 English words, emoticons
and abbreviations with the mean of ten people's ratings from -4 to 4. It is read from the package
``vaderSentiment`` where that is installed; without it every text has no tone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from remem.store.fulltext.folding import straight

TONES = 4
"""Length of what ``tones`` returns."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]+")
_NEGATION = re.compile(
    r"(?:no|not|never|neither|nor|nothing|nobody|none|nowhere|cannot|without|hardly|barely|rarely"
    r"|\w+n['’]t)"
)
_NEGATED = -0.74
"""Factor of the rating of a word behind a negation; VADER's own."""

_BEFORE = 3
"""Words in front of another that may negate it."""

_MANY = 5
"""Rated words that are as many as it matters."""


def tones(text: str) -> tuple[float, ...]:
    """The tone of a text as numbers in [-1, 1]: of all rated words, of the good and of the bad
    ones, and how many there are."""
    ratings = _ratings(text)
    total = sum(ratings)
    good, bad = (sum(one for one in ratings if one * sign > 0) for sign in (1, -1))
    return (
        total / math.hypot(total, math.sqrt(15)),
        good / (good + 4),
        bad / (-bad + 4),
        min(len(ratings), _MANY) / _MANY,
    )


def _ratings(text: str) -> list[float]:
    rated = lexicon()
    if not rated:
        return []
    words = _WORD.findall(straight(text.lower()))
    # How many negations there are up to each word.
    negations = [0, *accumulate(_NEGATION.fullmatch(word) is not None for word in words)]
    return [
        rated[word] * (_NEGATED if negations[at] > negations[max(0, at - _BEFORE)] else 1)
        for at, word in enumerate(words)
        if word in rated
    ]


@cache
def lexicon() -> Mapping[str, float]:
    """Word -> how people rate it, from -4 to 4; empty if the package is not installed."""
    # Found without importing the package, which imports what opens connections.
    spec = find_spec("vaderSentiment")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        lines = (Path(folder) / "vader_lexicon.txt").read_text("utf-8").splitlines()
        rows = (line.split("\t") for line in lines)
        return {row[0]: float(row[1]) for row in rows if len(row) > 1}
    return {}
