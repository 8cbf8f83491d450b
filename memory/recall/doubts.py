"""Doubt that what was recalled answers a question, or speaks of whom it asks about. Pure.

The nearest memories are recalled for any question, also for one that none of them answers. They
stay, because a wrong doubt must cost nothing; but a prompt that says so keeps a model from taking
what it reads for the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from remem.recall.reading.asking import is_question
from remem.recall.reading.matter import Matter, is_english, matter_of
from remem.recall.reading.persons import named_in
from remem.recall.reading.question import Query
from remem.recall.reading.sentences import statement_share
from remem.recall.reading.tongues import tongue_of
from remem.recall.recollection import Recollection
from remem.views import line

Doubt = Literal["", "unanswered", "other person"]

SENTENCES: Mapping[str, str] = {
    "unanswered": "Nothing that is remembered seems to answer this.",
    "other person": "Nothing that is remembered says this of the person who is asked about; what "
    "follows was said by or about others.",
}
"""Of each kind of doubt, for people and models to read."""

_ENOUGH, _SHARE = 0.52, 0.4
"""Nearness of the nearest of ten memories, and so much of the share of the question that the one
with most of it holds, below which all seem to be about something else."""

_SHARED = 0.36
"""Such a share where the encoder cannot read the question, and nothing but words tells."""

_SHARED_SIGNS = 0.2
"""The same of a text without spaces, where a pair of signs that is not shared may be no word."""

_LEAD = 0.25
"""Share of the question, without the name, by which a memory of others holds more of it than any
that has the name."""

_RIGHT = 0.4
"""Probability of the right person below which there is doubt."""

_MOST, _BEST = 30, 10
"""Memories in which the words of a question about somebody are looked for, and of any other."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measures of the best memories against the question.

    Attributes:
        nearness: Of the nearest; see ``relevance.Scale``.
        covered: Share of the question that the one with most of it holds; see ``relevance.Rarity``.
        right_person: Probability that they are of whom the question names.
        weights: Token of the question -> how rare it is.
        held: Tokens of the question that each memory holds, best first.
        is_known: Somebody stated what the question asks for.
        reads_all: The encoder is one of all languages.
    """

    nearness: float
    covered: float
    right_person: float
    weights: Mapping[str, float]
    held: Sequence[Set[str]]
    is_known: bool
    reads_all: bool


def doubt(query: Query, ranking: Sequence[Recollection], found: Evidence) -> Doubt:
    """The doubt that a question leaves; a message that asks nothing leaves none."""
    if found.is_known or not is_question(query.text):
        return ""
    named = named_in(query, [one.record for one in ranking])
    if is_english(query.text):
        why = _in_english(found, named)
    else:
        why = _in_other_languages(query, ranking, found, named)
    if found.right_person < _RIGHT:
        return "other person"
    return "" if query.spans and why == "unanswered" else why


def _in_english(found: Evidence, named: Set[str]) -> Doubt:
    rest = {token: weight for token, weight in found.weights.items() if token not in named}
    of_them, of_others = 1.0, 0.0
    if named and rest:
        held = found.held[:_MOST]
        shares = [_share(rest, each) for each in held]
        of_them, of_others = _apart(shares, [not named.isdisjoint(each) for each in held])
    if of_others - of_them >= _LEAD:
        return "other person"
    is_near = found.nearness + _SHARE * found.covered >= _ENOUGH
    return "" if is_near and of_them > 0 else "unanswered"


def _in_other_languages(
    query: Query, ranking: Sequence[Recollection], found: Evidence, named: Set[str]
) -> Doubt:
    told = [
        _Told(line(one.record), held, not named.isdisjoint(held))
        for one, held in zip(ranking[: _MOST if named else _BEST], found.held, strict=False)
        if statement_share(one.record.text)
    ]
    matter = matter_of(query, found.weights, named)
    if found.reads_all and tongue_of(query.text) not in {tongue_of(each.text) for each in told}:
        # In other languages none of the words tells of whom it is.
        matter = replace(matter, possessed="", is_about_somebody=False)
    # To read the memories again takes time, and mostly their tokens say that one answers.
    if not matter.is_about_somebody and not _left_by(matter, told, _tokens_held, found):
        return ""
    return _left_by(matter, told, _words_held, found)


@dataclass(frozen=True, slots=True)
class _Told:
    """A memory that states something.

    Attributes:
        held: Tokens of the question that it holds.
        is_theirs: It has the name of whom the question is about.
    """

    text: str
    held: Set[str]
    is_theirs: bool


def _tokens_held(matter: Matter, told: _Told) -> Set[str]:
    return matter.words & told.held


def _words_held(matter: Matter, told: _Told) -> Set[str]:
    return matter.held(told.text)


def _left_by(
    matter: Matter,
    told: Sequence[_Told],
    look: Callable[[Matter, _Told], Set[str]],
    found: Evidence,
) -> Doubt:
    held = [look(matter, each) for each in told]
    shares = [_share(matter.weights, each) for each in held]
    if matter.is_about_somebody:
        covered, of_others = _apart(shares, [each.is_theirs for each in told])
        if of_others - covered >= _LEAD:
            return "other person"
    else:
        covered = max(shares, default=0.0)
    if matter.possessed and not any(matter.possessed in each for each in held):
        covered = 0.0
    if found.reads_all:
        is_near = found.nearness + _SHARE * covered >= _ENOUGH
        is_near = is_near and (covered > 0 or not matter.is_about_somebody)
    else:
        is_near = covered >= (_SHARED_SIGNS if matter.is_chinese else _SHARED)
    return "" if is_near else "unanswered"


def _apart(shares: Iterable[float], theirs: Iterable[bool]) -> tuple[float, float]:
    """The largest of the shares that are theirs, and of the others; 0 where there are none."""
    of_them = of_others = 0.0
    for share, is_theirs in zip(shares, theirs, strict=True):
        if is_theirs:
            of_them = max(of_them, share)
        else:
            of_others = max(of_others, share)
    return of_them, of_others


def shared_doubt(recollections: Iterable[Recollection]) -> str:
    """The doubt of a whole search: that of what it found besides echoes and what is pinned."""
    doubts = {
        one.doubt for one in recollections if not (one.echo or one.record.metadata.get("pinned"))
    }
    return doubts.pop() if len(doubts) == 1 else ""


def _share(weights: Mapping[str, float], held: Set[str]) -> float:
    return sum(weights[token] for token in weights if token in held) / (sum(weights.values()) or 1)
