"""The history on which the memory of agents is measured."""

from __future__ import annotations

import json

from remem.benchmarks.agents import asked_of, figures_of
from remem.benchmarks.datasets.agent_history import made_up


def test_the_same_seed_is_the_same_history() -> None:
    assert made_up(40, 3) == made_up(40, 3)
    assert made_up(40, 3) != made_up(40, 4)


def test_there_are_as_many_sessions_as_asked_for_with_decisions_reversals_and_decoys() -> None:
    history = made_up(100, 1)
    assert len(history.transcripts) == 100
    assert len(history.questions) == 33
    assert sum(each.is_reversed for each in history.questions) == 10
    deciding = {each.session for each in history.questions}
    assert len(deciding) < len(history.transcripts) / 2


def test_a_question_is_about_the_last_session_that_decided_and_uses_none_of_its_names() -> None:
    history = made_up(60, 5)
    sessions = list(history.transcripts)
    for each in history.questions:
        assert json.dumps(each.words)[1:-1] in history.transcripts[each.session]
        later = sessions[sessions.index(each.session) + 1 :]
        assert not any(each.words in history.transcripts[session] for session in later)


def test_it_is_imported_as_an_agents_transcripts_are_and_asked() -> None:
    answers = asked_of(made_up(12, 2), "hash")
    assert len(answers) == 4
    assert all(0 <= value <= 100 for value in figures_of(answers).values())
    assert any(each.shown for each in answers)
