from __future__ import annotations

from pathlib import Path

import pytest

from remem.benchmarks.recall import Expected, deviations, expected_scores
from remem.benchmarks.running import digest_of
from remem.store import InvalidInput

EXPECTED = {"turn R@10": Expected(0.75, 0.01)}


@pytest.mark.parametrize("score", [0.74, 0.75, 0.76])
def test_within_the_tolerance_nothing_is_said(score: float) -> None:
    assert deviations(EXPECTED, {"turn R@10": score}) == []


@pytest.mark.parametrize(("score", "side"), [(0.739, "below"), (0.761, "above")])
def test_a_deviation_is_one_sentence_with_both_scores(score: float, side: str) -> None:
    [sentence] = deviations(EXPECTED, {"turn R@10": score, "turn R@5": 0})
    assert sentence == (
        f"turn R@10 is {score:.4f}, {side} what it should be: expected is 0.7500 ± 0.0100."
    )


def test_a_metric_that_vanished_is_a_deviation() -> None:
    [sentence] = deviations(EXPECTED, {})
    assert "not measured" in sentence


def test_data_without_expected_scores_is_refused() -> None:
    with pytest.raises(InvalidInput, match=f"no scores .* {'0' * 64}"):
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


def test_hidden_files_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text("{}\n")
    before = digest_of(tmp_path)
    (tmp_path / ".DS_Store").write_text("where the icons are")
    assert digest_of(tmp_path) == before
