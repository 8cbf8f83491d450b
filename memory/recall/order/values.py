"""Values in statements: numbers, dates, names. Pure.

Where two statements about the same have other values of a kind, the later one tells of a change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import lru_cache

from remem.recall.reading.states import MONTH, TWO_TO_TWELVE, WEEKDAY
from remem.store.fulltext.folding import CAPITALS
from remem.store.fulltext.tokens import tokenize

Values = Mapping[str, frozenset[str]]
"""Kind -> the values of this kind in a text."""


@lru_cache(maxsize=4096)
def values_in(text: str) -> Values:
    """The values in a text: numbers and the like as they stand, names as tokens."""
    found: dict[str, frozenset[str]] = {}
    for kind, pattern in _KINDS.items():
        held = [each.casefold() for each in pattern.findall(text)]
        found[kind] = frozenset(tokenize(" ".join(held)) if kind == "name" else held)
        text = pattern.sub(" _ ", text) if kind != "name" else text
    return found


def differ(newer: Set[str], older: Set[str]) -> bool:
    """True if both statements have values of a kind, and none in common."""
    return bool(newer and older) and not newer & older


def is_close(newer: Set[str], older: Set[str]) -> bool:
    """True if a number has become a little more or less."""
    return any(
        a != b and max(a, b) <= _MOST_CHANGE * min(a, b)
        for a in _amounts(newer)
        for b in _amounts(older)
    )


def _amounts(numbers: Set[str]) -> list[float]:
    """The amounts of some numbers, as "1,200" and "88.5", but for those that count a few."""
    written = [found[0] for each in numbers if (found := _AMOUNT.match(each))]
    read = [float(_GROUPING.sub("", each).replace(",", ".")) for each in written]
    return [each for each in read if each >= _LEAST_AMOUNT]


_AMOUNT = re.compile(r"\d+(?:[.,' ]\d{3})*(?:[.,]\d{1,2}(?!\d))?")
_GROUPING = re.compile(r"[.,' ](?=\d{3}(?!\d))")
_LEAST_AMOUNT = 20
_MOST_CHANGE = 1.5
"""A rent or a salary changes by half at most; other numbers are of something else."""

_NO_NAMES = (
    r"(?!(?:I|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?:Dr|Mr|Mrs|Ms|Easter|Christmas|OK)\b)"
)
_KINDS: Mapping[str, re.Pattern[str]] = {
    "address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "time": re.compile(r"\b\d{1,2}:\d\d\b"),
    "date": re.compile(
        rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}\b|\b{MONTH} \d{{1,2}}(?!\d)"
        rf"|{WEEKDAY}",
        re.IGNORECASE,
    ),
    "number": re.compile(
        rf"\d[\d.,' -]*\d|\d|\b(?:{TWO_TO_TWELVE}"
        r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty)\b",
        re.IGNORECASE,
    ),
    "name": re.compile(rf"(?:(?<=[\w,;:'’&] )|(?<=Dr\. )){_NO_NAMES}[{CAPITALS}]\w+"),
}
"""Kind -> how its values are written, the narrower ones first."""

NARROW_KINDS = tuple(kind for kind in _KINDS if kind not in ("number", "name"))
