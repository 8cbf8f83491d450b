"""The command as a user meets it, on the smoke set that remem brings along."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from remem import Memory
from remem.benchmarks.__main__ import main
from remem.benchmarks.recall import Expected
from remem.benchmarks.running import command_line
from remem.benchmarks.runs import RunDatabase
from remem.cli.app import run
from remem.store import open_store
from remem.testing import HashEncoder

QUICK = ("--encoder", "hash", "--limit", "3")


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str


Bench = Callable[..., Printed]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    def call(*arguments: str) -> Printed:
        capsys.readouterr()
        code = run(arguments, main)
        printed = capsys.readouterr()
        return Printed(code, printed.out, printed.err)

    return call


def own_data(folder: Path, *questions: dict[str, object]) -> Path:
    """A data set of two messages."""
    folder.mkdir()
    messages = [
        {"role": "user", "name": "Ana", "content": "The kiln broke on Monday."},
        {"role": "user", "name": "Ben", "content": "My boat is called Marigold."},
    ]
    (folder / "records.json").write_text(json.dumps({"messages": messages}))
    (folder / "questions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in questions))
    return folder


def test_a_table_has_a_row_for_each_system_and_a_column_for_each_metric(bench: Bench) -> None:
    printed = bench("recall", *QUICK)
    assert printed.code == 0
    for heading in ("R@10", "all@5", "@1000", "records/s", "tokens"):
        assert heading in printed.out
    for system in ("remem", "nothing", "last", "everything", "dense", "bm25", "rrf"):
        assert f"\n{system} " in printed.out
    assert "smoke: 3 questions" in printed.out


def test_one_can_choose_the_systems(bench: Bench) -> None:
    printed = bench("recall", *QUICK, "--systems", "bm25,nothing")
    assert "\nbm25 " in printed.out
    assert "remem by category" not in printed.out


def test_several_data_sets_make_several_tables_and_one_of_all(bench: Bench, tmp_path: Path) -> None:
    question = {"question": "What is the boat called?", "evidence": "Marigold"}
    first, second = (own_data(tmp_path / name, question) for name in ("one", "two"))
    paths = ("--data", str(first), "--data", str(second))
    notes = tmp_path / "notes.md"
    more = ("--encoder", "hash", "--systems", "remem,bm25", "--markdown", str(notes))
    printed = bench("recall", *paths, *more)
    assert printed.code == 0
    assert "one: 1 question\n" in printed.out
    assert "two: 1 question\n" in printed.out
    written = notes.read_text("utf-8")
    assert written.count("| system | one | two |") == 2  # recall@10 and evidence@1000
    assert "| bm25 | 1.000 | 1.000 |" in written


def test_what_is_above_remem_anywhere_is_named_but_not_what_shows_everything(
    bench: Bench, tmp_path: Path
) -> None:
    # Nothing is relevant to a greeting, so that remem shows nothing of it.
    question = {"question": "Hello!", "evidence": "Marigold"}
    folders = [own_data(tmp_path / name, question) for name in ("one", "two")]
    paths = [part for folder in folders for part in ("--data", str(folder))]
    systems = ("--systems", "remem,everything,dense")
    printed = bench("recall", *paths, "--encoder", "hash", *systems)
    assert "remem is below dense on one in evidence@1000: .000 against 1.000" in printed.out
    assert "below everything" not in printed.out


def test_the_run_and_its_report_are_kept_where_one_says(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    printed = bench("recall", *QUICK, "--systems", "remem", "--out", str(out))
    assert str(out / "report.html") in printed.out
    assert "<html" in (out / "report.html").read_text("utf-8")
    with RunDatabase.open(out / "run.sqlite") as database:
        [stored] = database.runs()
        assert stored.finished_at is not None
        assert stored.systems() == ["remem"]
        assert stored.run.command == ("remem bench recall --systems remem --limit 3 --encoder hash")


def test_two_data_sets_of_one_name_are_refused_before_anything_is_measured(
    bench: Bench, tmp_path: Path
) -> None:
    question = {"question": "What is the boat called?", "evidence": "Marigold"}
    for parent in ("a", "b"):
        (tmp_path / parent).mkdir()
    first, second = (own_data(tmp_path / parent / "same", question) for parent in ("a", "b"))
    printed = bench("recall", "--data", str(first), "--data", str(second), "--encoder", "hash")
    assert printed.code == 1
    assert "both be called 'same'" in printed.err
    assert printed.out == ""


def test_what_is_left_out_is_said(bench: Bench, tmp_path: Path) -> None:
    unlabelled = {"question": "Who came?", "answerable": False}
    labelled = {"question": "What is the boat called?", "evidence": "Marigold"}
    folder = own_data(tmp_path / "data", unlabelled, labelled)
    printed = bench("recall", "--data", str(folder), "--encoder", "hash", "--systems", "bm25")
    assert "1 question without gold" in printed.out


def test_data_that_is_not_there_is_one_sentence(bench: Bench, tmp_path: Path) -> None:
    printed = bench("recall", "--data", str(tmp_path / "missing"))
    assert printed.code == 1
    assert printed.err.count("\n") == 1
    assert "missing" in printed.err


def test_a_place_that_cannot_be_written_is_one_sentence(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    printed = bench("recall", *QUICK, "--out", str(tmp_path / "file" / "inside"))
    assert printed.code == 1
    assert "choose another folder" in printed.err


@pytest.mark.parametrize("option", [("--limit", "3"), ("--encoder", "hash"), ("--systems", "rrf")])
def test_a_check_is_of_remem_as_it_is_shipped(bench: Bench, option: tuple[str, str]) -> None:
    printed = bench("recall", "--check", *option)
    assert printed.code == 2
    assert "--check" in printed.err


def test_a_check_of_data_of_which_nothing_is_expected_fails_at_once(
    bench: Bench, tmp_path: Path
) -> None:
    folder = own_data(tmp_path / "data", {"question": "Which boat?", "evidence": "Marigold"})
    printed = bench("recall", "--check", "--data", str(folder))
    assert printed.code == 1
    assert "has no scores" in printed.err


@pytest.mark.model
def test_remem_scores_on_the_smoke_set_as_is_written_down(bench: Bench) -> None:
    printed = bench("recall", "--systems", "remem", "--check")
    assert printed.err == ""
    assert printed.code == 0


@pytest.mark.model
def test_a_check_says_of_each_data_set_which_scores_are_not_as_written_down(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = {"question": "Which boat?", "evidence": "Marigold"}
    paths = [own_data(tmp_path / name, question) for name in ("one", "two")]
    monkeypatch.setattr(
        "remem.benchmarks.recall.expected_scores", lambda *_: {"turn R@10": Expected(0.5, 0)}
    )
    data = [part for path in paths for part in ("--data", str(path))]
    printed = bench("recall", "--systems", "remem", "--check", *data)
    assert printed.code == 1
    first, second = printed.err.splitlines()
    assert first.startswith("remem: one: turn R@10 is 1.0000, above ")
    assert second.startswith("remem: two: turn R@10 is 1.0000, above ")


def test_a_command_line_has_the_options_that_say_something() -> None:
    options = {"--data": Path("my chat"), "--limit": None, "--seed": 0, "--official": True}
    assert command_line("recall", options) == "remem bench recall --data 'my chat' --official"
    repeated = {"--generator": ("one", "two"), "--language": ()}
    assert command_line("uses", repeated) == "remem bench uses --generator one --generator two"


def test_another_store_is_measured_and_left_empty(bench: Bench, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    out = tmp_path / "out"
    arguments = ("--systems", "remem", "--store", store, "--out", str(out))
    assert bench("recall", *QUICK, *arguments).code == 0
    with RunDatabase.open(out / "run.sqlite") as database:
        assert f"--store {store}" in database.runs()[0].run.command
    with open_store(store) as opened:
        assert opened.space
        assert opened.namespaces() == []


def test_a_store_that_holds_something_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    with Memory(str(tmp_path / "mine"), encoder=HashEncoder()) as memory:
        memory.add("Nobody may measure this.")
    printed = bench("recall", *QUICK, "--systems", "remem", "--store", str(tmp_path / "mine"))
    assert printed.code == 1
    assert "give an empty one" in printed.err
    with Memory(str(tmp_path / "mine"), encoder=HashEncoder()) as memory:
        assert memory.count() == 1
