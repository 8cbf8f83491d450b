"""Hints: what a short message may say of a state that a question asks for, where no form of
statement claims it. Pure.

"Cancelled there, Basecamp has me now, the showers are warm" names no gym, but has a name, a change,
and a word that news about gyms have. Of all states with such a value it is likeliest about this.
That is not enough to say that what was stated before is so no longer: a hint marks nothing, and
counts for a question about its state alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache

from remem.recall.reading.asking import is_question
from remem.recall.reading.claims import (
    NO_NAMES,
    Claim,
    State,
    amount_pattern,
    claims,
    is_about_others,
    is_no_value,
)
from remem.recall.reading.languages import CHINESE
from remem.recall.reading.states import Known, Language, language_named, named_kinds
from remem.store.fulltext.folding import CAPITALS, straight

_MOST_CHARACTERS = 200
"""Of a message; longer ones have words of everything."""

_LEAST = 2.5
"""Of the words of a state, and of the other signs that a message tells what is new."""

_MOST_WORDS = 3
_FIRST = 4
"""Characters within which a message about who speaks and others begins with who speaks."""

_FEW_WORDS = 6
_UNMISTAKABLE = frozenset({"phone", "email"})
"""States whose values are of nothing else."""

_FEW_CHARACTERS = 40


def hints(text: str, asked: Set[State], language: Language) -> tuple[Claim, ...]:
    """The claims that a message may make about some states.

    Args:
        language: The one in which somebody asks.
    """
    if len(text) > _MOST_CHARACTERS:
        return ()
    return _hints(straight(text), frozenset(asked), language.name)


@lru_cache(maxsize=16384)
def _hints(text: str, asked: frozenset[State], language: str) -> tuple[Claim, ...]:
    return tuple(_hinted(text, asked, language_named(language)))


def _hinted(text: str, asked: Set[State], language: Language) -> Iterator[Claim]:
    # Who speaks of a relative names them: "Boxes are in Leeds at last" is about who says it.
    likely = [
        (known, words)
        for known in language.states
        if ("", known.name) in asked and (words := _words(known, text))
    ]
    if not likely or is_question(text) or is_about_others(text, language) or language.whose(text):
        return
    if any(" " not in claim.state[1] for claim in claims(text)):  # it is about something known
        return
    change, own = _change(text, language), language.own.search(text)
    if not (change or own) or (language.other.search(text) and not (own and own.start() < _FIRST)):
        return
    signs = change + 0.5 + 0.5 * _is_terse(text)
    for known, words in likely:
        if words + signs < _LEAST or words < _most_of_others(known, text, language):
            continue
        if value := _value(text, known, language):
            yield Claim(("", known.name), value, True)


def _change(text: str, language: Language) -> float:
    """A weight of the words that tell of a change: "today" and "again" tell of little."""
    told = (*language.change.finditer(text), *_NEWS.finditer(text))
    if not told:
        return 0.0
    return 0.5 if all(_OF_ANY_DAY.fullmatch(each[0]) for each in told) else 1.0


def _is_terse(text: str) -> bool:
    """True for a message of a few words, as in "Moved again: Graz"."""
    if ":" in text or "：" in text:
        return True
    return len(text.split()) <= _FEW_WORDS and (text.isascii() or len(text) <= _FEW_CHARACTERS)


def _words(known: Known, text: str) -> int:
    """The number of words that news about a state have."""
    if known.around is None:
        return 0
    if known.name in _UNMISTAKABLE and known.kind.sign.search(text):
        value = re.search(known.kind.pattern, text, re.IGNORECASE)
        return _MOST_WORDS - 1 if value else 0
    if not known.around.search(text):
        return 0
    return min(_MOST_WORDS, len({each.lower() for each in known.around.findall(text)}))


def _most_of_others(known: Known, text: str, language: Language) -> int:
    """The most words that a message has of another state with such values."""
    kind = named_kinds(known)
    others = (each for each in language.states if each is not known and named_kinds(each) == kind)
    return max((_words(each, text) for each in others), default=0)


def _value(text: str, known: Known, language: Language) -> frozenset[str]:
    """The first value of the kind of a state in a clause that tells of the present; empty: none."""
    if not known.is_name:
        pattern = re.compile(f"(?P<v>{amount_pattern(known)})", re.IGNORECASE)
        return next(_values(pattern, text, known, language), frozenset())
    further = _NAMES.get(language.name, (_NAME,))
    for pattern in (*language.persons, *language.names, *further):
        for value in _values(pattern, text, known, language):
            return value
    if language.is_spaced or language.skip.search(text) or _change(text, language) < 1:
        return frozenset()
    return frozenset({text})  # where a name has no sign, all of it is as good


def _values(
    pattern: re.Pattern[str], text: str, known: Known, language: Language
) -> Iterator[frozenset[str]]:
    for found in pattern.finditer(text):
        before, behind = text[: found.start("v")], text[found.start("v") :]
        clause = _CLAUSE.split(before)[-1] + _CLAUSE.split(behind)[0]
        if language.skip.search(clause) or language.before.search(before):
            continue
        if known.is_name and known.around is not None and known.around.search(found["v"]):
            continue
        if is_no_value(before, known) or (not known.is_person and _TITLED.search(before)):
            continue
        if value := known.kind.read(found["v"]) - NO_NAMES:
            yield value


_CLAUSE = re.compile(r"[,;!?。，；！？]|\.(?!\d)|\b(?:and|but|und|et|mais|y|pero|e|mas)\b")
_CAPITAL = rf"(?P<v>(?!I\b|I')[{CAPITALS}][\w'&.-]*)"
_NAME = re.compile(rf"(?:(?<=[\w,;:'’&=] )|(?<=\()){_CAPITAL}")
_NAMES: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "de": (
        re.compile(rf"\b(?:beim?|zu[rm]?|i[nm]|vo[nm]|mit|an|für|nach|de[rnm]|die) {_CAPITAL}"),
        re.compile(rf"(?:^|: |[.!] ){_CAPITAL}(?= (?:ist|hat|heißt|übernimmt|führt)\b|[.!]*$)"),
    ),
    CHINESE: (),
}
"""Language -> further patterns of a name; German nouns have capitals, and Chinese has none."""

_TITLED = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|Herrn?|Frau|[Ss]eñora?|[Ss]enhora?|[Dd]octora?|[Mm]onsieur|[Mm]adame)\.? $"
)
_OF_ANY_DAY = re.compile(
    r"(?:today|tonight|yesterday|again|just|wieder|heute|gestern|encore|hier|aujourd'hui"
    r"|de nuevo|otra vez|hoy|ayer|de novo|outra vez|hoje|ontem|今天|昨天|又|刚)",
    re.IGNORECASE,
)
_NEWS = re.compile(
    r"\b(?:day (?:one|two|three|\d+)|(?:first|second|third) (?:day|week|month|time|night|session"
    r"|appointment|lesson)|(?:one|two|three) weeks? (?:in|into|at)|finally|at last|just|today"
    r"|tonight|yesterday|officially|good ?bye|bye|took me on|hired me|gone over|over to|moved"
    r"|went to|update|renew(?:ed|al)?|from \w+ on"
    r"|erste[rnsm]? (?:tag|woche|mal|stunde|termin|training)|(?:zwei|dritte|zweite) wochen?|endlich"
    r"|gestern|heute|gelandet|ab (?:sofort|jetzt)|umgezogen|gewechselt|neu|durch"
    r"|premi(?:er|ère) (?:jour|semaine|fois|séance|cours)|(?:deux|trois) semaines|enfin|hier"
    r"|aujourd'hui|ça y est|nouveau|transféré|changement"
    r"|primer[ao]? (?:día|semana|vez|clase)|por fin|al final|ayer|hoy|estreno|pasado a|pasé a|nuevo"
    r"|primeir[oa] (?:dia|semana|vez|aula)|finalmente|ontem|hoje|passei|entrei|troca|troquei)\b"
    r"|第[一二三]|今天|昨天|终于|总算|这次|改|换|刚|这周|以后|脱单|官宣|答应",
    re.IGNORECASE,
)
"""Words of news, besides those of a change."""
