"""Decisions in an agent's work stand above requests that use the words of the question."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory
from remem.recall.ranking import weights_for_agents
from remem.recall.reading.decisions import decides
from remem.store import Record
from remem.testing import HashEncoder

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "We decided to pin setuptools below 81.",
        "Let's go with Redis for the cache.",
        "Let’s go with Redis for the cache.",
        "From now on the exporter writes UTC.",
        "I changed my mind: the driver is asyncpg.",
        "We switched to Alembic last week.",
        "It stays plain SQL, because reviewers read it.",
        "We decided to use SQLite. Could you run the migration?",
    ],
)
def test_these_settle_something(text: str) -> None:
    assert decides(text)


@pytest.mark.parametrize(
    "text",
    [
        "Look at the cache of the exporter, please.",
        "Should we switch to Alembic?",
        "should we go with Redis",
        "There would be Redis or memcached.",
        "The tests are slow.",
    ],
)
def test_these_do_not(text: str) -> None:
    assert not decides(text)


def said(number: int, text: str, **metadata: str) -> Record:
    at = NOON + timedelta(days=number)
    return Record(
        f"s{number}#1", f"s{number}", 0, text, "turn", "user", None, at, metadata=metadata
    )


REQUESTS = [f"Look at the cache of the {part}, please." for part in ("exporter", "mailer", "map")]


def test_the_decision_comes_before_requests_about_the_same() -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add_records(said(n, text, project="/x") for n, text in enumerate(REQUESTS * 3))
        memory.add_records(
            [
                said(90, "For the cache of the exporter we go with Redis.", project="/x"),
                Record("s90#2", "s90", 1, "Done.", "turn", "assistant", metadata={"project": "/x"}),
            ]
        )
        [best] = memory.search("Which cache does the exporter have?", 1)
    assert "Redis" in best.record.text


def test_elsewhere_the_weights_are_as_they_were() -> None:
    weights = {"asker": 6.0, "decision": 3.0, "room": 1.0}
    assert weights_for_agents(weights, [said(1, "x")]) == {"asker": 6.0, "room": 1.0}
    of_agents = weights_for_agents(weights, [said(1, "x", project="/x")])
    assert of_agents == pytest.approx({"asker": 1.0, "decision": 3.0, "room": 1.0})
    half = weights_for_agents(weights, [said(1, "x"), said(2, "x", project="/x")])
    assert half["decision"] == 1.5
