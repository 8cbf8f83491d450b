"""The passages of a long text, which an encoder reads one by one. Pure.

An encoder reads the beginning of a text only: the bundled one 256 tokens, some 190 words. What a
long record says behind that would be found by its words, but never by its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from memory.recall.sentences import length, pieces_of

__all__ = ["passages"]

_WORDS = 100
"""Most words of a passage. The bundled encoder reads that many whole, Chinese or English, and fewer
sentences blur each other less."""

_WHOLE = 120
"""A text of up to this many words is one passage, which the encoder reads whole: the windows of
short turns are no longer."""

_MOST = 64
"""Passages of one text: those of a book would take an hour, and their mean would say nothing."""

_MOST_CHARACTERS = 100_000
"""Hold that many passages in any language."""


def passages(text: str) -> list[str]:
    """Whole sentences of a text that together have up to a hundred words, in order.

    A text that an encoder reads whole is one passage. Of one that is far too long for a record the
    beginning is cut: some 6,000 words.
    """
    beginning = text[:_MOST_CHARACTERS]
    if length(beginning) <= _WHOLE:
        return [text]
    return list(islice(_filled(pieces_of(beginning, _WORDS)), _MOST))


def _filled(pieces: Iterator[str]) -> Iterator[str]:
    """Neighbouring pieces joined while they stay within the words of a passage."""
    passage, room = "", _WORDS
    for piece in pieces:
        words = length(piece)
        if words > room and passage.strip():
            yield passage.strip()
            passage, room = "", _WORDS
        passage += piece
        room -= words
    if passage.strip():
        yield passage.strip()
