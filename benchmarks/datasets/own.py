"""People's own data: a folder with records and, beside them, questions in JSON Lines.

::

    my-chat/
      records.jsonl     what was said: whatever `remem import` reads, under the name "records"
      questions.jsonl   one question a line

The records can be what ``remem export`` wrote, or a chat export or document as it is:
``records.jsonl``, ``records.zip``, ``records.txt``, or a folder ``records/``.

A question and where its answer stands are enough; the other fields are optional::

    {"question": "Which dentist did Ana recommend?", "evidence": "try Dr. Okafor on Mill Street"}
    {"question": "Where did we meet in May?", "evidence": ["the old pier", "chat-7#12"],
     "answer": "at the old pier", "category": "temporal", "asked_at": "2024-06-02T18:00:00+02:00",
     "namespace": "ana", "answerable": true, "id": "pier"}

evidence
    Each piece is the key of a record, or words quoted from it: enough of them that they stand in
    no other record. Upper and lower case and line breaks do not matter.
answer
    The gold answer, for ``remem bench answers``.
category
    Any name; figures are also given for each category.
asked_at
    When it is asked (ISO 8601; UTC where no offset is given); "last week" is seen from there.
namespace
    Whose memory is asked; "default" is where ``remem import`` puts what names no namespace.
answerable
    false where the right answer is that nobody said so. Such a question needs no evidence.
id
    Its name in reports; by default the number of its line.

So ten minutes are enough: ``remem export -o my-chat/records.jsonl``, and a question for every fact
that should be found again, with a quotation of the message that has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
from remem.departed import Digests
from remem.ingest import Item, Problem, detect_reader
from remem.ingest.files import Files
from remem.ingest.jsonstream import JsonLine, json_lines
from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.store import InvalidInput, Record

_RECORDS = "records"
_QUESTIONS = "questions.jsonl"
_NAMESPACE = "default"
_FIELDS = frozenset("question evidence answer category asked_at namespace answerable id".split())


def _open(path: Path) -> Dataset:
    return Dataset(path.resolve().name, path, partial(_haystacks, path))


OWN = Reader(
    "your own (a folder with records and questions.jsonl)",
    lambda path: (path / _QUESTIONS).is_file(),
    _open,
)
"""The records are those that ``remem import`` would store."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A question, and what its line says about where the answer stands."""

    number: int
    namespace: str
    question: Question
    citations: Sequence[str]


def _haystacks(folder: Path) -> Iterator[Haystack | Problem]:
    path = folder / _QUESTIONS
    asked: defaultdict[str, list[_Line]] = defaultdict(list)
    for line in _lines(path):
        if isinstance(line, Problem):
            yield line
        else:
            asked[line.namespace].append(line)
    records = _records_of(folder)
    known = set()
    read = detect_reader(records).read(records)
    said = (item for item in read if not isinstance(item, Digests))
    for namespace, items in _by_namespace(said):
        known.add(namespace)
        gathered = gather(items, records)
        if namespace in asked:
            questions = _with_evidence(asked[namespace], gathered.records, path)
            yield from assemble(namespace, gathered, questions, path)
        else:
            yield from gathered.problems
            count = len(gathered.records)
            yield Problem(path, f"nothing is asked about {namespace}; records left out: {count:,}")
    for namespace in sorted(asked.keys() - known):
        count = len(asked[namespace])
        of = ", ".join(sorted(known)) or "nobody"
        reason = (
            f"{records.name} is about {of}, not about {namespace}; questions left out: {count:,}"
        )
        yield Problem(path, reason)


def _records_of(folder: Path) -> Path:
    found = [path for path in folder.iterdir() if path.name.partition(".")[0] == _RECORDS]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted(path.name for path in found))
        raise InvalidInput(f"{folder} has records more than once; keep one of {names}")
    raise InvalidInput(
        f"{folder} has questions but no records; put what was said into {folder / _RECORDS}.jsonl, "
        "with remem export or as an export of the chat"
    )


def _by_namespace(
    items: Iterable[Item | Problem],
) -> Iterator[tuple[str, Sequence[Item | Problem]]]:
    """Runs of items of one namespace; a problem belongs to the run in which it arose."""
    run: list[Item | Problem] = []
    current: str | None = None
    for item in items:
        if isinstance(item, Item):
            namespace = item.namespace or _NAMESPACE
            if current not in (None, namespace):
                yield current, run
                run = []
            current = namespace
        run.append(item)
    yield current or _NAMESPACE, run


def _lines(path: Path) -> Iterator[_Line | Problem]:
    for line in json_lines(Files(path), path.name):
        if isinstance(line, Problem):
            yield line
        else:
            yield from guarded(_line(line), path, "the question", line.number)


def _line(line: JsonLine) -> Iterator[_Line]:
    data = as_object(line.value, "it")
    if unknown := sorted(data.keys() - _FIELDS):
        raise ValueError(f"it has a field {unknown[0]!r}, which has no meaning here")
    namespace = as_text(data.get("namespace"), "its namespace") or _NAMESPACE
    answerable = data.get("answerable", True)
    if not isinstance(answerable, bool):
        raise ValueError("its answerable is neither true nor false")
    question = Question(
        id=f"{namespace}/{as_text(data.get('id'), 'its id') or line.number}",
        text=as_question(data.get("question")),
        category=as_text(data.get("category"), "its category"),
        answer=as_answer(data.get("answer")),
        asked_at=as_time(data.get("asked_at")),
        answerable=answerable,
    )
    yield _Line(line.number, namespace, question, _citations(data.get("evidence")))


def _citations(value: Any) -> Sequence[str]:
    pieces = [value] if isinstance(value, str) else as_list(value, "its evidence")
    citations = [as_text(piece, "a piece of its evidence") for piece in pieces]
    if not all(map(str.strip, citations)):
        raise ValueError("a piece of its evidence is empty")
    return citations


def _with_evidence(
    lines: Sequence[_Line], records: Sequence[Record], path: Path
) -> Iterator[Question | Problem]:
    by_key = {record.key: record for record in records}
    texts = {record.key: _plain(record.text) for record in records}
    for line in lines:
        evidence: list[Record] = []
        for citation in line.citations:
            words = _plain(citation)
            keys = [citation] if citation in by_key else [k for k, v in texts.items() if words in v]
            if len(keys) == 1:
                evidence.append(by_key[keys[0]])
            else:
                yield Problem(path, _not_one(citation, keys), line.number)
        yield replace(
            line.question,
            evidence={record.key: 1 for record in evidence},
            sources={record.source: 1 for record in evidence},
        )


def _not_one(citation: str, keys: Sequence[str]) -> str:
    if not keys:
        return f"the evidence {citation!r} is neither the key nor words of a record"
    few = ", ".join(keys[:3])
    return (
        f"the evidence {citation!r} stands in {len(keys)} records; quote more or give a key: {few}"
    )


def _plain(text: str) -> str:
    """The text in lower case with its words on one line: the form in which words are compared."""
    return " ".join(text.casefold().split())
