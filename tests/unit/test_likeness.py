"""Likeness is measured from the mean of what came up."""

from __future__ import annotations

import numpy as np
import pytest

from remem.recall.order.likeness import Likeness
from remem.store import Vector


def vector(*numbers: float) -> Vector:
    """A direction of length 1."""
    found = np.array(numbers, dtype=np.float32)
    return found / np.float32(np.linalg.norm(found))


# All of them point mostly the same way, as what is recalled for one question does.
QUESTION = vector(9, 2, 0)
MEMORIES = {
    "a": vector(9, 1, 0),
    "like a": vector(9, 1, 0.2),
    "b": vector(9, -1, 1),
    "c": vector(9, -1, -1),
}


def test_what_is_nearer_to_the_question_than_most_is_like_it() -> None:
    found = Likeness.of(QUESTION, MEMORIES).to_question()
    assert found["a"] > found["b"] == found["c"] == 0.0


def test_memories_are_like_each_other_when_they_differ_alike_from_the_mean() -> None:
    found = Likeness.of(QUESTION, MEMORIES).to_memory("a")
    assert found["like a"] > found["b"] == found["c"] == 0.0
    assert "a" not in found


def test_likeness_is_measured_by_its_spread() -> None:
    wide = {"a": vector(1, 1, 0), "b": vector(1, -1, 1), "c": vector(1, -1, -1)}
    narrow = {"a": vector(9, 1, 0), "b": vector(9, -1, 1), "c": vector(9, -1, -1)}
    ours, theirs = Likeness.of(vector(1, 2, 0), wide), Likeness.of(vector(9, 2, 0), narrow)
    assert ours.to_question() == pytest.approx(theirs.to_question(), abs=0.1)


def test_what_is_not_known_has_no_likeness() -> None:
    likeness = Likeness.of(QUESTION, MEMORIES)
    assert "z" not in likeness.to_question()
    assert likeness.to_memory("z") == {}
    assert Likeness().to_question() == Likeness().to_memory("a") == {}


def test_of_two_memories_the_mean_says_nothing() -> None:
    two = {key: MEMORIES[key] for key in ("a", "b")}
    assert Likeness.of(QUESTION, two) == Likeness()


def test_equal_memories_are_unlike_anything() -> None:
    same = dict.fromkeys("abc", vector(1, 0, 0))
    likeness = Likeness.of(vector(1, 0, 0), same)
    assert likeness.to_memory("a") == {"b": 0.0, "c": 0.0}
