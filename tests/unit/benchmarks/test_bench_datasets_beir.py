"""BEIR as a data set: judged are documents, and nothing that is left out goes uncounted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from remem.benchmarks.datasets.base import Dataset, Haystack
from remem.benchmarks.datasets.beir import BEIR as READER
from remem.store import InvalidInput
from tests.development_data import DATA

BEIR = DATA / "beir"

CORPUS = [
    {"_id": "d1", "title": "Tea", "text": "Tea is a plant."},
    {"_id": "d2", "title": "Salt", "text": "Salt is a mineral."},
]
QUERIES = [{"_id": "q1", "text": "What is tea?"}, {"_id": "q2", "text": "What is salt?"}]


@pytest.fixture
def beir(tmp_path: Path):
    def write(
        qrels: Mapping[str, str], queries: Sequence[object] = QUERIES, folder: str = "set"
    ) -> Dataset:
        base = tmp_path / folder
        (base / "qrels").mkdir(parents=True)
        lines = {"corpus.jsonl": CORPUS, "queries.jsonl": queries}
        for name, values in lines.items():
            text = "".join(json.dumps(value) + "\n" for value in values)
            (base / name).write_text(text, encoding="utf-8")
        for name, text in qrels.items():
            (base / name).write_text("query-id\tcorpus-id\tscore\n" + text, encoding="utf-8")
        assert READER.detect(base)
        return READER.open(base)

    return write


def only(dataset: Dataset) -> Haystack:
    (haystack,) = dataset.haystacks()
    return haystack


def test_gold_is_the_grade_of_each_relevant_document(beir):
    haystack = only(beir({"qrels/test.tsv": "q1\td1\t2\nq1\td2\t1\nq2\td1\t0\nq2\td2\t1\n"}))
    assert haystack.namespace == "set"
    assert [record.source for record in haystack.records] == ["d1", "d2"]
    assert [(each.id, each.text, each.sources) for each in haystack.questions] == [
        ("q1", "What is tea?", {"d1": 2, "d2": 1}),
        ("q2", "What is salt?", {"d2": 1}),
    ]
    assert all(not each.evidence and each.category == "" for each in haystack.questions)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["qrels/train.tsv", "qrels/test.tsv", "qrels/dev.tsv"], "qrels/test.tsv"),
        (["qrels/train.tsv", "qrels/dev.tsv"], "qrels/dev.tsv"),
        (["qrels/mine.tsv"], "qrels/mine.tsv"),
        (["qrels.tsv"], "qrels.tsv"),
    ],
)
def test_of_several_splits_the_one_for_testing_is_read(beir, files, chosen):
    qrels = {name: f"q1\t{'d1' if name == chosen else 'd2'}\t1\n" for name in files}
    assert only(beir(qrels)).questions[0].sources == {"d1": 1}


def test_queries_without_judgements_are_counted_in_one_sentence(beir):
    more = [*QUERIES, {"_id": "q3", "text": "What is pepper?"}]
    dataset = beir({"qrels/test.tsv": "q1\td1\t1\n"}, more)
    assert [each.id for each in only(dataset).questions] == ["q1"]
    assert dataset.problems == ("test.tsv: 2 of 3 queries were left out: no document is relevant",)


def test_judgements_that_lead_nowhere_are_counted(beir):
    dataset = beir({"qrels/test.tsv": "q1\td1\t1\nq1\td9\t1\nq2\td2\t1\nq8\td1\t1\n"})
    assert [each.sources for each in only(dataset).questions] == [{"d1": 1}, {"d2": 1}]
    assert dataset.problems == (
        "test.tsv: 1 of 3 judged documents could not be found in the corpus",
        "test.tsv: 1 of 3 judged queries could not be found in queries.jsonl",
    )


def test_broken_lines_are_reported_with_their_numbers(beir):
    dataset = beir(
        {"qrels/test.tsv": "q1\td1\t1\nq2 d2 1\n\nq2\td2\t1\n"},
        [*QUERIES, {"_id": "q3"}, {"text": "Q"}],
    )
    assert len(only(dataset).questions) == 2
    assert dataset.problems == (
        "queries.jsonl:3: the query was skipped: it asks nothing",
        "queries.jsonl:4: the query was skipped: it has no _id",
        "test.tsv:3: the line is not query id, document id and grade, with tabs between them",
    )


def test_a_corpus_without_judgements_cannot_be_measured(beir):
    with pytest.raises(InvalidInput, match="no judgements"):
        list(beir({}).haystacks())


def test_a_corpus_without_queries_cannot_be_measured(beir):
    dataset = beir({"qrels/test.tsv": "q1\td1\t1\n"})
    (dataset.path / "queries.jsonl").unlink()
    with pytest.raises(InvalidInput, match=r"no queries\.jsonl"):
        list(dataset.haystacks())


@pytest.mark.skipif(not BEIR.is_dir(), reason="optional: needs the development data")
@pytest.mark.parametrize(("name", "questions"), [("nfcorpus", 323), ("cmrc2018-trial", 1000)])
def test_the_published_folders_are_read_whole(name, questions):
    assert len(only(READER.open(BEIR / name)).questions) == questions
