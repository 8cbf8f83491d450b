"""The part of a long memory that a prompt shows: the words around what is asked. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set

from store.tokens import content_words, tokenize, word_count

__all__ = ["CUT", "EXCERPT_WORDS", "excerpt"]

CUT = "[…]"
"""Stands where something is left out."""

EXCERPT_WORDS = 100
"""Longest excerpt."""

_WHOLE = 1.5
"""A text of up to this many times an excerpt is shown whole: less would hardly be saved."""

_MOST_CHARACTERS = 20_000
"""Of a longer text the beginning is looked at."""

_PIECE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]+\s*|[^.!?。！？\n]+$")


def excerpt(text: str, query: str, words: int = EXCERPT_WORDS) -> str:
    """The whole sentences of a text that hold most of what a question asks for, in one piece.

    A word counts for the more, the fewer sentences of the text have it. Where none is found, the
    text is about the matter in other words, and its beginning is shown.

    Args:
        words: Most words of the excerpt, unless a single sentence has more.

    Returns:
        The excerpt, with ``CUT`` where something is left out; the text as it is, if it is short.
    """
    if word_count(text[:_MOST_CHARACTERS]) <= _WHOLE * words:
        return text
    pieces = list(_pieces(text[:_MOST_CHARACTERS], words))
    asked = content_words(query).keys()
    first, end = _best_run([asked & set(tokenize(piece)) for piece in pieces], pieces, words)
    shown = "".join(pieces[first:end]).strip()
    is_cut = end < len(pieces) or len(text) > _MOST_CHARACTERS
    return f"{CUT} " * (first > 0) + shown + f" {CUT}" * is_cut


def _pieces(text: str, words: int) -> Iterator[str]:
    """The sentences and lines of a text; of what has no end for long, pieces of that many words."""
    for piece in _PIECE.findall(text):
        if word_count(piece) <= words:
            yield piece
        else:
            size = max(1, len(piece) * words // word_count(piece))
            yield from (piece[start : start + size] for start in range(0, len(piece), size))


def _best_run(held: Sequence[Set[str]], pieces: Sequence[str], words: int) -> tuple[int, int]:
    """First and end of the run of pieces within the words that holds most of what is asked; of
    several the earliest, which is then filled up from what follows."""
    frequency = Counter(token for tokens in held for token in tokens)
    weight = {token: math.log1p(len(held) / count) for token, count in frequency.items()}
    lengths = [word_count(piece) for piece in pieces]
    best, found = -1.0, (0, 1)
    for first in range(len(pieces)):
        end, room, seen = first, words, set[str]()
        while end < len(pieces) and (end == first or lengths[end] <= room):
            seen |= held[end]
            room -= lengths[end]
            end += 1
        value = sum(weight[token] for token in sorted(seen))
        if value > best + 1e-9:
            best, found = value, (first, end)
    return found
