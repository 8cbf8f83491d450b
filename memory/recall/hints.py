"""Hints: what a short message may say of a state that a question asks for, where no form of
statement claims it. Pure.

"Cancelled there, Basecamp has me now, the showers are warm" names no gym, but has a name, a change,
and a word that news about gyms have. Of all states with such a value it is likeliest about this one.
That is not enough to say that what was stated before is so no longer: a hint marks nothing, and
counts for a question about its state alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from remem.recall.claims import Claim, State, amount_pattern, claims, is_about_another
from remem.recall.languages import CHINESE
from remem.recall.sentences import asks
from remem.recall.states import Known, Language, named_kinds

_MOST_CHARACTERS = 200
"""Of a message; longer ones have words of everything."""

_LEAST = 2.5
_FEW_WORDS = 6
_MOST_WORDS = 3


def hints(text: str, asked: Iterable[State], language: Language) -> Iterator[Claim]:
    """The claims that a message may make about some states.

    Args:
        language: The one in which somebody asks.
    """
    if len(text) > _MOST_CHARACTERS or asks(text):
        return
    likely = [
        (whose, known)
        for whose, name in asked
        for known in language.states
        if known.name == name and known.around is not None and known.around.search(text)
    ]
    if not likely or language.skip.search(text) or is_about_another(text, language):
        return
    if any(" " not in claim.state[1] for claim in claims(text)):  # it is about something known
        return
    changed = _NEWS.search(text) is not None or language.change.search(text) is not None
    weight = changed + 0.5 * (language.own.search(text) is not None) + 0.5 * _is_terse(text)
    for whose, known in likely:
        words = _words(known, text)
        if whose and not (language.whose(text) == whose or words > 1):
            continue
        if words + weight < _LEAST or words < _most_of_others(known, text, language):
            continue
        if value := _value(text, known, language):
            yield Claim((whose, known.name), value, True)


def _is_terse(text: str) -> bool:
    """True for a message of a few words, as in "Moved again: Graz"."""
    return len(text.split()) <= _FEW_WORDS or ":" in text


def _words(known: Known, text: str) -> int:
    """The number of words that news about a state have."""
    if known.around is None:
        return 0
    return min(_MOST_WORDS, len({each.lower() for each in known.around.findall(text)}))


def _most_of_others(known: Known, text: str, language: Language) -> int:
    """The most words that a message has of another state with such values."""
    kind = named_kinds(known)
    others = (each for each in language.states if each is not known and named_kinds(each) == kind)
    return max((_words(each, text) for each in others), default=0)


def _value(text: str, known: Known, language: Language) -> frozenset[str]:
    """The first value of the kind of a state; empty: there is none."""
    if not known.is_name:
        found = re.search(amount_pattern(known), text, re.IGNORECASE)
        return known.kind.read(found[0]) if found else frozenset()
    assert known.around is not None  # see hints
    for pattern in (*language.persons, *language.names, *_NAMES.get(language.name, (_NAME,))):
        for found in pattern.finditer(text):
            name = found["v"]
            if (value := known.kind.read(name)) and not known.around.search(name):
                return value
    return frozenset()


_NAME = re.compile(r"(?<=[\w,;:'’&(=] )(?P<v>(?!I\b|I')[A-ZÀ-ÖØ-ÞА-ЯЁ][\w'&.-]*)")
_NAMES: Mapping[str, tuple[re.Pattern[str], ...]] = {"de": (), CHINESE: ()}
"""Language -> further patterns of a name; German nouns have capitals, and Chinese has none."""

_NEWS = re.compile(
    r"\b(?:day one|first (?:day|week|month|time|night)|(?:second|third) (?:day|week)|finally|at last"
    r"|just|today|tonight|yesterday|officially|bye|goodbye|settled|took me on|gone over"
    r"|erste[rnsm]? (?:tag|woche|mal)|endlich|gestern|heute|gelandet"
    r"|premi(?:er|ère) (?:jour|semaine|fois)|enfin|hier|aujourd'hui"
    r"|primer[ao]? (?:día|semana|vez)|por fin|al final|ayer|hoy"
    r"|primeir[oa] (?:dia|semana|vez)|finalmente|ontem|hoje)\b"
    r"|第一|今天|昨天|终于|总算|这次|改",
    re.IGNORECASE,
)
"""Words of news, besides those of a change."""
