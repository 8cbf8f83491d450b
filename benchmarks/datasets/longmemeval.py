"""LongMemEval with its questions: S, M and oracle (the original ``.json``, or ``.json.gz``).

Each question has a haystack of its own. M is gigabytes; one haystack at a time is held.

Two protocols: remem's own indexes what both roles said and asks everything; the benchmark's
official one for retrieval indexes what the user said, and asks what somebody can answer from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from remem.benchmarks.datasets.base import (
    Dataset,
    Haystack,
    Question,
    Reader,
    as_answer,
    as_question,
    assemble,
    gather,
    guarded,
    partition,
)
from remem.ingest import LongMemEvalReader, Problem
from remem.ingest.files import Files
from remem.ingest.jsonstream import read_elements
from remem.ingest.longmemeval import as_date, haystack_items, session_name
from remem.ingest.parsing import as_list, as_text
from remem.store import Record

_ABSTENTION = "_abs"


@dataclass(frozen=True, slots=True)
class Protocol:
    """The part of the data that is measured.

    Attributes:
        select: The item of the file -> the same with only what takes part.
        objection: The question -> why it is not asked, None if it is.
    """

    name: str
    select: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    objection: Callable[[Question], str | None]


def longmemeval(protocol: Protocol) -> Reader:
    """LongMemEval by a protocol; the records are those of ``LongMemEvalReader``."""
    name = f"LongMemEval, {protocol.name}"

    def open_file(path: Path) -> Dataset:
        parse = partial(_haystack, protocol)
        read = partial(read_elements, Files(path), [path.name], "item", parse)
        return Dataset(f"{name}: {path.name}", path, read)

    return Reader(name, LongMemEvalReader().detect, open_file)


def _haystack(
    protocol: Protocol, item: Mapping[str, Any], number: int, path: Path
) -> Iterator[Haystack | Problem]:
    item = protocol.select(item)
    gathered = gather(haystack_items(item, number, path), path)
    if gathered.namespace is None:
        yield from gathered.problems
        raise ValueError("nobody says anything in it")
    name = gathered.namespace
    parts = _question(item, name, gathered.records, path)
    questions, problems = partition(guarded(parts, path, f"question {name}"))
    yield from problems
    for question in questions:
        if objection := protocol.objection(question):
            yield Problem(path, f"question {name} was left out: {objection}")
        else:
            yield from assemble(name, gathered, [question], path)


def _question(
    item: Mapping[str, Any], name: str, records: Sequence[Record], path: Path
) -> Iterator[Question | Problem]:
    text = as_question(item.get("question"))
    evidence: list[str] = []
    keys = {(record.source, record.position): record.key for record in records}
    for place in _places_of_answer(item):
        if place in keys:
            evidence.append(keys[place])
        else:
            source, position = place
            reason = f"turn {position + 1} of {source}, which has its answer, was not read"
            yield Problem(path, f"question {name}: {reason}")
    sources: list[str] = []
    ids = as_list(item.get("haystack_session_ids"), "its list of session ids")
    read = {record.source for record in records}
    for gold in as_list(item.get("answer_session_ids"), "its list of answer sessions"):
        named = (session_name(ordinal) for ordinal, each in enumerate(ids, 1) if each == gold)
        found = [source for source in named if source in read]
        sources += found
        if not found:
            yield Problem(path, f"question {name}: no session is there for its gold one {gold!r}")
    is_abstention = _ABSTENTION in name
    yield Question(
        id=name,
        text=text,
        category="abstention" if is_abstention else as_text(item.get("question_type"), "its type"),
        evidence=dict.fromkeys(evidence, 1),
        sources=dict.fromkeys(sources, 1),
        answer=as_answer(item.get("answer")),
        asked_at=as_date(item.get("question_date")),
        answerable=not is_abstention,
    )


def _places_of_answer(item: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Session, and place in it, of each turn that is marked as holding the answer."""
    for ordinal, turns in enumerate(_sessions(item), start=1):
        for position, turn in enumerate(turns):
            if _has_answer(turn):
                yield session_name(ordinal), position


def _sessions(item: Mapping[str, Any]) -> list[list[Any]]:
    """The sessions; an empty one stands for what is no list, which the records' reader reports."""
    sessions = as_list(item.get("haystack_sessions"), "its list of sessions")
    return [turns if isinstance(turns, list) else [] for turns in sessions]


def _has_answer(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("has_answer") is True


def _user_side(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item with the user's turns alone.

    As in the benchmark's own code, a session in which the user does not say the answer is no
    longer one that holds it.
    """
    sessions = [
        [turn for turn in turns if isinstance(turn, dict) and turn.get("role") == "user"]
        for turns in _sessions(item)
    ]
    ids = as_list(item.get("haystack_session_ids"), "its list of session ids")
    answering = [
        id for id, turns in zip(ids, sessions, strict=False) if any(map(_has_answer, turns))
    ]
    gold = as_list(item.get("answer_session_ids"), "its list of answer sessions")
    return {
        **item,
        "haystack_sessions": sessions,
        "answer_session_ids": [id for id in gold if id in answering],
    }


def _not_retrieval(question: Question) -> str | None:
    if not question.answerable:
        return "the official protocol asks none that nobody can answer"
    if not question.evidence:
        return "the user says nothing that answers it"
    return None


BOTH_ROLES = Protocol("both roles", lambda item: item, lambda _: None)
OFFICIAL = Protocol("official protocol", _user_side, _not_retrieval)
