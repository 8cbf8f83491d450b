"""What the scale benchmark works out from what it measured."""

from __future__ import annotations

import numpy as np
import pytest

from remem.benchmarks.scale.command import footnotes, growth_table, missed, size_table
from remem.benchmarks.scale.figures import (
    ADVANTAGES,
    EMBEDDED,
    FIGURES,
    GROWTH,
    POSTGRES,
    Measured,
    advantages,
    growth,
    ranks,
    recall_at_k,
    targets_at,
)
from remem.benchmarks.scale.parts import latency_figures, patiently
from remem.benchmarks.systems.engine import SHARES, fused
from remem.cli.screen import print_out


def test_recall_is_the_mean_share_of_the_exact_answers_that_were_found() -> None:
    assert recall_at_k([[1, 2, 3, 4], [9, 8, 7, 6]], [[4, 3, 2, 1], [9, 8, 1, 2]]) == 0.75


def test_recall_does_not_reward_answers_beyond_as_many_as_are_right() -> None:
    assert recall_at_k([[5, 6, 1]], [[1, 2]]) == 0


def test_a_question_without_a_right_answer_does_not_count() -> None:
    assert recall_at_k([[1], [2]], [[], [2]]) == 1


def test_fewer_records_than_were_asked_for_can_be_a_full_answer() -> None:
    assert recall_at_k([[3]], [[3]]) == 1


@pytest.mark.parametrize("records", [10_000, 50_000])
def test_a_filter_keeps_exactly_its_share(records: int) -> None:
    of_all = ranks(records, 5)[:records]
    for one_of in SHARES.values():
        counts = np.bincount(of_all % one_of)
        assert set(counts) == {records // one_of}


def test_what_a_filter_keeps_lies_anywhere() -> None:
    kept = np.flatnonzero(ranks(10_000, 0) % 100 == 7)
    assert len(set(np.diff(kept))) > 10


def test_records_that_are_added_later_do_not_change_the_others() -> None:
    assert ranks(100, 0).tolist() == ranks(100, 30)[:100].tolist()


def test_what_two_rankings_agree_on_comes_first() -> None:
    assert fused([[1, 2, 3], [2, 9]], 3) == [2, 1, 9]


def test_the_first_questions_warm_up_and_do_not_count() -> None:
    figures = latency_figures("dense", [9.0, 9.0, 9.0, 0.001, 0.002, 0.003])
    assert figures["dense p50, ms"] == pytest.approx(2)
    assert figures["dense p95, ms"] == pytest.approx(2.9)


def test_a_question_that_exhausts_patience_is_the_last() -> None:
    assert len(list(patiently(abs, [1, 2, 3], patience=-1.0))) == 1
    assert [result for result, _ in patiently(abs, [-1, -2], patience=60.0)] == [1, 2]


def test_one_slow_answer_is_a_figure_too() -> None:
    assert latency_figures("dense", [0.004])["dense p50, ms"] == pytest.approx(4)


SMALL = Measured(
    "remem", 10, {"dense p50, ms": 2.0, "dense recall@10": 1.0, "open and answer, s": 1}
)
LARGE = Measured("remem", 100, {"dense p50, ms": 3.0, "dense recall@10": 0.5})


def test_growth_is_the_factor_of_what_both_sizes_have() -> None:
    assert growth([LARGE, SMALL]) == {(10, 100): {"remem": {"dense p50, ms": 1.5}}}


def test_systems_grow_apart_from_each_other() -> None:
    other = Measured("other", 1000, {"dense p50, ms": 1.0})
    assert list(growth([SMALL, other, LARGE])[10, 100]) == ["remem"]


def test_what_a_system_cannot_do_is_a_dash_with_a_footnote(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "hybrid p50, ms"
    unable = Measured("peer", 10, {}, {name: "it does not rank text", FIGURES[0]: "too"})
    print_out(size_table([SMALL, unable]), *footnotes([SMALL, unable]))
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith(name))
    assert row.split()[-3:] == ["-", "-", "[1]"]
    assert "[1] peer: it does not rank text" in out


def test_figures_that_nobody_has_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_out(size_table([SMALL]))
    assert "hybrid" not in capsys.readouterr().out


def test_growth_has_a_column_for_each_system(capsys: pytest.CaptureFixture[str]) -> None:
    print_out(growth_table({"remem": {"dense p50, ms": 1.5}, "peer": {}}))
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.split()[-2:] == ["1.50", "-"]


def test_targets_that_are_missed_are_named() -> None:
    name = "dense p50, ms"
    targets = targets_at(1_000_000, 1, None)
    assert missed({name: 3.5}, targets) == [f"missed: {name} 3.50, target ≤ 3"]
    assert missed({name: 3.0}, targets) == []
    assert missed({name: 3.5}, targets_at(999, 1, None)) == []


def test_a_server_has_targets_of_its_own() -> None:
    slow = {"hybrid p50, ms": 26.0}
    assert missed(slow, targets_at(100_000, 2, "postgresql://host/db")) == [
        "missed: hybrid p50, ms 26.0, target ≤ 25"
    ]
    assert missed(slow, targets_at(100_000, 2, "milvus://host")) == []


def test_recall_and_speed_have_lower_bounds() -> None:
    low = {"ingest, records/s": 19_999, "dense recall@10": 0.98}
    lines = missed(low, targets_at(100_000, 2, None))
    assert [line.rpartition("target ")[2] for line in lines] == ["≥ 20,000", "≥ 0.99"]


def test_advantages_are_factors_by_which_the_first_is_faster() -> None:
    ours = Measured("remem", 10, {"ingest, records/s": 30.0, "dense p50, ms": 2.0})
    theirs = Measured("chroma", 10, {"ingest, records/s": 20.0, "dense p50, ms": 8.0})
    factors = advantages([ours, theirs])["chroma"]
    assert factors == {"ingest, records/s": 1.5, "dense p50, ms": 4.0}
    assert missed(factors, ADVANTAGES["chroma"], ", times better than chroma") == [
        "missed: ingest, records/s, times better than chroma 1.50, target ≥ 3"
    ]


def test_every_target_is_of_a_figure_that_is_measured() -> None:
    kinds = (EMBEDDED, POSTGRES, ADVANTAGES, GROWTH)
    assert {name for kind in kinds for targets in kind.values() for name in targets} <= set(FIGURES)
