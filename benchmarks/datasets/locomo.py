"""LoCoMo with its questions: long conversations between two people (the original ``.json``).

A haystack is a conversation. A question of category 5 is about the wrong person; the evidence it
names, which misleads, is kept. The format does not say when a question is asked: it is taken to be
asked at the end of the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
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
)
from remem.ingest import LocomoReader, Problem
from remem.ingest.files import Files
from remem.ingest.jsonstream import read_elements
from remem.ingest.locomo import conversation_items
from remem.ingest.parsing import as_list, as_object, as_text
from remem.store import Record

_ADVERSARIAL = "adversarial"
_CATEGORIES = {
    "1": "multi-hop",
    "2": "temporal",
    "3": "open-domain",
    "4": "single-hop",
    "5": _ADVERSARIAL,
}

_TURN_ID = re.compile(r"D:?(\d+):(\d+)")
"""A turn's id is "D8:6"; evidence also has "D30:05", "D:11:26" and "D8:6; D9:17"."""

_Turn = tuple[int, int]
"""Session, and place in it."""


def _open(path: Path) -> Dataset:
    read = partial(read_elements, Files(path), [path.name], "sample", _haystack)
    return Dataset(f"LoCoMo {path.name}", path, read)


LOCOMO = Reader("LoCoMo", LocomoReader().detect, _open)
"""The records are those of ``LocomoReader``."""


def _haystack(sample: Mapping[str, Any], number: int, path: Path) -> Iterator[Haystack | Problem]:
    gathered = gather(conversation_items(sample, number, path), path)
    if gathered.namespace is None:
        yield from gathered.problems
        raise ValueError("nobody says anything in it")
    listed = as_list(sample.get("qa"), "its list of questions")
    questions = _questions(listed, gathered.namespace, gathered.records, path)
    yield from assemble(gathered.namespace, gathered, questions, path)


def _questions(
    listed: Sequence[Any], namespace: str, records: Sequence[Record], path: Path
) -> Iterator[Question | Problem]:
    turns = {turn: record for record in records for turn in _turns(record.key.partition("#")[2])}
    asked_at = max((record.said_at for record in records if record.said_at), default=None)
    for ordinal, data in enumerate(listed):
        name = f"{namespace}/{ordinal}"
        parts = _question(data, name, turns, asked_at, path)
        yield from guarded(parts, path, f"question {name}")


def _question(
    data: Any, name: str, turns: Mapping[_Turn, Record], asked_at: datetime | None, path: Path
) -> Iterator[Question | Problem]:
    qa = as_object(data, "it")
    text = as_question(qa.get("question"))
    category = str(qa.get("category", ""))
    evidence: list[Record] = []
    for citation in as_list(qa.get("evidence"), "its evidence"):
        cited = _turns(as_text(citation, "a piece of its evidence"))
        found = [turns[turn] for turn in cited if turn in turns]
        evidence += found
        if not cited or len(found) < len(cited):
            yield Problem(path, f"question {name}: no turn is there for its evidence {citation!r}")
    yield Question(
        id=name,
        text=text,
        category=_CATEGORIES.get(category, category),
        evidence={record.key: 1 for record in evidence},
        sources={record.source: 1 for record in evidence},
        answer=as_answer(qa.get("answer")),
        asked_at=asked_at,
        answerable=_CATEGORIES.get(category) != _ADVERSARIAL,
    )


def _turns(text: str) -> list[_Turn]:
    return [(int(session), int(number)) for session, number in _TURN_ID.findall(text)]
