"""One spelling for words that are written in several: without case, accents or vowel marks. Pure.

People type "cafe" for "café", "strasse" for "Straße", "все" for "всё"; books put vowel marks on
Arabic and Hebrew, and chats do not; Chinese has two sets of characters. What makes another letter
(й and ї are neither и nor і, nor is Japanese が か) stays.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

_INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff"
"""Soft hyphens, and what joins characters or keeps them apart."""

INSIDE_WORDS = _INVISIBLE + "".join(
    character
    for character in map(chr, range(0x300, 0x2100))
    if unicodedata.combining(character) or unicodedata.category(character)[0] == "M"
)
"""Characters that words hold though ``\\w`` matches none of them, such as the vowels of Hindi."""

_LETTERS = str.maketrans(
    dict(zip("ıłđðøħŧ", "ilddoht", strict=True))
    | {"æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys(f"{_INVISIBLE}\u0640", "")  # and the line that stretches an Arabic word
)
"""Spellings of letters that Unicode does not take apart."""

_ACCENTS = re.compile(
    "[\u0300-\u0305\u0307\u0309-\u036f]|(?<![иу])\u0306|(?<!і)\u0308"
    "|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"  # Hebrew
    "|[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)


_EXTENDED = [chr(code) for code in range(0x100, 0x180)]
CAPITALS = "A-ZÀ-ÖØ-Þ" + "".join(filter(str.isupper, _EXTENDED)) + "Ѐ-Я"
SMALLS = "a-zß-öø-ÿ" + "".join(filter(str.islower, _EXTENDED)) + "а-џ"
"""The letters of Latin and Cyrillic, to be put between brackets in a pattern."""


def straight(text: str) -> str:
    """A text with the apostrophes of a keyboard; those of a telephone are curly."""
    return text.replace("’", "'")


def folded(word: str) -> str:
    """A word of a script that writes spaces, in the spelling that stands for all of its own.

    Args:
        word: Normalised to NFKC.
    """
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFD", word.casefold().translate(_LETTERS))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart)) or word


def without_article(word: str) -> str:
    """The word behind what French and Italian write before it with an apostrophe: "été" of "l'été".

    Args:
        word: Folded, its apostrophes straight.
    """
    return _ARTICLE.sub("", word)


_ARTICLE = re.compile(
    "^(?:[cdjlmnstv]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|un|all|dall|dell|nell|sull|coll|gl|agl|"
    r"dagl|degl|negl|sugl|quell|bell|sant)'(?=\w\w)"
)


def simplified(text: str) -> str:
    """Chinese in simplified characters, one for each that was there, whatever is around it."""
    return text.translate(_simplified_characters())


class _Characters(dict[int, str]):
    """Characters by the code of the one that they stand for, looked up when first asked for."""

    def __init__(self, converter: OpenCC) -> None:
        self._converter = converter

    def __missing__(self, code: int) -> str:
        self[code] = str(self._converter.convert(chr(code)))
        return self[code]


@cache
def _simplified_characters() -> _Characters:
    return _Characters(OpenCC("t2s"))
