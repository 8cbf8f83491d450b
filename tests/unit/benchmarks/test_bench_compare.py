"""Comparing two runs: which questions changed, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from remem.benchmarks.compare import compare, compare_outcomes, verdict
from remem.benchmarks.datasets.base import Question
from remem.benchmarks.intervals import paired_test
from remem.benchmarks.metrics import Outcome
from remem.store import InvalidInput
from tests.invented_runs import haystack, write_run


def asked(ranks: Sequence[int | None], first: int = 0) -> list[Outcome]:
    """A question for each rank of its one gold record, from question ``first``."""
    return [
        Outcome(
            "talk",
            Question(f"q{number}", f"Question {number}?", "temporal", {"gold": 1}),
            [],
            {"gold": rank},
            {
                "turn R@5": float(rank is not None and rank <= 5),
                "turn R@10": float(rank is not None and rank <= 10),
            },
            1.0,
        )
        for number, rank in enumerate(ranks, start=first)
    ]


def test_changed_questions_are_told_with_the_ranks_before_and_after() -> None:
    found = compare_outcomes(asked([1, 12, 3, None]), asked([2, 4, 30, None]))
    assert [(each.question.id, each.gained) for each in found.changes] == [("q1", 1), ("q2", -1)]
    assert dict(found.changes[0].ranks_before) == {"gold": 12}
    assert dict(found.changes[0].ranks_after) == {"gold": 4}


def test_recall_at_ten_decides_unless_another_metric_is_named() -> None:
    before, after = asked([8, 1]), asked([2, 1])
    assert compare_outcomes(before, after).changes == []
    assert [one.question.id for one in compare_outcomes(before, after, "turn R@5").changes] == [
        "q0"
    ]


def test_every_main_metric_is_tested_over_the_same_questions() -> None:
    found = compare_outcomes(asked([1, 7, 20, 20]), asked([1, 3, 9, 20]))
    assert {metric: (test.before, test.after) for metric, test in found.tests.items()} == {
        "turn R@5": (0.25, 0.5),
        "turn R@10": (0.5, 0.75),
    }
    assert found.tests["turn R@10"].difference.mean == 0.25


def test_only_questions_in_both_count_and_the_others_are_counted() -> None:
    found = compare_outcomes(asked([1, 1, 1]), asked([1, 20, 1, 1], first=1))
    assert (found.shared, found.only_before, found.only_after) == (2, 1, 2)
    assert found.tests["turn R@10"].before == 1.0


def test_questions_without_the_metric_do_not_count_for_it() -> None:
    without_gold = Outcome("talk", Question("q9", "?"), [], {}, {}, 1.0)
    found = compare_outcomes([*asked([1]), without_gold], [*asked([20]), without_gold])
    assert found.tests["turn R@10"].difference.count == 1


def test_no_common_question_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="no question was put to both"):
        compare_outcomes(asked([1]), asked([1], first=5))


def test_an_unknown_metric_names_those_that_are_there() -> None:
    with pytest.raises(InvalidInput, match=r"session MRR in both: there is turn R@10, turn R@5"):
        compare_outcomes(asked([1]), asked([1]), "session MRR")


def test_a_difference_on_many_questions_is_significant() -> None:
    found = compare_outcomes(asked([20] * 30 + [1] * 30), asked([1] * 60))
    assert found.tests["turn R@10"].significant
    sentence = verdict(found)
    assert sentence.startswith("turn R@10 rose from 0.500 to 1.000 (+0.500, 95 % interval ")
    assert sentence.endswith(": significant.")


def test_a_difference_on_three_questions_may_be_chance() -> None:
    found = compare_outcomes(asked([1, 1, 1] + [1] * 50), asked([20, 20, 20] + [1] * 50))
    assert "fell" in verdict(found)
    assert verdict(found).endswith(": not significant, it may be chance.")


def test_no_difference_is_said_to_be_none() -> None:
    found = compare_outcomes(asked([1, 20]), asked([2, 30]))
    assert verdict(found) == "turn R@10 is 0.500 in both, the same for each question."


@pytest.mark.parametrize(
    ("before", "after", "p_value"),
    [
        ([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], 2 / 32),  # only all signs equal are as extreme
        ([0, 0, 0, 1], [1, 1, 1, 0], 10 / 16),  # sums of 2 or more: 5 of 16 on either side
        ([0, 1], [1, 0], 1.0),
        ([1, 1], [1, 1], 1.0),
    ],
)
def test_few_changed_questions_are_tested_exactly(
    before: list[float], after: list[float], p_value: float
) -> None:
    test = paired_test(before, after)
    assert test is not None
    assert test.p_value == pytest.approx(p_value)


def test_unchanged_questions_do_not_change_the_p_value() -> None:
    few, many = (
        paired_test([0, 0, 1], [1, 1, 0]),
        paired_test([0, 0, 1] + [1] * 99, [1, 1] + [0] + [1] * 99),
    )
    assert few is not None
    assert many is not None
    assert few.p_value == many.p_value


def test_the_test_is_the_same_in_either_direction_and_every_time() -> None:
    rising, falling = (
        paired_test([0] * 40 + [1] * 25, [1] * 40 + [0] * 25),
        paired_test([1] * 40 + [0] * 25, [0] * 40 + [1] * 25),
    )
    assert rising is not None
    assert falling is not None
    assert rising.p_value == pytest.approx(falling.p_value, abs=0.01)
    assert rising.difference.low == pytest.approx(-falling.difference.high, abs=0.02)
    assert rising == paired_test([0] * 40 + [1] * 25, [1] * 40 + [0] * 25)


def test_nothing_to_compare_is_none() -> None:
    assert paired_test([], []) is None


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The same questions, put to a poor and to a good remem."""
    hay = haystack(questions=40, records=60)
    before, after = tmp_path / "before.sqlite", tmp_path / "after.sqlite"
    write_run(before, systems={"remem": (0.3, 1.0), "dense": (0.2, 1.0)}, hay=hay)
    write_run(after, systems={"remem": (0.95, 1.0)}, hay=hay)
    return before, after


def run(*arguments: object) -> str:
    result = CliRunner().invoke(compare, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_command_shows_metrics_questions_and_a_verdict(files: tuple[Path, Path]) -> None:
    output = run(*files, "--show", 4)
    assert "LoCoMo, invented: 40 questions in both" in output
    assert "gained" in output
    assert "more: --show lists them" in output
    assert output.rstrip().endswith(": significant.")


def test_the_command_compares_two_systems_of_one_file(files: tuple[Path, Path]) -> None:
    output = run(files[0], files[0], "--system", "dense", "--against", "remem")
    assert "turn R@10 rose" in output


def test_the_command_says_which_data_sets_are_in_one_file_only(files: tuple[Path, Path]) -> None:
    small = haystack(1, questions=3, records=30)
    write_run(files[1], "LongMemEval", {"remem": (1.0, 1.0)}, small)
    assert f"LongMemEval: only in {files[1]}, left out." in run(*files)
    assert "LongMemEval" not in run(*files, "--data", "LoCoMo, invented")


def test_different_data_under_one_name_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    other, hay = tmp_path / "other.sqlite", haystack(questions=3, records=30)
    write_run(other, hay=hay, systems={"remem": (1, 1)}, digest="other")
    with pytest.raises(InvalidInput, match="measured different data under the name"):
        run(files[0], other)


def test_a_system_that_was_not_measured_names_those_that_were(files: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidInput, match=r"no system 'dense' .* choose from remem"):
        run(*files, "--system", "dense")


def test_a_data_set_that_is_not_in_both_names_those_that_are(files: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidInput, match=r"'BEIR' is in both: .* has LoCoMo, invented"):
        run(*files, "--data", "BEIR")
