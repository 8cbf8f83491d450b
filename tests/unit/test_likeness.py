"""Likeness is measured by the mean and the spread of what came up."""

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
    found = Likeness(QUESTION, MEMORIES).to_question()
    assert found["a"] > 0 > found["b"] == pytest.approx(found["c"])


def test_what_is_nearer_to_a_memory_than_most_is_like_it() -> None:
    found = Likeness(QUESTION, MEMORIES).to_memory("a")
    assert found["like a"] > 0 > found["b"]
    assert "a" not in found


def test_likeness_is_in_standard_deviations() -> None:
    values = [*Likeness(QUESTION, MEMORIES).to_question().values()]
    assert np.mean(values) == pytest.approx(0, abs=1e-5)
    assert np.std(values) == pytest.approx(1, abs=1e-3)


def test_what_is_not_known_has_no_likeness() -> None:
    likeness = Likeness(QUESTION, MEMORIES)
    assert "z" not in likeness.to_question()
    assert likeness.to_memory("z") == {}
    assert Likeness().to_question() == Likeness().to_memory("a") == {}


def test_of_two_memories_the_mean_says_nothing() -> None:
    two = {key: MEMORIES[key] for key in ("a", "b")}
    assert Likeness(QUESTION, two).to_question() == {}


def test_equal_memories_are_alike_as_any() -> None:
    likeness = Likeness(QUESTION, dict.fromkeys("abcd", vector(1, 0, 0)))
    assert likeness.to_memory("a") == {"b": 0.0, "c": 0.0, "d": 0.0}
