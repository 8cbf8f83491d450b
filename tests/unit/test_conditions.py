"""The conditions of a filter that a record fails, in words."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from remem.recall.expectation import failing, in_words, without_failing
from remem.store import F, Filter, Record, parse_filter
from remem.store.filters import And, Or

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
RECORD = Record("k#1", "k", 1, "Hi.", speaker="Ben", said_at=NOON, metadata={"tags": ["a", "b"]})


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (F("speaker") == "Ana", "speaker is 'Ana' (it has 'Ben')"),
        (F("role") == "user", "role is 'user' (it has none)"),
        (F("kind").in_(["note", "passage"]), "kind is one of 'note', 'passage' (it has 'turn')"),
        (F("speaker") != "Ben", "speaker is not 'Ben' (it has 'Ben')"),
        (F("speaker") == None, "speaker has no value (it has 'Ben')"),  # noqa: E711
        (F("role").exists(), "role has a value (it has none)"),
        (F("position") >= 2, "position is at least 2 (it has 1)"),
        (F("position") <= 0, "position is at most 0 (it has 1)"),
        (F("position").between(5, 9), "position is from 5 to 9 (it has 1)"),
        (
            F("said_at") <= NOON.replace(hour=9),
            "said_at is at most 2024-05-01T09:00:00+00:00 (it has 2024-05-01T12:00:00+00:00)",
        ),
        (F("metadata.tags") == "c", "metadata.tags is 'c' (it has 'a', 'b')"),
        (F("metadata.topic") == "c", "metadata.topic is 'c' (it has none)"),
        (F("speaker").in_([]), "speaker is one of nothing (it has 'Ben')"),
        ((F("role") == "user") | (F("position") >= 2), "role is 'user' or position is at least 2"),
        (
            ~((F("speaker") == "Ben") & ((F("position") == 1) | (F("role") == "user"))),
            "not (speaker is 'Ben' and (position is 1 or role is 'user'))",
        ),
        (Or(()), "nothing"),
    ],
)
def test_a_condition_is_said_in_words(where: Filter, said: str) -> None:
    assert [in_words(each, RECORD) for each in failing(where, RECORD)] == [said]


def test_only_what_fails_is_named() -> None:
    where = (F("speaker") == "Ben") & (F("role") == "user") & (F("position") >= 2)
    assert failing(where, RECORD) == [F("role") == "user", F("position") >= 2]


def test_what_remains_of_a_filter_matches() -> None:
    where = (F("speaker") == "Ben") & (F("role") == "user") & (F("position") >= 2)
    assert without_failing(where, RECORD) == And((F("speaker") == "Ben",))


def test_parts_within_parts_are_left_out_one_by_one() -> None:
    where = parse_filter({"and": [{"speaker": "Ben", "role": "user"}, {"kind": "turn"}]})
    rest = without_failing(where, RECORD)
    assert rest is not None
    assert rest.matches(RECORD)
    assert not rest.matches(Record("k", "k", 1, "Hi.", speaker="Ana"))


def test_nothing_remains_of_a_filter_that_fails_whole() -> None:
    assert without_failing(F("role") == "user", RECORD) is None
    assert without_failing(F("role").exists() & (F("role") == "user"), RECORD) is None


def test_a_filter_that_matches_fails_nowhere() -> None:
    where = F("speaker") == "Ben"
    assert failing(where, RECORD) == []
    assert without_failing(where, RECORD) == where
