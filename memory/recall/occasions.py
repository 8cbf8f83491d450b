"""Questions for one of several occasions, or for all: the first time, the last, how many. Pure.

Of memories that answer such a question about equally well, words cannot tell which is meant, but
their times can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TypeAlias

from remem.recall.dates.locales import plain
from remem.recall.ranking import Recollection

_Order: TypeAlias = "Callable[[Sequence[Recollection]], list[Recollection]]"

_ALIKE = 0.9
"""Share of the best score from which on a memory is about as good as the best."""

_RELATED = 0.75
"""Share of the best score from which on a memory may tell of an occasion to be counted."""


def in_order(question: str, ranking: Sequence[Recollection]) -> list[Recollection]:
    """The ranking as a question for an occasion wants it.

    Of "the first time" and "the last time", the memories that are about as good as the best stand
    in the order of their times. Of "how many times", one memory of each day and conversation comes
    before the second of any, so that a prompt has room for all.
    """
    letters = plain(question)[0]
    if _COUNTED.search(letters):
        return _reordered(ranking, _RELATED, _one_of_each)
    if _FIRST.search(letters):
        return _reordered(ranking, _ALIKE, _by_time)
    if _LAST.search(letters):
        return _reordered(ranking, _ALIKE, _by_time_backwards)
    return list(ranking)


def _reordered(ranking: Sequence[Recollection], share: float, order: _Order) -> list[Recollection]:
    """The ranking with its best in another order; their scores stay where they were."""
    least = share * ranking[0].score if ranking else 0.0
    count = next((i for i, one in enumerate(ranking) if one.score < least), len(ranking))
    best = ranking[:count]
    moved = [one.at(place.score, "order") for one, place in zip(order(best), best, strict=True)]
    return [*moved, *ranking[count:]]


def _by_time(best: Sequence[Recollection]) -> list[Recollection]:
    """Earliest first; what has no time comes last, and equal times keep their order."""
    return sorted(best, key=lambda one: one.record.said_at or _AFTER_ALL)


def _by_time_backwards(best: Sequence[Recollection]) -> list[Recollection]:
    """Latest first; what has no time comes last, and equal times keep their order."""
    # Sorting backwards keeps equal ones in order, too.
    return sorted(best, key=lambda one: one.record.said_at or _BEFORE_ALL, reverse=True)


def _one_of_each(best: Sequence[Recollection]) -> list[Recollection]:
    """The best of each occasion, then the others."""
    seen = set()
    first: list[Recollection] = []
    others: list[Recollection] = []
    for one in best:
        said = one.record.said_at
        occasion = one.record.source, said.date() if said else None
        (others if occasion in seen else first).append(one)
        seen.add(occasion)
    return [*first, *others]


_AFTER_ALL = datetime.max.replace(tzinfo=timezone.utc)
_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)


def _any_of(*phrases: str) -> re.Pattern[str]:
    spaced = (plain(phrase)[0].replace(" ", r"\s+") for phrase in phrases)
    return re.compile("|".join(spaced))


_FIRST = _any_of(
    *(r"\bfirst time\b", r"\bearliest\b", r"\bwhen\b.*\bfirst\b"),
    *(r"\berste[ns]? mal\b", r"\berstmals\b", r"\bpremiere fois\b", r"\bprimera vez\b"),
    *(r"\bprima volta\b", r"\bprimeira vez\b", r"\bпервый раз\b", r"\bвпервые\b"),
    *("第一次", "首次", "最早"),
)
_LAST = _any_of(
    r"\b(?:last time|most recent(?:ly)?|latest)\b",
    r"\bwhen\b.*\blast\b(?! (?:night|weekend|week|month|year|spring|summer|autumn|fall|winter)\b)",
    *(r"\bletzte[ns]? mal\b", r"\bzuletzt\b", r"\bderniere fois\b", r"\bultima vez\b"),
    *(r"\bultima volta\b", r"\bпоследний раз\b", "最后一次", "最近一次", "上一次", "上次"),
)
_COUNTED = _any_of(
    *(
        r"\bhow many times\b",
        r"\bhow often\b",
        r"\bwie oft\b",
        r"\bwie haufig\b",
        r"\bwie viele male\b",
    ),
    *(r"\bcombien de fois\b", r"\ba quelle frequence\b", r"\bcuantas veces\b", r"\bquante volte\b"),
    *(r"\bcon que frecuencia\b", r"\bcon quale frequenza\b", r"\bquantas vezes\b"),
    *(r"\bcom que frequencia\b", r"\bсколько раз\b", r"\bкак часто\b", "几次", "多少次"),
)
