"""LoCoMo as a data set: its citations, however they are written, become keys of records."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from remem.benchmarks.datasets.base import Dataset, Haystack, Question
from remem.benchmarks.datasets.locomo import LOCOMO
from remem.ingest import Item, LocomoReader
from remem.store import InvalidInput
from tests.development_data import DATA

DEV = DATA / "locomo" / "locomo5_dev.json"


def turn(dia_id: str, text: str) -> dict[str, str]:
    return {"speaker": "Ana", "dia_id": dia_id, "text": text}


def sample(*qa: Any, name: str = "conv-1") -> dict[str, Any]:
    return {
        "sample_id": name,
        "qa": list(qa),
        "conversation": {
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [turn("D1:1", "Hey!"), turn("D1:2", "I bought a kayak.")],
            "session_2_date_time": "9:00 am on 2 June, 2023",
            "session_2": [turn("D2:1", "It leaks."), turn("D2:5", "Sold it.")],
        },
    }


def qa(*evidence: str, **fields: Any) -> dict[str, Any]:
    return {"question": "What floats?", "answer": "a kayak", "evidence": list(evidence)} | fields


@pytest.fixture
def locomo(tmp_path: Path):
    def write(*samples: Any) -> Dataset:
        path = tmp_path / "locomo.json"
        path.write_text(json.dumps(samples), encoding="utf-8")
        return LOCOMO.open(path)

    return write


def only(dataset: Dataset) -> Haystack:
    (haystack,) = dataset.haystacks()
    return haystack


def question(dataset: Dataset) -> Question:
    (found,) = only(dataset).questions
    return found


def test_the_records_are_those_that_an_import_stores(locomo):
    dataset = locomo(sample(qa("D1:2")))
    imported = [item.record for item in LocomoReader().read(dataset.path) if isinstance(item, Item)]
    assert list(only(dataset).records) == imported


def test_evidence_becomes_keys_of_records_and_their_sessions(locomo):
    asked = question(locomo(sample(qa("D1:2", "D2:1"))))
    assert asked.id == "conv-1/0"
    assert asked.text == "What floats?"
    assert asked.evidence == {"session-01#D1:2": 1, "session-02#D2:1": 1}
    assert asked.sources == {"session-01": 1, "session-02": 1}


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("D:1:2", ["session-01#D1:2"]),
        ("D2:05", ["session-02#D2:5"]),
        (" D1:2 ", ["session-01#D1:2"]),
        ("D1:2; D2:1", ["session-01#D1:2", "session-02#D2:1"]),
        ("D1:2 D2:1 D2:5", ["session-01#D1:2", "session-02#D2:1", "session-02#D2:5"]),
    ],
)
def test_evidence_is_understood_however_it_is_written(locomo, written, keys):
    dataset = locomo(sample(qa(written)))
    assert list(question(dataset).evidence) == keys
    assert dataset.problems == ()


@pytest.mark.parametrize("wrong", ["D7:1", "D", "", "D2:1; D7:1"])
def test_evidence_that_names_no_turn_is_reported_and_the_rest_kept(locomo, wrong):
    dataset = locomo(sample(qa("D1:2", wrong)))
    assert "session-01#D1:2" in question(dataset).evidence
    assert dataset.problems == (
        f"locomo.json: question conv-1/0: no turn is there for its evidence {wrong!r}",
    )


def test_a_question_without_evidence_is_asked_and_reported(locomo):
    dataset = locomo(sample(qa()))
    assert question(dataset).evidence == {}
    assert dataset.problems == (
        "locomo.json: question conv-1/0 names no evidence; recall leaves it out",
    )


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "multi-hop"),
        (2, "temporal"),
        (3, "open-domain"),
        (4, "single-hop"),
        (5, "adversarial"),
    ],
)
def test_categories_have_names(locomo, number, name):
    assert question(locomo(sample(qa("D1:2", category=number)))).category == name


def test_a_question_about_the_wrong_person_has_no_answer_but_keeps_what_misleads(locomo):
    data = {"question": "Who leaks?", "adversarial_answer": "x", "evidence": ["D2:1"]}
    asked = question(locomo(sample(data | {"category": 5})))
    assert not asked.answerable
    assert asked.answer is None
    assert list(asked.evidence) == ["session-02#D2:1"]


def test_questions_are_asked_when_the_conversation_ends(locomo):
    asked = question(locomo(sample(qa("D1:2"))))
    assert asked.asked_at == datetime(2023, 6, 2, 9, tzinfo=timezone.utc)


def test_an_answer_that_is_a_number_is_a_text(locomo):
    assert question(locomo(sample(qa("D1:2", answer=2022)))).answer == "2022"


def test_a_broken_question_is_reported_and_the_others_keep_their_numbers(locomo):
    dataset = locomo(sample("not an object", qa("D1:2"), {"question": " "}))
    assert [asked.id for asked in only(dataset).questions] == ["conv-1/1"]
    assert dataset.problems == (
        "locomo.json: question conv-1/0 was skipped: it is not an object",
        "locomo.json: question conv-1/2 was skipped: it asks nothing",
    )


def test_of_two_turns_with_one_id_the_second_is_reported(locomo):
    twice = sample(qa("D1:1"))
    twice["conversation"]["session_1"].append(turn("D1:1", "Hey again!"))
    dataset = locomo(twice)
    assert [record.text for record in only(dataset).records][:2] == ["Hey!", "I bought a kayak."]
    assert dataset.problems == (
        "locomo.json: session-01#D1:1 of conv-1 comes twice; the second was left out",
    )


def test_of_two_conversations_with_one_name_the_second_is_reported(locomo):
    dataset = locomo(sample(qa("D1:2")), sample(qa("D1:1")))
    assert len(list(dataset.haystacks())) == 1
    assert dataset.problems == ("locomo.json: conv-1 comes twice; what comes second was left out",)


def test_a_conversation_without_turns_is_reported(locomo):
    dataset = locomo(sample(qa("D1:2")), {"sample_id": "conv-2", "conversation": {}, "qa": [qa()]})
    assert [haystack.namespace for haystack in dataset.haystacks()] == ["conv-1"]
    assert dataset.problems == (
        "locomo.json: sample 2 was not read to its end: nobody says anything in it",
    )


def test_of_a_file_that_is_cut_short_the_beginning_is_measured_and_the_end_reported(locomo):
    path = locomo(sample(qa("D1:2")), sample(qa("D1:1"), name="conv-2")).path
    path.write_bytes(path.read_bytes()[:-200])
    dataset = LOCOMO.open(path)
    assert only(dataset).namespace == "conv-1"
    assert len(dataset.problems) == 1
    assert "cut short" in dataset.problems[0]


def test_problems_are_not_counted_twice_when_the_data_are_read_twice(locomo):
    dataset = locomo(sample(qa()))
    assert list(dataset.haystacks()) == list(dataset.haystacks())
    assert len(dataset.problems) == 1


def test_a_file_without_questions_cannot_be_measured(locomo):
    with pytest.raises(InvalidInput, match=r"locomo\.json holds no question"):
        list(locomo(sample()).haystacks())


@pytest.mark.skipif(not DEV.is_file(), reason="optional: needs the development data")
def test_of_the_development_data_all_but_two_questions_have_evidence():
    dataset = LOCOMO.open(DEV)
    questions = [asked for haystack in dataset.haystacks() for asked in haystack.questions]
    assert len(questions) == 999
    assert sum(bool(asked.evidence) for asked in questions) == 997
    assert len(dataset.problems) == 3
