from __future__ import annotations

import math

import pytest

from remem.benchmarks.datasets.base import Question
from remem.benchmarks.intervals import mean_interval, share_interval
from remem.benchmarks.metrics import Outcome, by_category, metric_values


def outcome(category: str, **metrics: float) -> Outcome:
    return Outcome("ana", Question(category, "?", category), (), {}, metrics, 1.0)


def test_the_interval_lies_around_the_mean() -> None:
    interval = mean_interval([0.0] * 30 + [1.0] * 70)
    assert interval is not None
    assert interval.mean == pytest.approx(0.7)
    assert interval.count == 100
    # The normal approximation of a share of .7 among 100.
    assert interval.margin == pytest.approx(1.96 * math.sqrt(0.7 * 0.3 / 100), abs=0.01)
    assert interval.low < 0.7 < interval.high


def test_more_questions_make_a_narrower_interval() -> None:
    few, many = mean_interval([0.0, 1.0] * 10), mean_interval([0.0, 1.0] * 1000)
    assert few is not None
    assert many is not None
    assert many.margin < few.margin / 5


def test_values_that_agree_leave_no_doubt() -> None:
    interval = mean_interval([0.5] * 10)
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 0.5)


def test_a_lower_confidence_is_a_narrower_interval() -> None:
    values = [0.0, 1.0] * 50
    wide, narrow = mean_interval(values), mean_interval(values, confidence=0.5)
    assert wide is not None
    assert narrow is not None
    assert narrow.margin < wide.margin


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.1, 0.9, 0.4, 0.7]
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)


def test_of_nothing_there_is_no_mean() -> None:
    assert mean_interval([]) is None


def test_the_interval_of_a_share_stays_between_0_and_1() -> None:
    none, half, all_of_them = (share_interval(hits, 10) for hits in (0, 5, 10))
    assert none is not None
    assert half is not None
    assert all_of_them is not None
    # The textbook's values for 0, 5 and 10 of 10.
    assert (none.mean, none.low, none.high) == (0.0, 0.0, pytest.approx(0.278, abs=0.001))
    assert (half.low, half.high) == (pytest.approx(0.237, abs=1e-3), pytest.approx(0.763, abs=1e-3))
    assert (all_of_them.low, all_of_them.high) == (pytest.approx(0.722, abs=0.001), 1.0)
    assert share_interval(0, 0) is None


def test_a_metric_is_taken_of_the_questions_that_have_it() -> None:
    outcomes = [outcome("a", recall=0.5), outcome("b"), outcome("c", recall=1.0)]
    assert metric_values(outcomes, "recall") == [0.5, 1.0]


def test_categories_are_sorted_and_keep_the_order_inside() -> None:
    first, second, third = outcome("b", recall=1), outcome("a", recall=2), outcome("b", recall=3)
    assert by_category([first, second, third]) == {"a": [second], "b": [first, third]}
