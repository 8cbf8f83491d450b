"""Every metric against values computed by hand."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.metrics import gold_ranks, prompt_metrics, ranking_metrics
from remem.recall.prompt import Context
from remem.recall.recollection import Recollection
from remem.store import Record


def record(key: str, source: str = "s1", kind: str = "turn") -> Record:
    return Record(key=key, source=source, position=0, text=f"text of {key}", kind=kind)


def ranking(*records: Record) -> list[Recollection]:
    return [Recollection(each, score=0.5) for each in records]


def metrics_of(question: Question, *ranked: Record) -> dict[str, float]:
    haystack = Haystack("ana", [*ranked] or [record("other")], [question])
    return ranking_metrics(haystack, {question.id: ranking(*ranked)})[question.id]


A, B, C, D = (record(key) for key in "abcd")
TWO_TURNS = Question("q", "?", evidence={"b": 1, "d": 1})


def test_recall_is_the_share_of_the_gold_within_k() -> None:
    found = metrics_of(TWO_TURNS, A, B, C, D)
    assert [found[f"turn R@{k}"] for k in (1, 3, 5, 10, 20, 50)] == [0, 0.5, 1, 1, 1, 1]


def test_any_is_one_as_soon_as_one_of_the_gold_is_within_k() -> None:
    found = metrics_of(TWO_TURNS, A, B, C, D)
    assert [found[f"turn any@{k}"] for k in (1, 3, 5)] == [0, 1, 1]


def test_all_is_one_only_when_all_of_the_gold_is_within_k() -> None:
    found = metrics_of(TWO_TURNS, A, B, C, D)
    assert [found[f"turn all@{k}"] for k in (1, 3, 5)] == [0, 0, 1]


def test_gold_at_the_edge_of_k_is_within_and_one_further_is_not() -> None:
    others = [record(f"x{number}") for number in range(9)]
    question = Question("q", "?", evidence={"b": 1})
    assert metrics_of(question, *others, B)["turn R@10"] == 1
    assert metrics_of(question, *others, A, B)["turn R@10"] == 0
    assert metrics_of(question, *others, A, B)["turn all@10"] == 0


def test_ndcg_discounts_by_the_logarithm_of_the_rank() -> None:
    # Gains at ranks 2 and 4; the best possible order has them at 1 and 2.
    expected = (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3))
    assert metrics_of(TWO_TURNS, A, B, C, D)["turn nDCG@10"] == pytest.approx(expected)


def test_ndcg_weighs_grades_linearly() -> None:
    question = Question("q", "?", evidence={"a": 1, "b": 2})
    expected = (1 / log2(2) + 2 / log2(3)) / (2 / log2(2) + 1 / log2(3))
    assert metrics_of(question, A, B)["turn nDCG@10"] == pytest.approx(expected)


def test_mrr_is_one_through_the_rank_of_the_first_that_is_gold() -> None:
    assert metrics_of(TWO_TURNS, A, C, D, B)["turn MRR"] == pytest.approx(1 / 3)


def test_what_was_never_recalled_scores_nothing() -> None:
    found = metrics_of(TWO_TURNS)
    assert set(found.values()) == {0.0}
    assert "turn R@10" in found


def test_ties_in_score_do_not_change_the_order_that_was_returned() -> None:
    # All scores are equal here; "z" and "b" would swap if they decided.
    question = Question("q", "?", evidence={"b": 1})
    assert metrics_of(question, record("z"), B)["turn R@1"] == 0
    assert metrics_of(question, B, record("z"))["turn R@1"] == 1


def test_sessions_rank_where_their_first_record_does() -> None:
    question = Question("q", "?", sources={"s2": 1, "s3": 1})
    ranked = [
        record("a", "s1"),
        record("b", "s2"),
        record("c", "s1"),
        record("d", "s2"),
        record("e", "s3"),
    ]
    found = metrics_of(question, *ranked)  # sessions: s1, s2, s3
    assert found["session R@1"] == 0
    assert found["session R@3"] == 1
    assert found["session MRR"] == 0.5
    assert found["session all@3"] == 1


def test_of_documents_the_units_are_passages_and_documents() -> None:
    question = Question("q", "?", evidence={"a": 1}, sources={"d1": 2})
    found = metrics_of(question, record("a", "d1", kind="passage"))
    assert found["passage R@1"] == found["document nDCG@10"] == 1


def test_without_gold_of_a_kind_there_is_no_metric_of_that_kind() -> None:
    assert metrics_of(Question("q", "?"), A) == {}
    only_sessions = metrics_of(Question("q", "?", sources={"s1": 1}), A)
    assert not [name for name in only_sessions if name.startswith("turn")]


def test_a_grade_of_zero_is_no_gold() -> None:
    assert metrics_of(Question("q", "?", evidence={"a": 0}), A) == {}


def test_gold_ranks_tell_where_each_gold_record_stands() -> None:
    assert gold_ranks(TWO_TURNS, ranking(A, B, C)) == {"b": 2, "d": None}


def test_gold_ranks_are_of_sources_where_no_record_is_named() -> None:
    question = Question("q", "?", sources={"s2": 1, "s9": 1})
    found = ranking(record("a", "s1"), record("b", "s1"), record("c", "s2"))
    assert gold_ranks(question, found) == {"s2": 2, "s9": None}


TEXTS = {each.key: each.text for each in (A, B, C, D)}


def test_evidence_is_the_share_of_the_gold_that_stands_in_the_prompt() -> None:
    small, large = Context(recollections=(*ranking(B),)), Context(recollections=(*ranking(B, D),))
    found = prompt_metrics(TWO_TURNS, {250: small, 500: large}, TEXTS)
    assert found == {"evidence@250": 0.5, "evidence@500": 1.0}


def test_evidence_that_was_cut_does_not_count() -> None:
    cut = replace(B, text="text […]")
    context = Context(recollections=(*ranking(cut, D),))
    assert prompt_metrics(TWO_TURNS, {250: context}, TEXTS) == {"evidence@250": 0.5}


def test_an_empty_prompt_holds_no_evidence() -> None:
    assert prompt_metrics(TWO_TURNS, {250: Context()}, TEXTS) == {"evidence@250": 0.0}


def test_any_whole_passage_counts_for_its_document() -> None:
    first, second = record("p1", "doc"), record("p2", "doc")
    question = Question("q", "?", sources={"doc": 1, "other": 1})
    context = Context(recollections=(*ranking(replace(first, text="cut"), second),))
    texts = {"p1": first.text, "p2": second.text}
    assert prompt_metrics(question, {500: context}, texts) == {"evidence@500": 0.5}


def test_a_question_without_gold_has_no_evidence_to_find() -> None:
    assert prompt_metrics(Question("q", "?"), {250: Context()}, TEXTS) == {}
