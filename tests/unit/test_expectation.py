"""The sentences about a memory that was expected."""

from __future__ import annotations

import copy
import pickle

import pytest

from remem.recall.expectation import Expected, Found, Reach, Stage, Terms, reason, remedy
from remem.recall.recollection import Recollection
from remem.store import Record

RECORD = Record("k", "s", 0, "Hi.")
FOUND = [Recollection(RECORD, 0.5, 0.25)]


def said(stage: Stage, *reaches: Reach, found: list[Recollection] | None = None) -> str:
    expected = Expected("k", stage, reaches=reaches, score=0.5, relevance=0.0001)
    return reason(expected, RECORD, Terms(1, floor=0.001, budget=9), found or FOUND)


def test_of_several_legs_the_nearest_is_named() -> None:
    far, near = Reach("dense turn", 300, 0.1, 64), Reach("text turn", 70, 2.0, 64)
    silent = Reach("text window", None, None, 64)
    assert said("pool", far, near, silent).endswith(
        "text turn, has it at place 70 and took the first 64."
    )


def test_an_index_that_is_not_exact_is_no_contradiction() -> None:
    missed = said("pool", Reach("dense turn", 12, 0.4, 64))
    assert missed.endswith("though the nearest, dense turn, has it at place 12 of the first 64.")


def test_a_memory_that_no_leg_sees_has_no_place() -> None:
    assert "No part of the search has it" in said("pool", Reach("text turn", None, None, 64))


def test_a_place_that_is_too_far_behind_is_not_made_up() -> None:
    assert "far behind in the ranking; the last of the 1" in said("limit")


def test_a_question_that_nothing_matters_for_is_told_from_a_memory_that_does_not() -> None:
    nothing = [Recollection(RECORD, 0.5, 0.0)]
    assert said("floor") == "Its relevance of 0.0001 is below the floor of 0.001."
    assert "nothing that is remembered seems to matter" in said("floor", found=nothing)


@pytest.mark.parametrize(
    ("conditions", "keeps", "words", "way"),
    [
        (True, {}, (), "Leave that out."),
        (True, {"k": 7}, (), "Leave that out and ask with a k of 7."),
        (True, None, (), "Leave that out and ask in other words, nearer to what it says."),
        (False, None, ("cat",), "Add words of it to the question: 'cat'."),
        (
            False,
            {"k": 7, "floor": 0.00012, "budget": 900},
            ("cat", "shed"),
            "Ask with a k of 7, a floor of 0.00012 and a budget of 900, "
            "or add words of it to the question: 'cat' and 'shed'.",
        ),
    ],
)
def test_the_remedy_names_all_that_helps(
    conditions: bool, keeps: dict[str, float] | None, words: tuple[str, ...], way: str
) -> None:
    assert remedy(conditions, keeps, words) == way


def test_what_was_found_keeps_its_answer_when_it_is_copied() -> None:
    found = Found(FOUND, Expected("k", "kept"))
    for again in (copy.copy(found), pickle.loads(pickle.dumps(found))):
        assert (again, again.expected) == (found, found.expected)
