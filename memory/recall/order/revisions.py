"""The order of decisions in the work of an agent: the one that a question means, and before it what
takes it back. Pure.

"Its cache is an LRU now" answers "Where does it keep results?" in fewer of its words than "We go
with Redis for the cache" did. Nothing is marked for that, because it depends on the question.
English only, as decisions are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from datetime import datetime

from remem.recall.reading.decisions import decides
from remem.recall.reading.question import Query
from remem.recall.recollection import Recollection, placed
from remem.store.fulltext.tokens import content_words, tokenize
from remem.views import is_agents

_REVISES = re.compile(
    r"\b(?:chang(?:e|ed|ing) (?:my|our|your) minds?|tak(?:e|es|en|ing) (?:that|it|this|them) back|"
    r"from now on|no longer|any ?more|instead of|after all|revert(?:ed|ing)?|overruled?|"
    r"scrap(?:ped|ping)?|drop(?:ped|ping)? .{1,60} (?:for|in favou?r of)|"
    r"(?:switch|mov)(?:e|ed|ing)? (?:over |back |away )?(?:to|from)|"
    r"replac(?:e|ed|es|ing) .{1,60} (?:by|with)|(?:is|are|uses?|has|have) .{1,80} now\b)",
    re.IGNORECASE,
)
_REASON = re.compile(r"\b(?:because|since|the reason)\b|[,;] as\b", re.IGNORECASE)
_VOCABULARY = frozenset(
    tokenize(
        "decided decide decision settle settled let go went get gets got use uses used stay reason "
        "because since change changed mind take back now on from instead longer anymore again new "
        "switch switched move moved replace replaced revert rule always never must we"
    )
)
_LEAST_SHARED = 2
_MOST_PLACES = 60
_MOST_CHARACTERS = 4000


def newest_decision_first(question: Query, ranking: Sequence[Recollection]) -> list[Recollection]:
    """The ranking with each decision that revises an earlier one in front of that.

    It says that something has changed, and of all that was settled before about what the question
    names, it has the most words in common with what it revises: some beyond those of the question,
    which others about the same thing share as well, or all of the question's.

    Args:
        ranking: Best first.
    """
    result = list(ranking)
    settled = sorted(filter(_settles, ranking[:_MOST_PLACES]), key=_moment)
    revising = [one for one in settled if _REVISES.search(one.record.text[:_MOST_CHARACTERS])]
    words = {one.record.key: _words(one) for one in settled} if revising else {}
    for newer in revising:
        _raise(newer, _revised(question.tokens.keys(), newer, settled, words), result)
    return result


def nearest_decision_first(
    question: Query, ranking: Sequence[Recollection], cosines: Mapping[str, float]
) -> list[Recollection]:
    """The ranking in which decisions that have the same words of the question stand in the order of
    their nearness to it.

    They are about the same thing, which its name says in all of them, and which of its matters the
    question means, no word says. A session begins by naming its matter, so that a decision is as
    near as it and the nearest request of its session are together.

    Args:
        ranking: Best first.
        cosines: By key, of what is near to the question.
    """
    result = list(ranking)
    requests: defaultdict[str, float] = defaultdict(float)
    for one in ranking:
        if one.record.role == "user":
            source = one.record.source
            requests[source] = max(requests[source], cosines.get(one.record.key, 0.0))
    alike: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for place, one in enumerate(ranking[:_MOST_PLACES]):
        if _settles(one) and (named := _words(one).intersection(question.tokens)):
            alike[named].append(place)

    def nearness(place: int) -> float:
        record = ranking[place].record
        return cosines.get(record.key, 0.0) + requests[record.source]

    for places in alike.values():
        nearest = sorted(places, key=nearness, reverse=True)
        result = placed(result, places, (ranking[better] for better in nearest), "nearest")
    return result


def _settles(one: Recollection) -> bool:
    said = one.record.said_at is not None
    return said and is_agents(one.record) and decides(one.record.text)


def _moment(one: Recollection) -> tuple[datetime, int]:
    assert one.record.said_at is not None  # see _settles
    return one.record.said_at, one.record.position


def _revised(
    asked: Set[str],
    newer: Recollection,
    settled: Sequence[Recollection],
    words: Mapping[str, frozenset[str]],
) -> list[Recollection]:
    """The decisions that one revises, of all that were there before and are about the same of the
    things that the question names.

    Args:
        words: Those of each of the decisions, by its key.
    """
    own = words[newer.record.key]
    shared = {
        one.record.key: own & of_it
        for one in settled
        if _moment(one) < _moment(newer)
        and (of_it := words[one.record.key]) & asked
        and of_it & asked <= own
    }
    most = max(map(len, shared.values()), default=0)
    return [
        one
        for one in settled
        if len(common := shared.get(one.record.key, frozenset())) == most
        and most >= _LEAST_SHARED
        and (common - asked or asked <= common)
    ]


def _words(one: Recollection) -> frozenset[str]:
    """The words of what a decision is about: its reason speaks of anything."""
    text = one.record.text[:_MOST_CHARACTERS]
    before = _REASON.split(text, maxsplit=1)[0]
    words = content_words(before if before.strip() else text).keys()
    return frozenset(words) - _VOCABULARY


def _raise(
    newer: Recollection, revised: Sequence[Recollection], result: list[Recollection]
) -> None:
    """Put a decision in front of those that it revises, with the score of the first of them."""
    places = {one.record.key: place for place, one in enumerate(result)}
    first = min((places[one.record.key] for one in revised), default=None)
    place = places[newer.record.key]
    if first is not None and first < place:
        del result[place]
        result.insert(first, newer.at(result[first].score, "newest"))
