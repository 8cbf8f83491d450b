"""``ablation``: every idea, over one store, compared with the default."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from remem import Retriever
from remem.benchmarks.__main__ import main
from remem.benchmarks.ablation import (
    DEFAULT,
    IDEAS,
    ablate,
    across_rows,
    breadth,
    coverage,
    recency,
    rows,
)
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.measuring import RememberingEncoder
from remem.benchmarks.metrics import EVIDENCE, Outcome
from remem.benchmarks.runs import RunDatabase
from remem.benchmarks.tables import RECALL
from remem.cli.app import run
from remem.recall.ranking import WEIGHTS
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder

SAID = ("The kiln broke.", "Marigold is my boat.", "Fennel grows here.", "What broke?")
HAYSTACK = Haystack(
    "Ana",
    [Record(key=f"r{i}", source="s", position=i, text=text) for i, text in enumerate(SAID)],
    [
        Question("boat", "What is the boat called?", evidence={"r1": 1}, sources={"s": 1}),
        Question("kiln", "What broke?", evidence={"r0": 1}, sources={"s": 1}),
    ],
)
NAMES = [idea.name for idea in IDEAS]


def weights_of(name: str) -> dict[str, object]:
    [retriever] = [idea.retriever for idea in IDEAS if idea.name == name]
    assert isinstance(retriever, Retriever)
    return dict(retriever.weights)


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


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Outcome, ...]]:
    folder = tmp_path_factory.mktemp("store")
    return dict(ablate(HAYSTACK, RememberingEncoder(HashEncoder()), folder))


def test_each_leg_and_each_signal_is_left_out_in_turn() -> None:
    for name in WEIGHTS:
        weights = weights_of(f"without {name}")
        assert {other for other in WEIGHTS if weights[other] != WEIGHTS[other]} == {name}


def test_only_some_legs_means_no_signals() -> None:
    assert weights_of("dense legs only").keys() == {"dense turn", "dense window"}
    assert weights_of("text legs only").keys() == {"text turn", "text window"}
    assert len(weights_of("legs only")) == 4


def test_the_default_comes_first_and_every_other_idea_is_kept_or_not() -> None:
    assert (IDEAS[0].name, IDEAS[0].kept, IDEAS[0].retriever) == (DEFAULT, None, Retriever())
    assert {idea.kept for idea in IDEAS[1:]} == {True, False}
    assert len(set(NAMES)) == len(NAMES)


def test_one_set_of_weights_is_the_same_in_every_kind_of_memory() -> None:
    assert all(
        isinstance(each, float) for each in weights_of("one set of weights, their mean").values()
    )


def test_what_an_idea_leaves_out_adds_nothing_to_its_scores(
    found: dict[str, tuple[Outcome, ...]],
) -> None:
    assert list(found) == NAMES
    for name in (f"without {weight}" for weight in WEIGHTS):
        parts = {part for each in found[name] for one in each.ranking for part in one.parts}
        assert parts
        assert parts - MOVES <= {key for key, weight in weights_of(name).items() if weight}


MOVES = {"echo", "day"}
"""Parts of a score that no weight gives: what stands behind its source, or before another day."""


def test_all_ideas_search_the_same_store(found: dict[str, tuple[Outcome, ...]]) -> None:
    recalled = [{one.record.key for one in found[name][0].ranking} for name in NAMES]
    assert all(keys <= {"r0", "r1", "r2", "r3"} for keys in recalled)
    assert {"r0", "r1", "r2", "r3"} in recalled


def test_every_idea_is_asked_for_its_prompt_too(found: dict[str, tuple[Outcome, ...]]) -> None:
    assert {each.metrics[EVIDENCE] for each in found["without the floor"]} == {1.0}
    assert all(EVIDENCE in each.metrics for name in NAMES for each in found[name])


def test_a_row_has_the_difference_to_the_default(found: dict[str, tuple[Outcome, ...]]) -> None:
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


def test_a_table_of_several_data_sets_has_a_column_for_each_and_says_what_is_kept(
    found: dict[str, tuple[Outcome, ...]],
) -> None:
    headings, body = across_rows({"one": found, "two": found}, RECALL)
    assert headings == ["idea", "kept", "one", "two"]
    assert [row[0] for row in body] == NAMES
    by_name = {row[0]: row[1:] for row in body}
    assert by_name[DEFAULT] == ["", "1.000", "1.000"]
    assert by_name["without room"][0] == "yes"
    assert by_name["recency"] == ["no", "+.000", "+.000"]


def recalled(key: str, source: str, day: int, *words: str) -> Recollection:
    said_at = datetime(2024, 5, day, tzinfo=timezone.utc)
    record = Record(key=key, source=source, position=0, text=key, said_at=said_at)
    return Recollection(record, 1.0, words=words)


def test_breadth_takes_from_the_second_memory_of_a_session() -> None:
    ranking = [recalled("a", "s", 1), recalled("b", "s", 1), recalled("c", "t", 1)]
    first, second, other = breadth("?", ranking)
    assert first == other == 0.0
    assert second == pytest.approx(-0.1)


def test_recency_gives_most_to_the_newest() -> None:
    ranking = [recalled("a", "s", 3), recalled("b", "s", 1), recalled("c", "s", 9)]
    assert recency("?", ranking) == [0.025, 0.0, 0.05]
    assert recency("?", ranking[:1]) == [0.0]


def test_coverage_goes_by_the_share_of_the_words() -> None:
    ranking = [recalled("a", "s", 1, "kiln", "broke"), recalled("b", "s", 1, "kiln")]
    assert coverage("Which kiln broke?", ranking) == [0.1, 0.05]


def test_the_tables_are_printed_and_written_as_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, notes = tmp_path / "out", tmp_path / "notes.md"
    paths = [str(data(tmp_path / name)) for name in ("mine", "yours")]
    chosen = [part for path in paths for part in ("--data", path)]
    arguments = ["ablation", *chosen, "--encoder", "hash"]
    assert run([*arguments, "--out", str(out), "--markdown", str(notes)], main) == 0
    printed = capsys.readouterr().out
    written = notes.read_text("utf-8")
    assert "mine: 2 questions" in printed
    for name in NAMES:
        assert f"\n{name} " in printed
        assert written.count(f"\n| {name} |") == 4  # one of each data set, two across them
    assert "| idea | kept | mine | yours |" in written
    assert "remem bench ablation --data" in written
    with RunDatabase.open(out / "run.sqlite") as database:
        assert database.runs()[0].systems() == NAMES
    assert (out / "report.html").is_file()
