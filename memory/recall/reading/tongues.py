"""The language that a text is in, by its script, and by the common words of the Latin ones. Pure.

Told of what a search found, so that it can be narrowed down: no record has it, and of a few words
in Latin letters it is a guess, for which English goes first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from remem.recall.reading.languages import ENGLISH, common_among, words_of

_SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "ko": "\u1100-\u11ff\uac00-\ud7af",
    "ru": "\u0400-\u04ff",
    "el": "\u0370-\u03ff",
    "ar": "\u0600-\u06ff",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
}
"""Languages by characters that nearly always mean them; kana goes before Han, which Japanese has,
too."""

_LATIN = (ENGLISH, "de", "es", "fr", "it", "pt")

TONGUES = (*_LATIN, *_SCRIPTS)
"""Codes of the languages that are told apart."""

_MOST_CHARACTERS = 2000
_LEAST = 0.2
"""Share of the letters of a text that makes it one of a script: names and quotations are fewer."""

_PATTERNS = {code: re.compile(f"[{characters}]") for code, characters in _SCRIPTS.items()}


@lru_cache(maxsize=4096)
def tongue_of(text: str) -> str | None:
    """The code of the language that a text is in; None of one without letters, or in another."""
    beginning = text[:_MOST_CHARACTERS]
    letters = sum(map(str.isalpha, beginning))
    if not letters:
        return None
    if not beginning.isascii():
        for code, pattern in _PATTERNS.items():
            if len(pattern.findall(beginning)) >= _LEAST * letters:
                return code
    words = words_of(beginning)
    # Of equal ones the first, which is English.
    best = max(_LATIN, key=lambda code: common_among(words, code))
    return best if words else None
