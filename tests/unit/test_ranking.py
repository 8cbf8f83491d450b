"""Hits of several legs become one ranking by a convex mix of normalised scores."""

import pytest

from memory.recall.ranking import mix, normalised
from store import Hit, Record


def hit(key: str, score: float) -> Hit:
    return Hit(Record(key=key, source="s", position=0, text=key), score)


def test_scores_are_stretched_to_zero_and_one() -> None:
    assert normalised([hit("a", 0.9), hit("b", 0.6), hit("c", 0.5)]) == pytest.approx([1, 0.25, 0])


def test_hits_that_are_all_equal_all_count() -> None:
    assert normalised([hit("a", 0.4), hit("b", 0.4)]) == [1, 1]
    assert normalised([]) == []


def test_a_record_scores_the_weighted_mean_of_its_legs() -> None:
    legs = {"dense": [hit("a", 3), hit("b", 2), hit("c", 1)], "text": [hit("b", 9), hit("c", 0)]}
    found = mix(legs, {"dense": 3, "text": 1}, k=10)
    assert [(one.record.key, one.score) for one in found] == [
        ("a", pytest.approx(0.75)),
        ("b", pytest.approx(0.625)),
        ("c", pytest.approx(0)),
    ]
    assert found[1].parts == pytest.approx({"dense": 0.375, "text": 0.25})


def test_scores_stay_between_zero_and_one() -> None:
    legs = {"x": [hit("a", 40), hit("b", 1)], "y": [hit("a", 0.2), hit("b", 0.1)]}
    assert [one.score for one in mix(legs, {"x": 7, "y": 5}, k=2)] == pytest.approx([1, 0])


def test_ties_are_ordered_by_key_and_k_cuts() -> None:
    found = mix({"x": [hit("c", 1), hit("a", 1), hit("b", 1)]}, {"x": 1}, k=2)
    assert [one.record.key for one in found] == ["a", "b"]


def test_no_hits_are_no_recollections() -> None:
    assert mix({"x": []}, {"x": 1}, k=5) == []
