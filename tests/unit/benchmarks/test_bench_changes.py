"""Changes as their authors worded them: the data that comes along."""

from __future__ import annotations

import pytest

from remem.benchmarks.__main__ import main
from remem.benchmarks.datasets.base import Haystack, gold_of
from remem.benchmarks.datasets.changes import changes
from remem.benchmarks.datasets.invented import HALVES, LANGUAGES
from remem.cli.app import run
from remem.store import InvalidInput, Record


@pytest.fixture(scope="module")
def told() -> list[Haystack]:
    return [person for half in HALVES for person in changes(half).haystacks()]


def records(person: Haystack) -> dict[str, Record]:
    return {record.key: record for record in person.records}


@pytest.mark.parametrize("half", HALVES)
def test_every_language_has_persons_in_both_halves(half: str) -> None:
    found = {person.namespace.partition("-")[0] for person in changes(half).haystacks()}
    assert found == set(LANGUAGES)


def test_the_halves_have_no_message_in_common() -> None:
    tuning, test = (
        {record.text for person in changes(half).haystacks() for record in person.records}
        for half in HALVES
    )
    assert {text for text in tuning & test if len(text) > 20} == set()


def test_a_person_tells_the_same_each_time() -> None:
    one, other = (next(changes("test", ["de"]).haystacks()) for _ in range(2))
    assert one == other


def test_the_present_value_is_what_was_said_last(told: list[Haystack]) -> None:
    for person in told:
        said = records(person)
        for question in person.questions:
            if question.category == "changed":
                [gold] = gold_of(question.evidence)
                others = [said[key].said_at for key in question.evidence if key != gold]
                assert others
                assert max(filter(None, others)) < (said[gold].said_at or min(filter(None, others)))


def test_a_month_of_the_past_is_named_in_the_words_of_the_language(told: list[Haystack]) -> None:
    asked = [each.text for person in told for each in person.questions if each.category == "as of"]
    assert all("{" not in text for text in asked)
    assert any("März 2024" in text for text in asked)
    assert any("de 2024" in text for text in asked)
    assert any("2024年" in text for text in asked)


def test_what_was_said_once_has_no_rivals(told: list[Haystack]) -> None:
    facts = [each for person in told for each in person.questions if each.category == "fact"]
    assert len(facts) > 300
    assert all(len(each.evidence) == 1 for each in facts)


def test_a_half_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidInput, match="choose a half from tuning, test"):
        changes("dev")


def test_the_command_measures_them(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["hygiene", "--set", "changes", "--languages", "es", "--systems", "bm25"]
    assert run(arguments, main) == 0
    shown = capsys.readouterr().out
    assert "changes test" in shown
    assert "fact first" in shown
    assert "small talk" not in shown
