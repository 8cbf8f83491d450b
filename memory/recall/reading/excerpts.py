"""The part of a long memory that a prompt shows: the words around what is asked. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence, Set

from remem.recall.reading.sentences import pieces_of
from remem.store.fulltext.tokens import content_words, tokenize, word_count

Span = tuple[int, int]
"""First character of a part of a text, and its end."""

_CUT = "[…]"
"""Stands where something is left out."""

EXCERPT_WORDS = 60
"""Longest excerpt: three or four sentences, so that a prompt has room for other memories. What that
brings is in benchmarks/README.md."""

_WHOLE = 1.5
"""A text of up to this many times an excerpt is shown whole: less would hardly be saved."""

_MOST_CHARACTERS = 20_000
"""Of a longer text the beginning is looked at."""


def excerpt(text: str, query: str, words: int = EXCERPT_WORDS) -> Span | None:
    """The whole sentences of a long text that hold most of what a question asks for, in one piece.

    A word counts for the more, the fewer sentences of the text have it. Where none is found, the
    text is about the matter in other words, and its beginning is chosen.

    Args:
        words: Most words of the excerpt, unless a single sentence has more.

    Returns:
        First character and end of the excerpt; None of a text that is short enough to be shown
        whole.
    """
    beginning = text[:_MOST_CHARACTERS]
    if word_count(beginning) <= _WHOLE * words:
        return None
    pieces = list(pieces_of(beginning, words))
    asked = content_words(query).keys()
    first, end = _best_run([asked & set(tokenize(piece)) for piece in pieces], pieces, words)
    start = sum(map(len, pieces[:first]))
    shown = "".join(pieces[first:end])
    start += len(shown) - len(shown.lstrip())
    return start, start + len(shown.strip())


def part_of(text: str, span: Span | None) -> str:
    """The part of a text that is shown, with ``[…]`` where something is left out; None: all."""
    if span is None:
        return text
    start, end = span
    before, behind = text[:start].strip(), text[end:].strip()
    return f"{_CUT} " * bool(before) + text[start:end] + f" {_CUT}" * bool(behind)


def beginning_of(text: str, most: int) -> str:
    """The first characters of a text, up to the end of a word; one without spaces, as Chinese or a
    long URL, is cut anywhere."""
    beginning = text[:most]
    if not any(map(str.isspace, text[most - 1 : most + 1])) and most < len(text):
        words = beginning.rsplit(maxsplit=1)
        beginning = words[0] if len(words) == 2 else beginning
    return beginning.rstrip()


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
