"""An answer without a model: the sentences that somebody said, or that nobody said it. Pure.

Nothing is worded anew, so nothing can be invented: whoever reads the quote sees who said it and
when. The figures behind the numbers below are in benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from remem.recall.reading.answers import answer_held, kinds_of_answer
from remem.recall.reading.demands import (
    Demand,
    demand_of,
    is_past,
    is_yes_or_no,
    thing_to_be_named,
    time_of_home,
)
from remem.recall.reading.excerpts import excerpt
from remem.recall.reading.question import named_among, names_in
from remem.recall.recollection import Recollection
from remem.recall.relevance import lead_of_named
from remem.store.fulltext.tokens import content_words, tokenize
from remem.store.types import in_short

NOBODY_SAID = "Nobody said."

MOST = 3
"""Memories that are quoted for a question."""

CONSIDERED = 10
"""Memories among which they are chosen."""

_WORDS = 40
"""Longest quote of a memory, in words; one that is hardly longer is quoted whole."""

_LEAST_RELEVANCE = 0.15
"""Of the best memory. Below it, the question is about something else than what is remembered."""

_RELEVANT_ALL_THE_SAME = 0.7
"""Relevance of the best memory from which on it is quoted though nothing seems to answer, unless
the question is whether something is so: "When does the lease begin?" is answered by "On the first
of April", which has none of its words."""

_LEAST_LEAD = 0.03
"""Of what is said by whom the question names; see ``lead_of_named``. Below it, somebody else said
what comes nearest, as for "What did Ben plant?" where it was Ana who planted something."""

_NEAR = 0.7
"""Share of the best score that a second quote has at least."""


@dataclass(frozen=True, slots=True, repr=False)
class Quote:
    """Words of a memory that answer a question.

    Attributes:
        recollection: The memory, with who said it, when and where.
        text: Its whole sentences that are quoted, as they were said.
    """

    recollection: Recollection
    text: str

    def __repr__(self) -> str:
        return f"Quote({in_short(self.text)}, {self.recollection.record.key!r})"


def quotes(question: str, found: Sequence[Recollection], most: int = MOST) -> list[Quote]:
    """The words that answer a question, best first; none where nobody said.

    Args:
        found: The memories of a search, best first, with the parts of their scores.
        most: Quotes at most, each of another memory.
    """
    evidence = [one for one in found if not one.echo]
    names = names_in(question)
    if not evidence or evidence[0].relevance < _LEAST_RELEVANCE:
        return []
    if evidence[0].doubt == "unanswered" and (
        evidence[0].relevance < _RELEVANT_ALL_THE_SAME or is_yes_or_no(question)
    ):
        return []
    named = named_among(names, {one.record.speaker for one in evidence if one.record.speaker})
    demand = demand_of(question)
    if demand is None and _is_of_another(evidence, question, names, named):
        return []
    able = _that_can_answer(evidence, question, named, demand)
    best = max((one.score for one in able), default=0.0)
    near = [one for one in able if one.score >= _NEAR * best]
    chosen = sorted(near, key=lambda one: bool(named) and one.record.speaker not in named)
    return [Quote(one, _quoted(one.record.text, question)) for one in chosen[:most]]


def _is_of_another(
    evidence: Sequence[Recollection], question: str, names: Set[str], named: Set[str]
) -> bool:
    """True if what comes nearest was said by somebody else than the question names."""
    lead = lead_of_named(names, evidence)
    if lead is None or lead >= _LEAST_LEAD:
        return False
    return not _says_it(evidence[0], question, named)


def _that_can_answer(
    evidence: Sequence[Recollection], question: str, named: Set[str], demand: Demand | None
) -> Sequence[Recollection]:
    """The memories that have the form of an answer, for a question whose answer has one; they are
    of whom it names, whoever said what comes nearest."""
    if demand is None:
        return _that_name_it(evidence, question)
    able = [one for one in evidence if demand(one.record.text) and _is_of(one, named)]
    then = [one for one in able if one.until or is_past(one.record.text)]
    match time_of_home(question):
        case "then":
            return then or able
        case "now":
            return [one for one in able if one.until or one not in then] or able
    return able


def _that_name_it(evidence: Sequence[Recollection], question: str) -> Sequence[Recollection]:
    """The memories, first those that speak of the thing whose name is asked for and give a name;
    the others stay, for a name is often told of "her"."""
    thing, kinds = thing_to_be_named(question), kinds_of_answer(question)
    found = [
        one
        for one in evidence
        if thing & set(tokenize(one.record.text)) and answer_held(one.record.text, kinds) == 1.0
    ]
    return [*found, *(one for one in evidence if one not in found)]


def _is_of(one: Recollection, named: Set[str]) -> bool:
    """True if somebody whom the question names says it, or is named in it; or it names nobody."""
    names = {word for name in named for word in tokenize(name)}
    return (
        not named or one.record.speaker in named or not names.isdisjoint(tokenize(one.record.text))
    )


def _says_it(one: Recollection, question: str, named: Set[str]) -> bool:
    """True if somebody whom the question names says it in its own words, but for the names."""
    asked = content_words(question).keys() - {each for name in named for each in tokenize(name)}
    return one.record.speaker in named and asked <= set(tokenize(one.record.text))


def _quoted(text: str, question: str) -> str:
    span = excerpt(text, question, _WORDS)
    return text.strip() if span is None else text[slice(*span)]
