"""Likeness is measured from the mean of what came up."""

from __future__ import annotations

import numpy as np
import pytest

from remem.recall.likeness import Likeness
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
    likeness = Likeness.of(QUESTION, MEMORIES)
    assert likeness.to_question("a") > 0.9
    assert likeness.to_question("b") == 0.0


def test_memories_are_like_each_other_when_they_differ_alike_from_the_mean() -> None:
    likeness = Likeness.of(QUESTION, MEMORIES)
    assert likeness.between("a", "like a") > 0.9
    assert likeness.between("a", "b") == 0.0
    assert likeness.between("b", "b") == pytest.approx(1.0)


def test_what_is_not_known_is_unlike() -> None:
    likeness = Likeness.of(QUESTION, MEMORIES)
    assert likeness.to_question("z") == likeness.between("a", "z") == 0.0
    assert Likeness().to_question("a") == 0.0


def test_of_two_memories_the_mean_says_nothing() -> None:
    two = {key: MEMORIES[key] for key in ("a", "b")}
    assert Likeness.of(QUESTION, two) == Likeness()


def test_equal_memories_are_unlike_anything() -> None:
    same = dict.fromkeys("abc", vector(1, 0, 0))
    assert Likeness.of(vector(1, 0, 0), same).between("a", "b") == 0.0
