"""A sentence beside one that was translated before: how alike they are, where they differ, and the
old translation with these differences carried over. Pure.

Sentences are compared piece by piece: words, numbers, signs, and what a program fills in or a
browser reads (``%(name)s``, ``{count}``, ``<b>``), which is one piece each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby

from remem.recall.reading.sentences import alike_until, common_ends

_PIECE = re.compile(
    r"%(?:\(\w+\))?[#0\- +]*\d*(?:\.\d+)?[a-zA-Z](?![a-z])|\{[\w.:!]*\}|<[^<>\s][^<>]*>|&\w+;"
    r"|\w+(?:['’]\w+)*|[^\w\s]"
)
_FILLED_IN = re.compile(r"%\(|%[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|\{|<.+>|&\w+;")
_ENDS = ".!?…:;。！？：；"

_MOST_PIECES = 200
"""Compared one by one; the time grows with the square. Of longer texts what they begin and end with
in common is left out first, and what is still longer than this is another text."""

_FEW = 3
"""Characters that a placeholder weighs."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which two sentences differ.

    Attributes:
        old, new: What stands there; either may be nothing.
        at_end: Nothing that both have in common follows.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    at_end: bool = False


Step = tuple[str, str]
"""A piece of the old sentence and of the new one; an empty one is not there."""

_Stretch = tuple[bool, tuple[str, ...], tuple[str, ...]]
"""Pieces in which two sentences agree (True) or differ (False): those of the old and of the new."""


def pieces(text: str) -> list[str]:
    """The words, signs and placeholders of a text."""
    return _PIECE.findall(text)


def words_of(text: str) -> str:
    """A text without what a program fills in or a browser reads."""
    return _PIECE.sub(lambda found: " " if is_placeholder(found.group()) else found.group(), text)


def is_placeholder(piece: str) -> bool:
    """True for ``%(name)s``, ``{count}``, ``<b>`` and the like."""
    return len(piece) > 1 and _FILLED_IN.match(piece) is not None


def percent(old: str, new: str) -> int:
    """The likeness of two sentences, from 0 to 100; only equal ones are 100."""
    if old == new:
        return 100
    left, right = pieces(old), pieces(new)
    most = max(_weighed(left), _weighed(right))
    if not most:
        return 0
    return min(99, max(0, round(100 * (1 - _aligned(left, right)[0] / most))))


def at_most(old: str, new: str) -> int:
    """A likeness that ``percent`` cannot be above, which takes no comparing."""
    weights = [_weighed(pieces(text)) for text in (old, new)]
    return -(-100 * min(weights) // max(weights)) if any(weights) else 100


def differences(old: str, new: str) -> list[Difference]:
    """The places at which a new sentence differs from an old one, in their order."""
    stretches = _stretches(old, new)
    return [
        Difference(gone, come, number == len(stretches))
        for number, (same, gone, come) in enumerate(stretches, 1)
        if not same
    ]


def shown_difference(old: str, new: str) -> str:
    """The new sentence with what was otherwise before: ``Enter a [-name-]{+number+}.``"""
    told: list[str] = []
    for same, *sides in _stretches(old, new):
        gone, come = (" ".join(side) for side in sides)
        if same:
            told.append(come)
        else:
            told += filter(None, (gone and f"[-{gone}-]", come and f"{{+{come}+}}"))
    return re.sub(r" ([.,;:!?…])(?!\S)", r"\1", " ".join(told))


@dataclass(frozen=True, slots=True)
class Repaired:
    """An old translation with the differences of a new sentence carried over.

    Attributes:
        left: Differences that could not be.
    """

    text: str
    left: tuple[Difference, ...]


def repaired(old: str, translation: str, new: str, known: Mapping[str, str]) -> Repaired:
    """Carry over what can be: pieces that stand in both languages alike, signs at the end, and
    words whose translations are known.

    Args:
        old: The sentence that was translated.
        known: Word or phrase in small letters -> its translation.
    """
    counts = Counter(pieces(old))
    kept = frozenset(pieces(new))
    # What stands as often in the translation as in the sentence, stands there for itself.
    alike = {
        piece
        for piece, count in counts.items()
        if not _is_translated(piece)
        and len(_placed(translation, piece)) == count
        and (count == 1 or piece not in kept)
    }
    text = translation
    left: list[Difference] = []
    for difference in differences(old, new):
        carried = _carried(text, difference, alike, known)
        if carried is None:
            left.append(difference)
        else:
            text = carried
    return Repaired(_begun_like(text, new, translation), tuple(left))


def _carried(
    text: str, difference: Difference, alike: AbstractSet[str], known: Mapping[str, str]
) -> str | None:
    """The translation with one difference carried over; None if that is impossible."""
    ways: tuple[Callable[[], str | None], ...] = (
        lambda: _exchanged(text, difference, alike),
        lambda: _by_dictionary(text, difference, known),
        lambda: _at_end(text, difference),
    )
    return next((found for way in ways if (found := way()) is not None), None)


def _exchanged(text: str, difference: Difference, alike: AbstractSet[str]) -> str | None:
    before, after = difference.old, difference.new
    if len(before) != len(after) or any(map(_is_translated, after)):
        return None
    if any(one not in alike for one in before):
        return None
    for one, other in zip(before, after, strict=True):
        start, end = _placed(text, one)[0]
        text = text[:start] + other + text[end:]
    return text


def _by_dictionary(text: str, difference: Difference, known: Mapping[str, str]) -> str | None:
    before, after = (known.get(" ".join(side).lower()) for side in (difference.old, difference.new))
    if before is None or after is None:
        return None
    place = _placed(text, before)
    if len(place) != 1:
        return None
    [(start, end)] = place
    found = text[start:end]
    return text[:start] + (_capitalised(after) if found[:1].isupper() else after) + text[end:]


def _at_end(text: str, difference: Difference) -> str | None:
    """The translation with another sign at its end."""
    before, after = ("".join(side) for side in (difference.old, difference.new))
    if not difference.at_end or not all(sign in _ENDS for sign in before + after):
        return None
    if not text.endswith(before):
        return None
    return text.removesuffix(before) + after


def _is_translated(piece: str) -> bool:
    """True for words, which are others in another language; not for numbers, ``URL`` and
    ``IPv4``."""
    return piece[:1].isalpha() and not any(sign.isupper() or sign.isdigit() for sign in piece[1:])


def _placed(text: str, what: str) -> list[tuple[int, int]]:
    """The places at which a phrase stands whole in a text, whatever its capitals."""
    return [match.span() for match in re.finditer(whole(what), text, re.IGNORECASE)]


def whole(phrase: str) -> str:
    """The expression of a phrase that is no part of a longer word."""
    before = r"(?<!\w)" if phrase[:1].isalnum() else ""
    behind = r"(?!\w)" if phrase[-1:].isalnum() else ""
    return f"{before}{re.escape(phrase)}{behind}"


def contains(text: str, phrase: str) -> bool:
    """True if a phrase stands whole in a text, whatever its capitals."""
    return bool(_placed(text, phrase))


def _begun_like(text: str, new: str, translation: str) -> str:
    """A first letter that the old translation had as a capital, or that the new sentence has."""
    if new[:1].isupper() and translation[:1].isupper():
        return _capitalised(text)
    return text


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _stretches(old: str, new: str) -> list[_Stretch]:
    """Two sentences side by side: what they have in common, and what stands between."""
    steps = _aligned(pieces(old), pieces(new))[1]
    return [
        (same, gone, come)
        for same, group in groupby(steps, key=lambda step: step[0] == step[1])
        for gone, come in [(tuple(filter(None, side)) for side in zip(*group, strict=True))]
    ]


def _aligned(old: Sequence[str], new: Sequence[str]) -> tuple[float, list[Step]]:
    """The cost of making one of the other, and the steps that it takes."""
    if max(len(old), len(new)) <= _MOST_PIECES:
        return _compared(old, new)
    begin, end = common_ends(old, new)
    gone, come = old[begin : len(old) - end], new[begin : len(new) - end]
    if max(len(gone), len(come)) <= _MOST_PIECES:
        cost, steps = _compared(gone, come)
    else:
        cost = max(_weighed(gone), _weighed(come))
        steps = [*((one, "") for one in gone), *(("", other) for other in come)]
    first, last = old[:begin], old[len(old) - end :]
    return cost, [*zip(first, first, strict=True), *steps, *zip(last, last, strict=True)]


def _compared(old: Sequence[str], new: Sequence[str]) -> tuple[float, list[Step]]:
    """The least cost of making one of the other, and the steps that it takes."""
    costs = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row in range(1, len(old) + 1):
        costs[row][0] = costs[row - 1][0] + _weight(old[row - 1])
    for column in range(1, len(new) + 1):
        costs[0][column] = costs[0][column - 1] + _weight(new[column - 1])
    for row, one in enumerate(old, 1):
        for column, other in enumerate(new, 1):
            costs[row][column] = min(
                costs[row - 1][column - 1] + _cost(one, other),
                costs[row - 1][column] + _weight(one),
                costs[row][column - 1] + _weight(other),
            )
    return costs[-1][-1], _way(costs, old, new)


def _way(costs: Sequence[Sequence[float]], old: Sequence[str], new: Sequence[str]) -> list[Step]:
    row, column = len(old), len(new)
    steps: list[Step] = []
    while row or column:
        here = costs[row][column]
        one, other = old[row - 1] if row else "", new[column - 1] if column else ""
        if row and column and here == costs[row - 1][column - 1] + _cost(one, other):
            row, column = row - 1, column - 1
            steps.append((one, other))
        elif row and here == costs[row - 1][column] + _weight(one):
            row -= 1
            steps.append((one, ""))
        else:
            column -= 1
            steps.append(("", other))
    return steps[::-1]


def _cost(one: str, other: str) -> float:
    """Characters to be changed; of words that begin alike only the ends, of placeholders few."""
    if one == other:
        return 0
    if one.lower() == other.lower():
        return 0.5
    if is_placeholder(one) and is_placeholder(other):
        return 1
    longest = max(_weight(one), _weight(other))
    if one[:1].isalpha() and other[:1].isalpha():
        return longest - alike_until(one.lower(), other.lower())
    return longest


def _weight(piece: str) -> int:
    """The characters of a piece; a placeholder has a name for programs only, and few."""
    return _FEW if is_placeholder(piece) else len(piece)


def _weighed(several: Sequence[str]) -> int:
    """The characters of pieces."""
    return sum(map(_weight, several))
