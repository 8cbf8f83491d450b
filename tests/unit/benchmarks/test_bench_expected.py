from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.datasets.base import Question
from benchmarks.digest import digest_of
from benchmarks.expected import Expected, deviations, expected_scores
from benchmarks.outcome import Outcome
from store import InvalidInput


def outcomes(*values: float) -> list[Outcome]:
    return [
        Outcome("ana", Question(str(number), "?"), (), {}, {"turn R@10": value}, 1.0)
        for number, value in enumerate(values)
    ]


EXPECTED = {"turn R@10": Expected(0.75, 0.01)}


def test_within_the_tolerance_nothing_is_said() -> None:
    assert deviations(EXPECTED, outcomes(1, 1, 1, 0)) == []


@pytest.mark.parametrize(("values", "side"), [((1, 0), "below"), ((1, 1), "above")])
def test_a_deviation_is_one_sentence_with_both_scores(values: tuple[float, ...], side: str) -> None:
    [sentence] = deviations(EXPECTED, outcomes(*values))
    score = sum(values) / len(values)
    assert sentence.startswith(f"turn R@10 is {score:.4f}, {side} ")
    assert "0.7500 ± 0.0100" in sentence


def test_a_metric_that_vanished_is_a_deviation() -> None:
    [sentence] = deviations(EXPECTED, [])
    assert "not measured" in sentence


def test_data_without_expected_scores_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expects nothing"):
        expected_scores("0" * 64, official=False)


def test_the_digest_of_a_file_follows_its_bytes_and_not_its_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text("[]")
    second.write_text("[]")
    assert digest_of(first) == digest_of(second)
    second.write_text("[1]")
    assert digest_of(first) != digest_of(second)


def test_the_digest_of_a_folder_follows_the_names_inside(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("1\t2\t3\n")
    before = digest_of(tmp_path)
    (tmp_path / "qrels" / "test.tsv").rename(tmp_path / "qrels" / "dev.tsv")
    assert digest_of(tmp_path) != before
