"""Questions for one of several occasions, or for all: the first time, the last, how many. Pure.

Of memories that answer such a question about equally well, words cannot tell which is meant, but
their times can.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TypeAlias

from remem.recall.reading.asking import is_question
from remem.recall.reading.dates.locales import plain
from remem.recall.recollection import Recollection, placed
from remem.store.fulltext.tokens import tokenize

_Order: TypeAlias = "Callable[[Sequence[Recollection]], list[Recollection]]"

_ALIKE = 0.9
"""Share of the best score from which on a memory is about as good as the best."""

_OF_THE_MATTER = 0.5
"""The same for a memory that tells of the same matter."""

_MOST_PLACES = 24

_MOST_CHARACTERS = 2000
"""Of a longer text the beginning is read."""

_RELATED = 0.75
"""Share of the best score from which on a memory may tell of an occasion to be counted."""


def in_order(
    question: str, ranking: Sequence[Recollection], rarity: Mapping[str, float]
) -> list[Recollection]:
    """The ranking as a question for an occasion wants it.

    Of "the first time" and "the last time", the memories that are about as good as the best, or
    tell of the same matter, stand in the order of their times. Of "how many times", one memory of
    each day and conversation comes before the second of any, so that a prompt has room for all.

    Args:
        ranking: Best first.
        rarity: Inverse document frequency of the words of the question.
    """
    letters = plain(question)[0]
    if counts_occasions(question):
        return _reordered(ranking, _best(ranking, _RELATED), _one_of_each)
    if _FIRST.search(letters):
        return _reordered(ranking, _occasions(ranking, rarity), _by_time)
    if _LAST.search(letters):
        return _reordered(ranking, _occasions(ranking, rarity), _by_time_backwards)
    return list(ranking)


def counts_occasions(question: str) -> bool:
    """True if a question asks how many times something happened."""
    return _COUNTED.search(plain(question)[0]) is not None


def _best(ranking: Sequence[Recollection], share: float) -> list[int]:
    """The places of the memories that have this share of the best score."""
    least = share * ranking[0].score if ranking else 0.0
    return [place for place, one in enumerate(ranking) if one.score >= least]


def _occasions(ranking: Sequence[Recollection], rarity: Mapping[str, float]) -> list[int]:
    """The places of what may tell of an occasion: the memories about as good as the best, and the
    statements of one person about the matter, which is the rarest word of the question that several
    statements hold."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place in _best(ranking[:_MOST_PLACES], _OF_THE_MATTER):
        record = ranking[place].record
        if record.role != "assistant" and not is_question(record.text):
            for token in (rarity.keys() - _ORDINALS) & set(
                tokenize(record.text[:_MOST_CHARACTERS])
            ):
                holders[token].append(place)
    matter = _matter(holders, rarity)
    speakers = {place: ranking[place].record.speaker for place in holders[matter]}
    told = [place for place, one in speakers.items() if one == next(iter(speakers.values()))]
    return sorted({*told, *_best(ranking, _ALIKE)})


def _matter(holders: Mapping[str, Sequence[int]], rarity: Mapping[str, float]) -> str:
    """The rarest word that several hold; or one that is rare, too, if they all hold it and others
    do: of Chinese words a pair of characters in some sentences is the end of another word."""
    several = sorted(token for token, places in holders.items() if len(places) > 1)
    matter = max(several, key=lambda token: rarity[token], default="")
    wider = [
        token
        for token in several
        if rarity[token] >= _RARE and {*holders[token]} > {*holders[matter]}
    ]
    return max(wider, key=lambda token: rarity[token], default=matter)


_RARE = 3.0
"""Least inverse document frequency of a word that may be the matter: at most one memory in twenty
has it."""


def _reordered(
    ranking: Sequence[Recollection], places: Sequence[int], order: _Order
) -> list[Recollection]:
    """The ranking with the memories at some places in another order; the scores of the places stay
    where they were."""
    return placed(ranking, places, order([ranking[place] for place in places]), "order")


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


_ORDINALS = frozenset(
    tokenize(
        "first last time recent recently earliest latest erste ersten letzte letzten mal zuletzt "
        "premier première fois dernier dernière primer primera vez último última prima volta "
        "primeiro primeira первый раз впервые последний 第一次 首次 最早 最后一次 最近一次 上一次"
    )
)
"""The tokens that say which one of several occasions, and not of what."""

_MINE = r"^(?!how\b|wie\b|combien\b|cuant|quant).*"
"""The beginning of a question that asks for none but the first or the last one: "how many days
after my first sprint" asks for two."""

_WHEN = r"(?:\bwann\b|\bcuando\b|\bquand\b|\bquando\b|\bкогда\b|\bque dia\b|\bwelche[mn]? tag\b).*"

_NO_TIME = (
    r"\w*\b(?! (?:woche|wochenende|monat|jahr|nacht|fruhling|sommer|herbst|winter|montag|dienstag"
    r"|mittwoch|donnerstag|freitag|samstag|sonntag|semana|fin de|mes|ano|noche|verano|invierno"
    r"|otono|primavera|lunes|martes|miercoles|jueves|viernes|sabado|domingo|mois|an\b|annee|nuit|ete|hiver"
    r"|settimana|mese|anno|notte|estate|fim de|noite|verao|inverno|недел|месяц|год|ноч|лет|зим))"
)
_NO_TIME_BEFORE = "".join(
    rf"(?<!\b{time}\s)"
    for time in (
        "semaine mois annee an nuit ete hiver automne printemps lundi mardi mercredi jeudi "
        "vendredi samedi dimanche week-end"
    ).split()
)
"""The rest of a word for the last one, and what stands before it, where that is none of the times
of which dates tell."""

_FIRST = _any_of(
    *(r"\bfirst time\b", r"\bearliest\b", r"\bwhen\b.*\bfirst\b"),
    _MINE
    + r"\b(?:my (?:very )?first\b(?! name\b)|mein(?:e|en|em|er)? erste|m(?:on|a) premiere?\b)",
    _MINE + r"\b(?:mi primer|m(?:eu|inha) primeir|mi[ao] prim[oa]\b)",
    _WHEN
    + r"\b(?:(?:aller)?erste[nrsm]?|zuerst|primer[ao]?|premiere?|primeir[ao]|prim[oa]|перв\w+)\b",
    *(r"\b(?:aller)?erste[ns]? mal\b", r"\berstmals\b", r"\bzum ersten\b", r"\bpremiere fois\b"),
    *(r"\bprimera vez\b", r"\bvez primera\b", r"\bprima volta\b", r"\bprimeira vez\b"),
    *(r"\bпервый раз\b", r"\bвпервые\b"),
    *("第一[次回]", "头一[次回]", "首次", "最早", "最初"),
)
_LAST = _any_of(
    r"\b(?:last time|most recent(?:ly)?|latest)\b",
    r"\bwhen\b.*\blast\b(?! (?:night|weekend|week|month|year|spring|summer|autumn|fall|winter)\b)",
    _MINE + r"\b(?:my (?:very )?last\b(?! name\b)|mein(?:e|en|em|er)? letzte|m(?:on|a) dernier)",
    _MINE + r"\b(?:mi ultim|m(?:eu|inha) ultim|mi[ao] ultim)",
    _WHEN + rf"{_NO_TIME_BEFORE}\b(?:letzte|ultim[oa]|dernier|послед){_NO_TIME}",
    *(r"\bletzte[ns]? mal\b", r"\bzuletzt\b", r"\bletztmals\b", r"\bderniere fois\b"),
    *(r"\ben dernier\b", r"\bultima vez\b", r"\bpor ultimo\b", r"\bvez mas reciente\b"),
    *(
        r"\bultima volta\b",
        r"\bmais recente(?:mente)?\b",
        r"\bпоследний раз\b",
        r"\bв прошлый раз\b",
    ),
    *("最后一[次回]", "最近一[次回]", "上一?[次回]", "最近是?什么时候", "最近[在是]?哪天"),
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
    *(
        r"\bcom que frequencia\b",
        r"\bсколько раз\b",
        r"\bкак часто\b",
        "[几幾][次回趟]",
        "多少[次回趟]",
    ),
)
