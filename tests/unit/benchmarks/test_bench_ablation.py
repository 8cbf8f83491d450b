"""``ablation``: every variant, over one store, compared with the default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.ablation import VARIANTS, ablate, rows
from benchmarks.datasets.base import Haystack, Question
from benchmarks.encoding import RememberingEncoder
from benchmarks.runs import RunDatabase
from memory.cli.app import run
from memory.recall.weights import WEIGHTS
from memory.testing import HashEncoder
from store import Record

SAID = ("The kiln broke.", "Marigold is my boat.", "Fennel grows here.", "What broke?")
HAYSTACK = Haystack(
    "Ana",
    [Record(key=f"r{i}", source="s", position=i, text=text) for i, text in enumerate(SAID)],
    [
        Question("boat", "What is the boat called?", evidence={"r1": 1}, sources={"s": 1}),
        Question("kiln", "What broke?", evidence={"r0": 1}, sources={"s": 1}),
    ],
)


def data(folder: Path) -> Path:
    """The same as files."""
    folder.mkdir()
    messages = [{"role": "user", "content": text} for text in SAID]
    (folder / "records.json").write_text(json.dumps({"messages": messages}))
    questions = (
        {"question": "What is the boat called?", "evidence": "Marigold"},
        {"question": "What broke?", "evidence": "The kiln broke."},
    )
    (folder / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in questions))
    return folder


def test_each_leg_and_each_signal_is_left_out_in_turn() -> None:
    assert {f"without {name}" for name in WEIGHTS} < set(VARIANTS)
    for name in WEIGHTS:
        weights = VARIANTS[f"without {name}"].weights
        assert {other for other in WEIGHTS if weights[other] != WEIGHTS[other]} == {name}


def test_only_some_legs_means_no_signals() -> None:
    assert VARIANTS["dense legs only"].weights.keys() == {"dense turn", "dense window"}
    assert VARIANTS["text legs only"].weights.keys() == {"text turn", "text window"}
    assert len(VARIANTS["legs only"].weights) == 4


def test_what_a_variant_leaves_out_adds_nothing_to_its_scores(tmp_path: Path) -> None:
    found = dict(ablate(HAYSTACK, RememberingEncoder(HashEncoder()), tmp_path))
    assert list(found) == list(VARIANTS)
    for name, outcomes in found.items():
        parts = {part for each in outcomes for one in each.ranking for part in one.parts}
        assert parts <= {key for key, weight in VARIANTS[name].weights.items() if weight}


def test_all_variants_search_the_same_store(tmp_path: Path) -> None:
    recalled = [
        {one.record.key for one in outcomes[0].ranking}
        for _, outcomes in ablate(HAYSTACK, RememberingEncoder(HashEncoder()), tmp_path)
    ]
    assert all(keys <= {"r0", "r1", "r2", "r3"} for keys in recalled)
    assert {"r0", "r1", "r2", "r3"} in recalled


def test_a_row_has_the_difference_to_the_default(tmp_path: Path) -> None:
    found = dict(ablate(HAYSTACK, RememberingEncoder(HashEncoder()), tmp_path))
    wrong = [(each, {**each.metrics, "turn R@10": 0.0}) for each in found["text legs only"]]
    outcomes = {
        **found,
        "text legs only": [
            type(each)(each.namespace, each.question, (), {}, metrics, 1) for each, metrics in wrong
        ],
    }
    metric, headings, table = rows(outcomes)
    assert metric == "turn R@10"
    assert headings[-2:] == ["difference", "interval"]
    by_name = {row[0]: row[1:] for row in table}
    assert by_name["remem"][-2:] == ["", ""]
    assert by_name["text legs only"][-2:] == ["-1.000", "-1.000 to -1.000"]
    assert by_name["pools of 32"][-2] == "+0.000"


def test_the_tables_are_printed_and_written_as_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, notes = tmp_path / "out", tmp_path / "notes.md"
    path = str(data(tmp_path / "mine"))
    arguments = ["ablation", "--data", path, "--encoder", "hash"]
    assert run([*arguments, "--out", str(out), "--markdown", str(notes)], main) == 0
    printed = capsys.readouterr().out
    written = notes.read_text("utf-8")
    assert "mine: 2 questions" in printed
    for name in VARIANTS:
        assert f"\n{name} " in printed
        assert f"\n| {name} |" in written
    assert "remem bench ablation --data" in written
    with RunDatabase.open(out / "run.sqlite") as database:
        assert database.runs()[0].systems() == list(VARIANTS)
    assert (out / "report.html").is_file()
