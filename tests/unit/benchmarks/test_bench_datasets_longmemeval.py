"""LongMemEval as a data set: what is marked as the answer becomes keys of records."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from remem.benchmarks.datasets.base import Dataset
from remem.benchmarks.datasets.longmemeval import BOTH_ROLES, OFFICIAL, Protocol
from remem.benchmarks.datasets.longmemeval import longmemeval as reader
from remem.ingest import Item, LongMemEvalReader
from remem.store import InvalidInput
from tests.development_data import DATA

EVALS = DATA / "longmemeval"


def user(text: str, **marks: Any) -> dict[str, Any]:
    return {"role": "user", "content": text} | marks


def assistant(text: str, **marks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text} | marks


def item(name: str = "q1", **fields: Any) -> dict[str, Any]:
    return {
        "question_id": name,
        "question_type": "single-session-user",
        "question": "Where do I live?",
        "answer": "Oslo",
        "question_date": "2023/06/01 (Thu) 10:30",
        "answer_session_ids": ["answer_1"],
        "haystack_dates": ["2023/05/20 (Sat) 02:21", "2023/05/21 (Sun) 08:00"],
        "haystack_session_ids": ["other", "answer_1"],
        "haystack_sessions": [
            [user("I like tea."), assistant("Good.")],
            [assistant("Hello!"), user("I moved to Oslo.", has_answer=True), assistant("Nice.")],
        ],
    } | fields


@pytest.fixture
def longmemeval(tmp_path: Path):
    def write(*items: Any, protocol: Protocol = BOTH_ROLES) -> Dataset:
        path = tmp_path / "lme.json.gz"
        path.write_bytes(gzip.compress(json.dumps(items).encode()))
        return reader(protocol).open(path)

    return write


def only(dataset: Dataset):
    (haystack,) = dataset.haystacks()
    (asked,) = haystack.questions
    return haystack, asked


def test_the_records_are_those_that_an_import_stores(longmemeval):
    dataset = longmemeval(item())
    read = LongMemEvalReader().read(dataset.path)
    assert list(only(dataset)[0].records) == [
        each.record for each in read if isinstance(each, Item)
    ]


def test_marked_turns_are_the_evidence_and_gold_sessions_the_sources(longmemeval):
    haystack, asked = only(longmemeval(item()))
    assert haystack.namespace == asked.id == "q1"
    assert asked.evidence == {"session-002#1": 1}
    assert asked.sources == {"session-002": 1}
    assert asked.category == "single-session-user"
    assert asked.answer == "Oslo"
    assert asked.asked_at == datetime(2023, 6, 1, 10, 30, tzinfo=timezone.utc)


def test_abstention_is_a_category_whose_questions_have_no_answer(longmemeval):
    _, asked = only(longmemeval(item("q1_abs")))
    assert asked.category == "abstention"
    assert not asked.answerable
    assert list(asked.evidence) == ["session-002#1"]


def test_a_question_that_nobody_can_answer_needs_no_evidence(longmemeval):
    sessions = [[user("I like tea.")]]
    dataset = longmemeval(item("q1_abs", haystack_sessions=sessions, answer_session_ids=[]))
    assert only(dataset)[1].evidence == {}
    assert dataset.problems == ()


def test_a_marked_turn_that_could_not_be_read_is_reported(longmemeval):
    sessions = [[user("I like tea.")], [user(" ", has_answer=True), user("Hm.", has_answer=True)]]
    dataset = longmemeval(item(haystack_sessions=sessions))
    assert list(only(dataset)[1].evidence) == ["session-002#1"]
    assert dataset.problems == (
        "lme.json.gz: question q1: turn 1 of session-002, which has its answer, was not read",
    )


def test_a_gold_session_that_is_not_in_the_haystack_is_reported(longmemeval):
    dataset = longmemeval(item(answer_session_ids=["answer_1", "answer_9"]))
    assert only(dataset)[1].sources == {"session-002": 1}
    assert dataset.problems == (
        "lme.json.gz: question q1: no session is there for its gold one 'answer_9'",
    )


def test_an_item_whose_question_is_broken_is_reported_and_the_next_one_asked(longmemeval):
    dataset = longmemeval(item(question=None), item("q2"))
    assert [haystack.namespace for haystack in dataset.haystacks()] == ["q2"]
    assert dataset.problems == ("lme.json.gz: question q1 was skipped: it asks nothing",)


def test_the_official_protocol_indexes_what_the_user_said(longmemeval):
    haystack, asked = only(longmemeval(item(), protocol=OFFICIAL))
    assert [record.text for record in haystack.records] == ["I like tea.", "I moved to Oslo."]
    assert asked.evidence == {"session-002#0": 1}


def test_the_official_protocol_leaves_out_gold_sessions_that_only_the_assistant_answers(
    longmemeval,
):
    sessions = [
        [user("Where?"), assistant("In Oslo.", has_answer=True)],
        [user("I moved to Oslo.", has_answer=True)],
    ]
    both = item(
        haystack_sessions=sessions,
        haystack_session_ids=["answer_0", "answer_1"],
        answer_session_ids=["answer_0", "answer_1"],
    )
    assert only(longmemeval(both))[1].sources == {"session-001": 1, "session-002": 1}
    assert only(longmemeval(both, protocol=OFFICIAL))[1].sources == {"session-002": 1}


def test_the_official_protocol_counts_the_questions_that_it_does_not_ask(longmemeval):
    sessions = [[user("Where?"), assistant("In Oslo.", has_answer=True)]]
    by_assistant = item("q3", haystack_sessions=sessions, haystack_session_ids=["answer_1"])
    dataset = longmemeval(item(), item("q2_abs"), by_assistant, protocol=OFFICIAL)
    assert [haystack.namespace for haystack in dataset.haystacks()] == ["q1"]
    assert dataset.problems == (
        "lme.json.gz: question q2_abs was left out: "
        "the official protocol asks none that nobody can answer",
        "lme.json.gz: question q3 was left out: the user says nothing that answers it",
    )


def test_a_damaged_archive_is_refused_with_the_reason(longmemeval):
    path = longmemeval(item()).path
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InvalidInput, match="cut short or damaged"):
        list(reader(BOTH_ROLES).open(path).haystacks())


@pytest.mark.skipif(not EVALS.is_dir(), reason="optional: needs the development data")
@pytest.mark.parametrize(
    ("name", "protocol", "questions", "with_evidence"),
    [
        ("longmemeval_s_3_items.json.gz", BOTH_ROLES, 3, 3),
        ("longmemeval_rebuilt_dev.json.gz", BOTH_ROLES, 248, 240),
        ("longmemeval_rebuilt_dev.json.gz", OFFICIAL, 209, 209),
    ],
)
def test_the_published_files_are_read_whole(name, protocol, questions, with_evidence):
    dataset = reader(protocol).open(EVALS / name)
    asked = [each for haystack in dataset.haystacks() for each in haystack.questions]
    assert len(asked) == questions
    assert sum(bool(each.evidence) for each in asked) == with_evidence
