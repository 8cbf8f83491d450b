"""A decision that takes an earlier one back stands above it, and above no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from remem.recall.order.revisions import nearest_decision_first, newest_decision_first
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.store import Record

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
REDIS = "Let us settle the cache of the backup job: Redis. The reason is that hosts share it."
MEMORY = "I changed my mind about the backup job: its cache is an LRU now, because it is faster."
JSON = "Then we go with JSON lines for the log format of the backup job, since it is parsed."
OTHER = "Decided: the mail sender gets Redis as its cache, because it is there."


def ranked(*texts: tuple[int, str], project: str = "/x") -> list[Recollection]:
    """A ranking of texts, each said on a day."""
    found = []
    for place, (day, text) in enumerate(texts):
        at = NOON + timedelta(days=day)
        metadata = {"project": project} if project else {}
        record = Record(
            f"s{day}#1", f"s{day}", 0, text, "turn", "user", None, at, metadata=metadata
        )
        found.append(Recollection(record, 1.0 - place / 10))
    return found


def texts_of(question: str, ranking: list[Recollection]) -> list[str]:
    found = newest_decision_first(read_query(question, None), ranking)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    return [one.record.text for one in found]


RESULTS = "Where does the backup job keep results?"


def test_it_stands_in_the_place_of_the_first_that_it_takes_back() -> None:
    ranking = ranked((2, JSON), (1, REDIS), (4, OTHER), (3, MEMORY))
    assert texts_of(RESULTS, ranking) == [JSON, MEMORY, REDIS, OTHER]


def test_what_is_alike_elsewhere_takes_nothing_back_and_hides_nothing() -> None:
    elsewhere = "I changed my mind about the mail sender: its cache is an LRU now, as it is faster."
    ranking = ranked((1, REDIS), (2, elsewhere), (3, MEMORY))
    assert texts_of(RESULTS, ranking) == [MEMORY, REDIS, elsewhere]
    assert texts_of(RESULTS, ranked((1, REDIS), (2, elsewhere)))[0] == REDIS


@pytest.mark.parametrize(
    "ranking",
    [
        ranked((3, REDIS), (1, MEMORY)),  # it was said before
        ranked((1, JSON), (3, MEMORY)),  # another matter of the same thing
        ranked((1, OTHER), (3, MEMORY)),  # the same matter of another thing
        ranked((1, REDIS), (3, "Should the cache of the backup job be an LRU now?")),
        ranked((1, REDIS), (3, "The cache of the backup job was slow, because of Redis.")),
        ranked((1, REDIS), (3, MEMORY), project=""),  # no work of an agent
    ],
)
def test_otherwise_all_stays_as_it_is(ranking: list[Recollection]) -> None:
    assert texts_of(RESULTS, ranking) == [one.record.text for one in ranking]


def test_a_decision_that_is_taken_back_twice_is_below_both() -> None:
    last = "We take that back: from now on the backup job has memcached as its cache again."
    ranking = ranked((1, REDIS), (3, MEMORY), (5, last))
    assert texts_of(RESULTS, ranking)[0] == last


def test_a_reason_is_no_part_of_what_a_decision_is_about() -> None:
    before = "Decided: the backup job gets Redis as its cache, because it must keep results."
    assert texts_of(RESULTS, ranked((1, before), (3, MEMORY)))[0] == MEMORY


ASKED = "How do jobs get to the backup job?"
QUEUE = "Then we go with RabbitMQ for the message queue of the backup job, since it retries."


def nearest(ranking: list[Recollection], *cosines: float) -> list[str]:
    """The texts of a ranking whose memories are as near to a question as is said."""
    near = dict(zip((one.record.key for one in ranking), cosines, strict=True))
    found = nearest_decision_first(read_query(ASKED, None), ranking, near)
    assert [one.score for one in found] == [one.score for one in ranking]
    return [one.record.text for one in found]


def test_of_decisions_about_one_thing_the_nearest_comes_first() -> None:
    ranking = ranked((1, JSON), (2, OTHER), (3, REDIS), (4, QUEUE))
    assert nearest(ranking, 0.2, 0.9, 0.3, 0.4) == [QUEUE, OTHER, REDIS, JSON]


def test_a_decision_is_as_near_as_the_request_that_its_session_began_with() -> None:
    ranking = ranked((1, JSON), (4, QUEUE), (5, "Look at the message queue of the backup job."))
    ranking[:2] = [
        replace(one, record=replace(one.record, role="assistant")) for one in ranking[:2]
    ]
    assert nearest(ranking, 0.4, 0.3, 0.5)[0] == JSON
    ranking[2] = replace(ranking[2], record=replace(ranking[2].record, source="s4"))
    assert nearest(ranking, 0.4, 0.3, 0.5)[0] == QUEUE


def test_what_settles_nothing_and_what_is_no_agents_stays_in_its_place() -> None:
    asks = "Look at the message queue of the backup job, please."
    assert nearest(ranked((1, JSON), (2, asks)), 0.1, 0.9) == [JSON, asks]
    assert nearest(ranked((1, JSON), (4, QUEUE), project=""), 0.1, 0.9) == [JSON, QUEUE]
