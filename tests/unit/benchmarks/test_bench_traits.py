from __future__ import annotations

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.metrics import GOLD, SHARE, group_of, traits_of
from remem.store import Record


def haystack(*speakers: str | None, role: str | None = None) -> Haystack:
    """Ten records or so, and questions about the first, about all, and about none."""
    records = [
        Record(f"r{n}", "s", n, "hi", speaker=speaker, role=role)
        for n, speaker in enumerate(speakers)
    ]
    everything = {each.key: 1 for each in records}
    questions = [
        Question("first", "?", evidence={"r0": 1, "r1": 0}),
        Question("all", "?", evidence=everything),
        Question("session", "?", sources={"s": 1, "t": 1}),
        Question("none", "?"),
    ]
    return Haystack("talk", records, questions)


def test_pieces_of_gold_are_counted_and_grade_zero_is_none() -> None:
    traits = traits_of(haystack("Ana", "Ben", "Ana", "Ben"))
    assert traits["first"][GOLD] == 1
    assert traits["all"][GOLD] == 4
    assert traits["session"] == {GOLD: 2}
    assert "none" not in traits


def test_the_share_is_that_of_who_says_least_of_the_gold() -> None:
    traits = traits_of(haystack("Ana", "Ben", "Ana", "Ana"))
    assert traits["first"][SHARE] == 0.75
    assert traits["all"][SHARE] == 0.25


def test_a_role_speaks_where_no_name_is_given() -> None:
    assert traits_of(haystack(None, None, role="user"))["first"][SHARE] == 1.0
    assert SHARE not in traits_of(haystack(None, None))["first"]


@pytest.mark.parametrize(
    ("count", "group"), [(1, "1"), (3, "3"), (4, "4 or more"), (9, "4 or more")]
)
def test_questions_are_grouped_by_pieces_of_gold(count: int, group: str) -> None:
    assert group_of(GOLD, count) == group


@pytest.mark.parametrize(
    ("share", "group"),
    [
        (0.0, ".00 to .10"),
        (0.1, ".10 to .25"),
        (0.49, ".25 to .50"),
        (0.5, ".50 to 1"),
        (1.0, ".50 to 1"),
    ],
)
def test_questions_are_grouped_by_the_share_of_the_speaker(share: float, group: str) -> None:
    assert group_of(SHARE, share) == group
