"""Hits of several legs and what else speaks for a record become one ranking, by a convex mix."""

import pytest

from remem.recall.ranking import candidates_of, merged, normalised, rank
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.recall.signals import Candidate
from remem.store import Hit, Record

ANYTHING = read_query("anything", None)


def record(key: str, position: int = 0) -> Record:
    return Record(key=key, source="s", position=position, text=key)


def hit(key: str, score: float) -> Hit:
    return Hit(record(key), score)


def test_scores_are_stretched_to_zero_and_one() -> None:
    assert normalised([hit("a", 0.9), hit("b", 0.6), hit("c", 0.5)], None) == pytest.approx(
        [1, 0.25, 0]
    )


def test_hits_that_are_all_equal_all_count() -> None:
    assert normalised([hit("a", 0.4), hit("b", 0.4)], None) == [1, 1]
    assert normalised([], None) == []


def test_a_text_search_that_found_all_there_is_leaves_its_last_hit_some_worth() -> None:
    hits = [hit("a", 4.0), hit("b", 3.0)]
    weights = {"text turn": 1.0}
    all_there_is = candidates_of({"text turn": hits}, [], weights, pool=3)
    the_first_of_many = candidates_of({"text turn": hits}, [], weights, pool=2)
    assert [each.evidence for each in all_there_is] == [1, 0.75]
    assert [each.evidence for each in the_first_of_many] == [1, 0]


def test_a_dense_search_of_few_records_still_tells_them_apart() -> None:
    hits = {"dense turn": [hit("a", 0.8), hit("b", 0.7)]}
    found = candidates_of(hits, [], {"dense turn": 1.0}, pool=64)
    assert [each.evidence for each in found] == [1, 0]


def test_the_evidence_of_a_candidate_is_the_weighted_mean_of_its_legs() -> None:
    legs = {"dense": [hit("a", 3), hit("b", 2), hit("c", 1)], "text": [hit("b", 9), hit("c", 0)]}
    found = candidates_of(legs, [], {"dense": 3, "text": 1}, pool=2)
    evidence = {each.record.key: each.evidence for each in found}
    assert evidence == pytest.approx({"a": 0.75, "b": 0.625, "c": 0})


def test_a_record_that_no_leg_returned_may_be_a_candidate_without_evidence() -> None:
    found = candidates_of(
        {"dense": [hit("a", 3)]}, [record("a"), record("z")], {"dense": 1}, pool=2
    )
    assert {each.record.key: each.evidence for each in found} == {"a": 1, "z": 0}


def test_a_score_is_the_weighted_mean_of_legs_and_signals() -> None:
    legs = {"dense": [hit("a", 3), hit("b", 1)]}
    weights = {"dense": 1.0, "statement": 2.0}
    ranked = rank(ANYTHING, candidates_of(legs, [], weights, pool=2), weights, k=10)
    assert [(one.record.key, one.score) for one in ranked] == [
        ("a", pytest.approx(1)),
        ("b", pytest.approx(2 / 3)),
    ]


def test_the_parts_of_a_score_add_up_to_it() -> None:
    weights = {"dense": 1.0, "statement": 2.0, "session": 3.0, "date": 4.0}
    candidates = candidates_of({"dense": [hit("a", 3), hit("b", 1)]}, [], weights, pool=2)
    for one in rank(ANYTHING, candidates, weights, k=10):
        assert sum(one.parts.values()) == pytest.approx(one.score)
        assert set(one.parts) <= {"dense", "statement", "session"}


def test_what_has_no_weight_has_no_part() -> None:
    [one] = rank(ANYTHING, [Candidate(record("a"), {"dense": 1.0}, 1.0)], {"dense": 5.0}, k=1)
    assert one.parts == {"dense": 1.0}


def test_ties_are_ordered_by_key_and_k_cuts() -> None:
    candidates = [Candidate(record(key), {"x": 1.0}, 1.0) for key in "cab"]
    assert [one.record.key for one in rank(ANYTHING, candidates, {"x": 1.0}, k=2)] == ["a", "b"]


def test_no_candidates_are_no_recollections() -> None:
    assert rank(ANYTHING, [], {"x": 1.0}, k=5) == []


def test_of_several_rankings_a_memory_is_as_relevant_as_the_best_has_it() -> None:
    first = [Recollection(record("a"), 0.5, relevance=0.4)]
    second = [Recollection(record("b"), 0.9), Recollection(record("a"), 0.9)]
    relevance = {one.record.key: one.relevance for one in merged([first, second])}
    assert relevance == {"a": 0.4, "b": 0}
