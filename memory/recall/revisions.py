"""Decisions that take back earlier ones, in the work of an agent. Pure.

"Its cache is an LRU now" answers "Where does it keep results?" in fewer of its words than "We go
with Redis for the cache" did. Nothing is marked for that, because it depends on the question.
English only, as decisions are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from datetime import datetime

from remem.recall.decisions import decides
from remem.recall.ranking import Recollection
from remem.recall.signals import Query
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

    It says that something has changed, and of all that was settled before it has the most words in
    common with what it revises: some beyond those of the question, which others about the same
    thing share as well, or all of the question's.

    Args:
        ranking: Best first.
    """
    result = list(ranking)
    settled = [one for one in ranking[:_MOST_PLACES] if _settles(one)]
    for newer in sorted(settled, key=_moment):
        if _REVISES.search(newer.record.text[:_MOST_CHARACTERS]):
            _raise(newer, _revised(question.tokens.keys(), newer, settled), result)
    return result


def _settles(one: Recollection) -> bool:
    said = one.record.said_at is not None
    return said and is_agents(one.record) and decides(one.record.text)


def _moment(one: Recollection) -> tuple[datetime, int]:
    assert one.record.said_at is not None  # see _settles
    return one.record.said_at, one.record.position


def _revised(
    asked: Set[str], newer: Recollection, settled: Sequence[Recollection]
) -> list[Recollection]:
    """The decisions that one revises, of all that were there before."""
    words = _words(newer)
    shared = {
        one.record.key: words & _words(one) for one in settled if _moment(one) < _moment(newer)
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
    words = content_words(one.record.text[:_MOST_CHARACTERS]).keys()
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
