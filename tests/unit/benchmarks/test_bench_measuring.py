from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.measuring import Measurement, RememberingEncoder, first_questions, measure
from remem.benchmarks.metrics import Run
from remem.benchmarks.recall import choose
from remem.benchmarks.runs import RunDatabase
from remem.benchmarks.systems.base import Searcher, System
from remem.encoders.sentence_transformer import Encoder
from remem.recall.prompt import Context
from remem.recall.recollection import Recollection
from remem.store import MissingDependency, Record
from remem.testing import HashEncoder


def haystack(namespace: str, *turns: str) -> Haystack:
    """A question about each turn, in its own words."""
    records = [
        Record(key=f"r{number}", source="s1", position=number, text=text, speaker=namespace)
        for number, text in enumerate(turns)
    ]
    questions = [
        Question(f"{namespace}/{number}", text, evidence={f"r{number}": 1}, sources={"s1": 1})
        for number, text in enumerate(turns)
    ]
    return Haystack(namespace, records, questions)


ANA = haystack("Ana", "The kiln broke.", "Marigold is my boat.", "Fennel grows here.")
BEN = haystack("Ben", "Trains were late.", "The owl came back.")


def measured(
    tmp_path: Path, haystacks: Sequence[Haystack], systems: Sequence[System]
) -> tuple[Measurement, RunDatabase]:
    database = RunDatabase.create(tmp_path / "run.sqlite")
    writer = database.start(Run(datetime.now(timezone.utc), "test", "0", "here"))
    progress: list[str] = []
    found = measure(
        haystacks,
        systems,
        RememberingEncoder(HashEncoder()),
        [Question("hello", "hello", "small talk")],
        writer,
        lambda haystack, _: lambda: progress.append(haystack.namespace),
    )
    asked = sum(len(each.questions) for each in haystacks)
    assert len(progress) == asked * len(systems)
    return found, database


def test_every_system_is_asked_every_question(tmp_path: Path) -> None:
    found, database = measured(tmp_path, [ANA, BEN], choose("bm25,nothing"))
    with database:
        assert [len(tally.outcomes) for tally in found.tallies] == [5, 5]
        scores = found.scores("bm25")
        assert (scores["turn R@1"], scores["session all@1"], scores["evidence@250"]) == (1, 1, 1)
        assert set(found.scores("nothing").values()) == {0.0}


def test_rankings_go_to_the_file_and_not_to_memory(tmp_path: Path) -> None:
    found, database = measured(tmp_path, [ANA], choose("bm25"))
    with database:
        [stored] = database.runs()
        [first, *_] = stored.outcomes("bm25")
        assert first.ranking[0].record.text == "The kiln broke."
        assert first.gold == {"r0": 1}
        assert not found.tallies[0].outcomes[0].ranking


def test_figures_are_measured_of_each_system_and_of_the_encoder(tmp_path: Path) -> None:
    _, database = measured(tmp_path, [ANA, BEN], choose("remem,dense"))
    with database:
        [stored] = database.runs()
        figures = {each.system: each.figures for each in stored.figures()}
        assert set(figures) == {"remem", "dense", "encoder"}
        assert {"records/s without encoding", "p95 ms without encoding", "tokens@1000"} <= {
            *figures["dense"]
        }
        assert {"empty for small talk", "empty for questions about other people"} <= {
            *figures["remem"]
        }


def test_what_remem_keeps_quiet_about_is_among_its_scores(tmp_path: Path) -> None:
    found, database = measured(tmp_path, [ANA], choose("remem,bm25"))
    with database:
        assert "empty for small talk" in found.scores("remem")
        assert "empty for small talk" not in found.scores("bm25")


def test_how_far_relevance_can_be_trusted_is_measured_of_remem(tmp_path: Path) -> None:
    found, database = measured(tmp_path, [ANA], choose("remem,bm25"))
    with database:
        [stored] = database.runs()
        figures = {each.system: each for each in stored.figures()}
        assert {"relevance ECE", "evidence@1000 taken by the floor"} <= {*figures["remem"].figures}
        assert {"reliability", "evidence against the floor"} <= {*figures["remem"].curves}
        assert not figures["bm25"].curves
        assert found.scores("remem")["evidence without floor@1000"] == 1.0
        assert {*stored.values("evidence without floor@1000")} == {"remem"}


def test_questions_without_gold_are_asked_and_counted(tmp_path: Path) -> None:
    unlabelled = [replace(ANA.questions[0], evidence={}, sources={})]
    found, database = measured(tmp_path, [replace(ANA, questions=unlabelled)], choose("bm25"))
    with database:
        assert found.without_gold == 1
        assert found.scores("bm25") == {}


class Occupied:
    """Indexes nothing, but keeps the encoder busy for a day, and sees which folder it is given."""

    name = "occupied"

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.indexed: list[str] = []

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        assert isinstance(encoder, RememberingEncoder)
        encoder.seconds += 86_400
        assert not any(folder.iterdir())
        (folder / "trace").touch()
        self.folders.append(folder)
        self.indexed.append(haystack.namespace)
        yield self

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        return ()

    def context(self, question: Question, budget: int) -> Context:
        return Context()


class NotInstalled(Occupied):
    name = "not installed"

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        raise MissingDependency("it", "it")
        yield self


def test_what_the_encoder_takes_is_not_charged_to_the_system(tmp_path: Path) -> None:
    found, database = measured(tmp_path, [ANA], [Occupied()])
    with database:
        assert found.tallies[0].seconds == 0
        assert "records/s without encoding" not in found.tallies[0].figures().figures


def test_what_is_not_installed_is_known_before_anything_is_measured(tmp_path: Path) -> None:
    system = Occupied()
    with pytest.raises(MissingDependency):
        measured(tmp_path, [ANA], [system, NotInstalled()])
    assert system.indexed == ["warm-up"]


def test_each_haystack_has_an_empty_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    system = Occupied()
    _, database = measured(tmp_path, [ANA, BEN], [system])
    with database:
        assert len({*system.folders}) == len(system.folders) >= 2
        assert not any(folder.exists() for folder in system.folders)


@pytest.mark.parametrize(
    ("limit", "asked"), [(None, [3, 2]), (10, [3, 2]), (4, [3, 1]), (3, [3]), (1, [1])]
)
def test_a_limit_counts_questions_and_ends_the_reading(limit: int | None, asked: list[int]) -> None:
    limited = list(first_questions([ANA, BEN], limit))
    assert [len(each.questions) for each in limited] == asked
    assert limited[0].records == ANA.records
