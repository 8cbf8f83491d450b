"""The table over several data sets: one column for each, ours first."""

from __future__ import annotations

from collections.abc import Sequence

from remem.benchmarks.datasets.base import Question
from remem.benchmarks.metrics import EVIDENCE, Outcome
from remem.benchmarks.tables import RECALL, below_others, difference_rows, mean_rows


def outcomes(values: Sequence[float], metric: str = "turn R@10") -> list[Outcome]:
    return [
        Outcome("talk", Question(f"q{number}", "?"), (), {}, {metric: value}, 1.0)
        for number, value in enumerate(values)
    ]


GOOD, BAD = [1.0] * 20, [0.0] * 20
HALF = [1.0, 0.0] * 10
TALK = {"remem": outcomes(HALF), "bm25": outcomes(BAD), "rrf": outcomes(GOOD)}
BOOK = {name: outcomes(HALF, "document R@10") for name in TALK}


def test_a_system_has_a_row_with_its_mean_on_each_data_set() -> None:
    rows = mean_rows({"talk": TALK, "book": BOOK}, RECALL)
    assert rows == [
        ["remem", ".500", ".500"],
        ["bm25", ".000 *", ".500"],
        ["rrf", "1.000 *", ".500"],
    ]


def test_an_idea_has_a_row_with_its_differences() -> None:
    rows = difference_rows({"talk": TALK, "book": BOOK}, RECALL)
    assert rows == [
        ["remem", ".500", ".500"],
        ["bm25", "-.500 *", "+.000"],
        ["rrf", "+.500 *", "+.000"],
    ]


def test_what_a_data_set_has_no_gold_for_is_a_dash() -> None:
    assert mean_rows({"talk": TALK}, EVIDENCE) == [["remem", "-"], ["bm25", "-"], ["rrf", "-"]]


def test_each_system_that_is_above_ours_is_named() -> None:
    assert below_others({"talk": TALK, "book": BOOK}) == [
        "remem is below rrf on talk in recall@10: .500 against 1.000, significant."
    ]


def test_a_small_lead_of_another_may_be_chance() -> None:
    close = {"remem": outcomes(HALF), "rrf": outcomes([1.0, *HALF[1:-1], 1.0])}
    [sentence] = below_others({"talk": close})
    assert sentence.endswith("which may be chance.")
