"""People's own data: an export, and questions that somebody wrote by hand."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from remem.benchmarks.datasets.base import Dataset, Haystack, Question
from remem.benchmarks.datasets.own import OWN
from remem.store import InvalidInput

HEADER = {"remem_export": 1}
MESSAGES = [
    {"role": "user", "content": "Try Dr. Okafor\non Mill Street.", "session": "chat"},
    {"role": "user", "content": "Thanks!", "session": "chat"},
    {"role": "user", "content": "Thanks! The pier it is.", "session": "later"},
]


def record(namespace: str, key: str, text: str) -> dict[str, Any]:
    source, _, position = key.partition("#")
    return {
        "namespace": namespace,
        "key": key,
        "source": source,
        "position": int(position),
        "text": text,
    }


@pytest.fixture
def own(tmp_path: Path):
    def write(*questions: Any, records: list[Any] = MESSAGES) -> Dataset:
        for name, values in {"records.jsonl": records, "questions.jsonl": questions}.items():
            lines = [value if isinstance(value, str) else json.dumps(value) for value in values]
            (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return OWN.open(tmp_path)

    return write


def only(dataset: Dataset) -> Haystack:
    (haystack,) = dataset.haystacks()
    return haystack


def question(dataset: Dataset) -> Question:
    (asked,) = only(dataset).questions
    return asked


def test_a_question_and_a_quotation_are_enough(own):
    dataset = own({"question": "Which dentist?", "evidence": "try dr. okafor on mill street"})
    asked = question(dataset)
    assert asked.id == "default/1"
    assert asked.text == "Which dentist?"
    assert asked.evidence == {"chat#1": 1}
    assert asked.sources == {"chat": 1}
    assert asked.answerable
    assert dataset.problems == ()


def test_every_field_of_a_question_is_read(own):
    asked = question(
        own(
            {
                "id": "pier",
                "question": "Where in May?",
                "evidence": ["later#3", "Mill Street"],
                "answer": 12,
                "category": "temporal",
                "asked_at": "2024-06-02T18:00:00+00:00",
                "namespace": "default",
                "answerable": False,
            }
        )
    )
    assert asked == Question(
        id="default/pier",
        text="Where in May?",
        category="temporal",
        evidence={"later#3": 1, "chat#1": 1},
        sources={"later": 1, "chat": 1},
        answer="12",
        asked_at=datetime(2024, 6, 2, 18, tzinfo=timezone.utc),
        answerable=False,
    )


def test_words_that_stand_in_several_records_are_no_evidence(own):
    dataset = own({"question": "Who?", "evidence": "thanks!"})
    assert question(dataset).evidence == {}
    assert dataset.problems[0] == (
        "questions.jsonl:1: the evidence 'thanks!' stands in 2 records; "
        "quote more or give a key: chat#2, later#3"
    )


def test_words_that_nobody_said_are_no_evidence(own):
    dataset = own({"question": "Who?", "evidence": ["Mill Street", "Mall Street"]})
    assert list(question(dataset).evidence) == ["chat#1"]
    assert dataset.problems == (
        "questions.jsonl:1: the evidence 'Mall Street' is neither the key nor words of a record",
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "the line is not JSON"),
        ("[]", "the question was skipped: it is not an object"),
        ({"evidence": "x"}, "the question was skipped: it asks nothing"),
        ({"question": "\ud83d"}, "it holds damaged characters"),
        ({"question": "Q", "evidance": "x"}, "it has a field 'evidance'"),
        ({"question": "Q", "evidence": [" "]}, "a piece of its evidence is empty"),
        ({"question": "Q", "evidence": 5}, "its evidence is not a list"),
        ({"question": "Q", "answer": ["a"]}, "its answer is neither a text nor a number"),
        ({"question": "Q", "asked_at": "last May"}, "'last May' is not a time"),
        ({"question": "Q", "answerable": "no"}, "its answerable is neither true nor false"),
    ],
)
def test_a_wrong_line_is_reported_with_its_number_and_the_others_are_asked(own, line, reason):
    dataset = own({"question": "Which dentist?", "evidence": "Mill Street"}, line)
    assert question(dataset).id == "default/1"
    (problem,) = dataset.problems
    assert problem.startswith("questions.jsonl:2: ")
    assert reason in problem


def test_each_namespace_of_an_export_is_a_haystack(own):
    dataset = own(
        {"question": "Whose tea?", "evidence": "tea", "namespace": "ana"},
        {"question": "Whose tea?", "evidence": "tea", "namespace": "bo"},
        records=[HEADER, record("ana", "s#0", "My tea."), record("bo", "s#0", "No, my tea.")],
    )
    assert [(each.namespace, len(each.records)) for each in dataset.haystacks()] == [
        ("ana", 1),
        ("bo", 1),
    ]
    assert dataset.problems == ()


def test_namespaces_that_do_not_meet_are_counted(own):
    dataset = own(
        {"question": "Whose tea?", "evidence": "tea", "namespace": "ana"},
        {"question": "Whose salt?", "evidence": "salt", "namespace": "cy"},
        records=[HEADER, record("ana", "s#0", "My tea."), record("bo", "s#0", "No, my tea.")],
    )
    assert only(dataset).namespace == "ana"
    assert dataset.problems == (
        "questions.jsonl: nothing is asked about bo; records left out: 1",
        "questions.jsonl: records.jsonl is about ana, bo, not about cy; questions left out: 1",
    )


def test_two_questions_with_one_id_are_reported(own):
    asked = {"question": "Which dentist?", "evidence": "Mill Street", "id": "a"}
    dataset = own(asked, asked)
    assert question(dataset).id == "default/a"
    assert dataset.problems == (
        "questions.jsonl: question default/a comes twice; the second was left out",
    )


def test_the_records_may_be_any_export_that_can_be_imported(own):
    dataset = own({"question": "What leaks?", "evidence": "the kayak"})
    (dataset.path / "records.jsonl").unlink()
    (dataset.path / "records.md").write_text("# Boats\n\nThe kayak leaks.\n", encoding="utf-8")
    assert list(question(dataset).sources) == ["records.md"]


def test_questions_without_records_are_refused_with_what_to_do(own):
    dataset = own({"question": "Q", "evidence": "x"})
    (dataset.path / "records.jsonl").unlink()
    with pytest.raises(InvalidInput, match=r"no records; put what was said into .*records\.jsonl"):
        list(dataset.haystacks())


def test_records_in_two_places_are_refused(own):
    dataset = own({"question": "Q", "evidence": "x"})
    (dataset.path / "records.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"keep one of records\.jsonl, records\.txt"):
        list(dataset.haystacks())
