"""A folder in the layout of BEIR: ``corpus.jsonl``, ``queries.jsonl`` and judgements.

The judgements are ``qrels/test.tsv``, another split where there is no test split, or ``qrels.tsv``.
A line is query id, document id and grade, after a line of headings; a grade of 0 or less says that
the document does not answer the query.

The folder is one haystack. What is judged is a document, however many passages it was split into.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from remem.benchmarks.datasets.base import (
    Dataset,
    Haystack,
    Question,
    Reader,
    as_question,
    assemble,
    gather,
    guarded,
    partition,
)
from remem.ingest import BeirReader, Problem
from remem.ingest.files import Files, text_lines
from remem.ingest.jsonstream import JsonLine, json_lines
from remem.ingest.parsing import as_object, as_text

_QUERIES = "queries.jsonl"
_SPLITS = ("test.tsv", "dev.tsv", "validation.tsv", "train.tsv")
_INTEGER = re.compile(r"-?\d+")


def _open(path: Path) -> Dataset:
    return Dataset(f"BEIR {path.resolve().name}", path, partial(_haystack, path))


BEIR = Reader(
    "BEIR (a folder with corpus.jsonl)",
    lambda path: path.is_dir() and BeirReader().detect(path),
    _open,
)
"""The records are those of ``BeirReader``."""


@dataclass(frozen=True, slots=True)
class _Query:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class _Judgement:
    query: str
    document: str
    grade: int


def _haystack(path: Path) -> Iterator[Haystack | Problem]:
    files = Files(path)
    qrels = _qrels(files)
    if qrels is None:
        yield Problem(path, "beside the corpus there are no judgements, as in qrels/test.tsv")
        return
    if not files.members(_QUERIES):
        yield Problem(path, f"beside the corpus there is no {_QUERIES}")
        return
    queries, broken_queries = partition(_queries(files))
    judgements, broken_judgements = partition(_judgements(files, qrels))
    gathered = gather(BeirReader().read(path), path)
    documents = {record.source for record in gathered.records}
    questions = _questions(queries, judgements, documents)
    for loss in _losses(queries, judgements, documents, len(questions)):
        yield Problem(path / qrels, loss)
    parts: list[Question | Problem] = [*broken_queries, *broken_judgements, *questions]
    yield from assemble(path.resolve().name, gathered, parts, path / _QUERIES)


def _questions(
    queries: Sequence[_Query], judgements: Sequence[_Judgement], documents: Set[str]
) -> list[Question]:
    """The queries to which a document that is there is relevant."""
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for each in judgements:
        if each.grade > 0 and each.document in documents:
            grades[each.query][each.document] = each.grade
    return [
        Question(query.id, query.text, sources=grades[query.id])
        for query in queries
        if query.id in grades
    ]


def _losses(
    queries: Sequence[_Query],
    judgements: Sequence[_Judgement],
    documents: Set[str],
    questions: int,
) -> Iterator[str]:
    """A sentence with the number of each kind of thing that does not fit together."""
    if lost := len(queries) - questions:
        yield f"{lost:,} of {len(queries):,} queries were left out: no document is relevant"
    judged = {each.document for each in judgements}
    if lost := len(judged - documents):
        yield f"{lost:,} of {len(judged):,} judged documents could not be found in the corpus"
    asked = {each.query for each in judgements}
    if lost := len(asked - {query.id for query in queries}):
        yield f"{lost:,} of {len(asked):,} judged queries could not be found in {_QUERIES}"


def _qrels(files: Files) -> str | None:
    """The file of judgements; of several splits the one that is for testing."""
    splits = {Path(member).name: member for member in files.members("qrels/*.tsv", "qrels.tsv")}
    preferred = (splits[name] for name in _SPLITS if name in splits)
    return next(preferred, next(iter(splits.values()), None))


def _queries(files: Files) -> Iterator[_Query | Problem]:
    for line in json_lines(files, _QUERIES):
        if isinstance(line, Problem):
            yield line
        else:
            yield from guarded(_query(line), files.locate(_QUERIES), "the query", line.number)


def _query(line: JsonLine) -> Iterator[_Query | Problem]:
    query = as_object(line.value, "it")
    id = as_text(query.get("_id"), "its _id")
    if not id:
        raise ValueError("it has no _id")
    yield _Query(id, as_question(query.get("text")))


def _judgements(files: Files, qrels: str) -> Iterator[_Judgement | Problem]:
    for line in text_lines(files, qrels):
        if isinstance(line, Problem):
            yield line
            continue
        match line.text.split("\t"):
            case [query, document, grade] if _INTEGER.fullmatch(grade.strip()):
                yield _Judgement(query, document, int(grade))
            case _ if line.number > 1 and line.text.strip():  # the first line has the headings
                reason = "the line is not query id, document id and grade, with tabs between them"
                yield Problem(files.locate(qrels), reason, line.number)
