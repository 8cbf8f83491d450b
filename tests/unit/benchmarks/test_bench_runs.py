"""Runs in SQLite: what goes in comes out, nothing is lost, the format is written down."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from remem.benchmarks import runs
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import GOLD, SHARE, Outcome, Run, SystemFigures
from remem.benchmarks.runs import APPLICATION_ID, FORMAT, RunDatabase
from remem.recall.recollection import Recollection
from remem.store import CorruptStore, InvalidInput, Record
from tests.invented_runs import haystack, outcomes, write_run

NOW = datetime(2024, 5, 8, 9, 30, tzinfo=timezone.utc)
RUN = Run(NOW, "LoCoMo", "c0ffee", "a machine", ("one problem",), "remem bench recall")


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        database.start(RUN)
    with RunDatabase.open(tmp_path / "run.sqlite") as database:
        assert [stored.run for stored in database.runs()] == [RUN]


def test_outcomes_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    hay = haystack(questions=6, records=40)
    written = outcomes(hay, 0.8)
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(hay)
        writer.add("remem", written[:2])
        writer.add("remem", written[2:])
    with RunDatabase.open(tmp_path / "run.sqlite") as database:
        (stored,) = database.runs()
        assert list(stored.outcomes("remem")) == written
        assert stored.systems() == ["remem"]


def test_questions_keep_all_that_the_data_says_of_them(tmp_path: Path) -> None:
    question = Question("q", "何时?", "temporal", {"a": 2}, {"s": 1}, "in May", NOW, False)
    bare = Question("q2", "who?")
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        database.start(RUN).add_haystack(Haystack("talk", [], [question, bare]))
        assert database.runs()[0].questions() == {"q": question, "q2": bare}


def test_gold_records_are_kept_even_if_nobody_recalled_them(tmp_path: Path) -> None:
    gold = Record("a", "s", 0, "We moved to Lisbon.", speaker="Ana", said_at=NOW)
    other = Record("b", "s", 1, "Nice.")
    hay = Haystack("talk", [gold, other], [Question("q", "Where?", evidence={"a": 1})])
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        database.start(RUN).add_haystack(hay)
        assert database.runs()[0].records() == {("talk", "a"): gold}


def test_metrics_are_read_by_system_and_question(tmp_path: Path) -> None:
    question = Question("q", "Where?")
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(Haystack("talk", [], [question]))
        writer.add("remem", [Outcome("talk", question, [], {}, {"MRR": 0.5, "turn R@5": 1.0}, 2)])
        writer.add("dense", [Outcome("talk", question, [], {}, {"MRR": 0.25}, 1)])
        (stored,) = database.runs()
        assert stored.values("MRR") == {"remem": {"q": 0.5}, "dense": {"q": 0.25}}
        assert stored.metrics() == ["MRR", "turn R@5"]


def test_the_first_gold_rank_of_a_question_is_the_best(tmp_path: Path) -> None:
    questions = [Question("q", "Where?"), Question("q2", "When?")]
    ranks: list[dict[str, int | None]] = [{"a": 7, "b": 2, "c": None}, {"d": None}]
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(Haystack("talk", [], questions))
        found = zip(questions, ranks, strict=True)
        writer.add(
            "remem", [Outcome("talk", question, [], gold, {}, 1) for question, gold in found]
        )
        assert database.runs()[0].first_gold_ranks() == {"remem": {"q": 2, "q2": None}}


def test_figures_are_read_back_and_the_newest_counts(tmp_path: Path) -> None:
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_figures(SystemFigures("remem", {"p50 ms": 9.0, "records/s": 100.0}))
        writer.add_figures(SystemFigures("remem", {"p50 ms": 8.0}))
        assert database.runs()[0].figures() == [
            SystemFigures("remem", {"p50 ms": 8.0, "records/s": 100.0})
        ]


def test_a_run_is_unfinished_until_it_says_what_was_left_out(tmp_path: Path) -> None:
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        assert database.runs()[0].finished_at is None
        writer.finish(["4 questions without gold"])
        assert database.runs()[0].finished_at is not None
        assert database.runs()[0].run.problems == ("4 questions without gold",)


def test_an_interrupted_run_keeps_what_was_added(tmp_path: Path) -> None:
    hay = haystack(questions=4, records=30)
    written = outcomes(hay, 0.8)

    def interrupted() -> list[Outcome]:
        raise KeyboardInterrupt

    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(hay)
        writer.add("remem", written[:3])
        with pytest.raises(KeyboardInterrupt):
            writer.add("remem", (one for part in (written[3:], interrupted()) for one in part))
    with RunDatabase.open(tmp_path / "run.sqlite") as database:
        assert list(database.runs()[0].outcomes("remem")) == written[:3]


def test_a_run_goes_on_after_a_batch_that_failed(tmp_path: Path) -> None:
    hay = haystack(questions=4, records=30)
    written = outcomes(hay, 0.8)
    stray = replace(written[3], question=Question("q9", "?"))
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(hay)
        with pytest.raises(InvalidInput):
            writer.add("remem", [*written[:3], stray])
        writer.add("remem", written)
        assert list(database.runs()[0].outcomes("remem")) == written


def test_one_file_holds_several_data_sets_and_the_newest_run_of_each_is_found(
    tmp_path: Path,
) -> None:
    small = haystack(questions=2, records=30)
    for dataset, digest in (("A", "1"), ("B", "2"), ("A", "1")):
        write_run(tmp_path / "run.sqlite", dataset, {"remem": (1.0, 1.0)}, small, digest)
    with RunDatabase.open(tmp_path / "run.sqlite") as database:
        assert [stored.run.dataset for stored in database.runs()] == ["A", "B", "A"]
        newest = database.latest()
        assert {name: one.run.digest for name, one in newest.items()} == {"A": "1", "B": "2"}
        assert newest["A"].run == database.runs()[2].run


def test_other_data_under_the_name_of_some_that_is_there_is_refused(tmp_path: Path) -> None:
    small = haystack(questions=2, records=30)
    write_run(tmp_path / "run.sqlite", "A", {}, small, digest="1")
    with pytest.raises(InvalidInput, match=r"called 'A', too: rename .* --out"):
        write_run(tmp_path / "run.sqlite", "A", {}, small, digest="2")


def test_a_question_of_no_haystack_is_refused(tmp_path: Path) -> None:
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        stray = Outcome("talk", Question("q9", "?"), [], {}, {}, 1)
        with pytest.raises(InvalidInput, match="q9 is of no haystack"):
            writer.add("remem", [stray])


def test_a_score_without_parts_is_read_back_without(tmp_path: Path) -> None:
    record = Record("a", "s", 0, "text")
    question = Question("q", "?")
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(RUN)
        writer.add_haystack(Haystack("talk", [], [question]))
        writer.add("BM25", [Outcome("talk", question, [Recollection(record, 7.5)], {}, {}, 1)])
        (found,) = database.runs()[0].outcomes("BM25")
        assert tuple(found.ranking) == (Recollection(record, 7.5),)


def test_the_docstring_describes_every_table_and_column(tmp_path: Path) -> None:
    documented = {
        name: [column.strip() for column in columns.split(",")]
        for name, columns in re.findall(r"^``(\w+)\(([^)]*)\)``", runs.__doc__ or "", re.M)
    }
    RunDatabase.create(tmp_path / "run.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as connection:
        kinds = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
        actual = {
            table: [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
            for (table,) in connection.execute(kinds)
        }
    assert documented == actual
    assert f"number {FORMAT}." in (runs.__doc__ or "")
    assert str(APPLICATION_ID) in (runs.__doc__ or "")


def test_the_view_of_scores_has_every_metric_in_long_form(tmp_path: Path) -> None:
    write_run(
        tmp_path / "run.sqlite", "A", {"remem": (1.0, 1.0)}, haystack(questions=2, records=30)
    )
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as connection:
        query = "SELECT dataset, system, question, category FROM scores WHERE metric = 'turn R@10'"
        assert sorted(connection.execute(query)) == [
            ("A", "remem", "q0", "single hop"),
            ("A", "remem", "q1", "multi-hop"),
        ]


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"{}\n" * 5000])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.sqlite").write_bytes(content)
    with pytest.raises(InvalidInput, match="holds no runs"):
        RunDatabase.open(tmp_path / "run.sqlite")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    before = (tmp_path / "other.sqlite").read_bytes()
    for opening in (RunDatabase.open, RunDatabase.create):
        with pytest.raises(InvalidInput, match="holds no runs"):
            opening(tmp_path / "other.sqlite")
    assert (tmp_path / "other.sqlite").read_bytes() == before


def test_a_missing_file_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        RunDatabase.open(tmp_path / "run.sqlite")
    assert not (tmp_path / "run.sqlite").exists()


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        RunDatabase.create(tmp_path / "nowhere" / "run.sqlite")


def test_a_newer_format_says_how_to_upgrade(tmp_path: Path) -> None:
    RunDatabase.create(tmp_path / "run.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(CorruptStore, match=rf"format {FORMAT + 1} .* pip install --upgrade remem"):
        RunDatabase.open(tmp_path / "run.sqlite")


def test_curves_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    curves = {"reliability": {0.1: Interval(0.2, 0.1, 0.3, 7), 0.9: Interval(0.8, 0.7, 1.0, 3)}}
    figures = SystemFigures("remem", {"relevance ECE": 0.1}, curves)
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        database.start(RUN).add_figures(figures)
        assert database.runs()[0].figures() == [figures]


def test_questions_are_kept_with_what_they_are_told_apart_by(tmp_path: Path) -> None:
    said = [Record("a", "s", 0, "We moved.", speaker="Ana"), Record("b", "s", 1, "Nice.")]
    question = Question("q", "Where?", evidence={"a": 1})
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        database.start(RUN).add_haystack(Haystack("talk", said, [question]))
        assert database.runs()[0].traits() == {GOLD: {"q": 1.0}, SHARE: {"q": 0.5}}


def test_a_file_from_before_there_were_curves_is_read_and_added_to(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    write_run(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE points; DROP TABLE traits")
    with RunDatabase.open(path) as database:
        (old,) = database.runs()
        assert old.traits() == {}
        assert not any(each.curves for each in old.figures())
    write_run(path, "another")
    with RunDatabase.open(path) as database:
        assert database.runs()[1].traits()
