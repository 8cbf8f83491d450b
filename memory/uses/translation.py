"""Translations from memory: sentences that were translated before, and what is made of them. Pure,
but for the engine that is asked about the rest.

A sentence that is known is not translated again. Of one that is like it (70 % or more) the stored
translation is taken, with numbers, names, placeholders and terms of the glossary carried over.
Anything else goes to an engine, which sees neither placeholders nor terms of the glossary: marks
stand in their place, and no engine translates them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from remem.recall.prompt import neutralise
from remem.store import Record
from remem.uses.engines import Engine
from remem.uses.matching import (
    at_most,
    contains,
    is_placeholder,
    percent,
    pieces,
    repaired,
    shown_difference,
    whole,
    words_of,
)

REPAIRED_FROM = 70
"""Per cent from which on a stored translation is better than an engine's."""

_AS_NEAR = 3
"""Per cent by which another may be farther than the nearest, and be repaired instead."""

_SHOWN_FROM = 50
_MOST_SHOWN = 3

Origin = Literal["stored", "repaired", "engine", "generator", "none"]

Glossary = Mapping[str, str]
"""A term to the translation that it must have."""


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence that was translated before.

    Attributes:
        percent: How like the new one it is.
        translation: As it is stored.
        difference: The new sentence with what is otherwise in this one, ``[-before-]{+now+}``.
    """

    record: Record
    percent: int
    translation: str
    difference: str


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation, and what it was made of.

    Attributes:
        text: Empty where nothing near is stored, and there is no engine.
        origin: What made it.
        matches: The sentences that are most like it, the best first.
        terms: Terms of the glossary that the text has.
        missing: Those of them whose translation the new text lacks.
    """

    text: str
    origin: Origin
    matches: tuple[Match, ...]
    terms: Mapping[str, str]
    missing: tuple[str, ...]


def matches(text: str, to: str, records: Sequence[Record]) -> list[Match]:
    """The records with a translation that are most like a text, the best first; of equal ones the
    newest."""
    newest = sorted(records, key=lambda one: (str(one.said_at or one.stored_at), one.key))
    near = [one for one in reversed(newest) if at_most(one.text, text) >= _SHOWN_FROM]
    rated = [(percent(one.text, text), one) for one in near]
    rated.sort(key=lambda pair: -pair[0])
    return [
        Match(one, share, one.metadata["translations"][to], shown_difference(one.text, text))
        for share, one in rated[:_MOST_SHOWN]
        if share >= _SHOWN_FROM
    ]


def translated(
    text: str, found: Sequence[Match], glossary: Glossary, engine: Engine | None
) -> Translation:
    """The translation of a text: as it is stored, repaired, or the engine's.

    A repaired one that lacks a term of the glossary gives way to the engine's.
    """
    said = words_of(text)
    terms = {term: wanted for term, wanted in glossary.items() if contains(said, term)}
    best = found[0].percent if found else 0
    if best == 100:
        return _checked(found[0].translation, "stored", found, terms)
    if best >= REPAIRED_FROM:
        made = _checked(_copy(text, found, glossary), "repaired", found, terms)
        if engine is None or not made.missing:
            return made
    if engine is None:
        return Translation("", "none", tuple(found), terms, ())
    return _checked(_shielded(text, terms, engine), "engine", found, terms)


def _copy(text: str, found: Sequence[Match], glossary: Glossary) -> str:
    """The stored translation into which most of the differences can be carried over, of those that
    are about as near as the best."""
    known = {term.lower(): wanted for term, wanted in glossary.items()}
    near = [one for one in found if one.percent >= found[0].percent - _AS_NEAR]
    copies = [repaired(one.record.text, one.translation, text, known) for one in near]
    return min(copies, key=lambda copy: len(copy.left)).text


def by_generator(made: Translation, text: str) -> Translation:
    """The same, with what a generator wrote of it."""
    return _checked(text, "generator", made.matches, made.terms)


def block(found: Sequence[Match], terms: Glossary) -> str:
    """All that is known, for a generator to read: sentences with their translations, and terms."""
    pairs = (f"- {neutralise(one.record.text)} => {neutralise(one.translation)}" for one in found)
    known = (f"- {neutralise(term)} => {neutralise(wanted)}" for term, wanted in terms.items())
    parts = [("Sentences that were translated before:", [*pairs]), ("Use these terms:", [*known])]
    return "\n\n".join("\n".join([title, *lines]) for title, lines in parts if lines)


def _checked(text: str, origin: Origin, found: Sequence[Match], terms: Glossary) -> Translation:
    missing = tuple(term for term, wanted in terms.items() if not contains(text, wanted))
    return Translation(text, origin, tuple(found), terms, missing)


def _shielded(text: str, terms: Glossary, engine: Engine) -> str:
    """The engine's translation, of a text in which marks stand for what must not be translated.

    If it loses one of them, it is asked about the bare text.
    """
    kept = {term.lower(): wanted for term, wanted in terms.items()}
    kept |= {piece: piece for piece in pieces(text) if is_placeholder(piece)}
    if not kept:
        return engine(text)
    marks = dict(zip(_marks(text), kept, strict=False))
    mark_of = {term: mark for mark, term in marks.items()}
    either = "|".join(map(whole, sorted(kept, key=len, reverse=True)))

    def mark(found: re.Match[str]) -> str:
        said = found.group()
        return mark_of.get(said) or mark_of.get(said.lower(), said)

    shielded = re.sub(either, mark, text, flags=re.IGNORECASE)
    answer = engine(shielded)
    if any(shielded.count(mark) != answer.count(mark) for mark in marks):
        return engine(text)
    return re.sub("|".join(marks), lambda found: kept[marks[found.group()]], answer)


def _marks(text: str) -> Iterator[str]:
    """Words that no language has, nor the text."""
    return (mark for number in count(1) if (mark := f"Zq{number}zq") not in text)
