"""Doubt that what was recalled answers a question, or speaks of whom it asks about. Pure.

The nearest memories are recalled for any question, also for one that none of them answers. They
stay, because a wrong doubt must cost nothing; but a prompt that says so keeps a model from taking
what it reads for the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from remem.recall.languages import ENGLISH, has_chinese, spoken
from remem.recall.ranking import Recollection
from remem.recall.sentences import asks_at_last
from remem.recall.signals import Query
from remem.recall.states import language_of
from remem.store.fulltext.tokens import content_words, tokenize

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

_SHARED = 0.33
"""Such a share where the encoder cannot read the question, and nothing but words tells."""

_SHARED_SIGNS = 0.04
"""The same of a text without words, whose signs are rarely shared."""

_LEAD = 0.25
"""Share of the question, without the name, by which a memory of others holds more of it than any
that has the name."""

_RIGHT = 0.4
"""Probability of the right person below which there is doubt."""

_MOST = 30


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
    if found.is_known or not asks_at_last(query.text):
        return ""
    of_them, of_others = _shares_of(query, ranking, found)
    if found.right_person < _RIGHT or of_others - of_them >= _LEAD:
        return "other person"
    if query.spans:
        return ""
    letters = "".join(filter(str.isalpha, query.text))
    reads = found.reads_all or (letters.isascii() and spoken(query.text)[0] == ENGLISH)
    if reads:
        near = found.nearness + _SHARE * found.covered >= _ENOUGH
    else:
        near = found.covered >= (_SHARED_SIGNS if has_chinese(query.text) else _SHARED)
    return "" if near and (of_them > 0 or not reads) else "unanswered"


def shared_doubt(recollections: Iterable[Recollection]) -> str:
    """The doubt of a whole search: that of what it found besides echoes and what is pinned."""
    doubts = {
        one.doubt for one in recollections if not (one.echo or one.record.metadata.get("pinned"))
    }
    return doubts.pop() if len(doubts) == 1 else ""


def _shares_of(
    query: Query, ranking: Sequence[Recollection], found: Evidence
) -> tuple[float, float]:
    """The largest shares of what is asked about somebody that a memory with their name holds, and
    one without it; 1 and 0 if the question names nobody."""
    named = named_in(query, ranking)
    rest = {token: weight for token, weight in found.weights.items() if token not in named}
    if not named or not rest:
        return 1.0, 0.0
    of_them = of_others = 0.0
    for held in found.held[:_MOST]:
        share = _share(rest, held)
        if named.isdisjoint(held):
            of_others = max(of_others, share)
        else:
            of_them = max(of_them, share)
    return of_them, of_others


def named_in(query: Query, ranking: Sequence[Recollection]) -> Set[str]:
    """The tokens of the question that name somebody: speakers, and what it writes with a capital,
    but for places, times and the beginning. Who asks about themselves names things so."""
    speakers = {one.record.speaker for one in ranking if one.record.speaker}
    names = {token for name in speakers for token in content_words(name)}
    text, language = query.text, language_of(query.text)
    if language is None or not language.own.search(text):
        for span in query.spans:
            text = text.replace(span.phrase, " ")
        names |= {token for found in _NAME.finditer(text) for token in tokenize(found[0])}
    return query.tokens.keys() & names


def _share(weights: Mapping[str, float], held: Set[str]) -> float:
    return sum(weights[token] for token in weights if token in held) / (sum(weights.values()) or 1)


_NAME = re.compile(
    r"(?<=\w )(?<!\b[Ii]n )(?<!\b[Aa]t )(?<!\b[Tt]o )(?<!\b[Ff]rom )(?<!\b[Nn]ach )(?<!\b[Aa]us )"
    r"(?<!\b[Ee][nm] )(?<!\b[Àà] )(?<!\b[Dd]ans )(?<!\b[Nn][ao] )"
    r"[A-ZÀ-ÖØ-ÞА-ЯЁ](?![A-ZÀ-ÖØ-ÞА-ЯЁ])\w*"
)
