"""Stores written before remem was one package: they open, verify, and answer the same.

``tests/data/before-one-package.tar.gz`` was written by the version before, with the hash encoder.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.testing import HashEncoder

ARCHIVE = Path(__file__).parents[1] / "data" / "before-one-package.tar.gz"
RECORDS = {
    "key": "The spare key is under the blue pot.",
    "rent": "The studio costs 400 euros.",
    "rent~2": "The studio costs 450 euros.",
    "decaf": "Ravi drinks decaf only.",
    "trip#0": "When do you land in Porto?",
    "trip#1": "On 12 September, at 9:40 in the morning.",
    "trip#2": "Then the kiln in the shed is fired before.",
    "lease#f17afb71055e8d39": "# Lease\n\nThe rent is due on the third working day.",
    "lease#1e553e05c7d2adc1": "## Keys\n\nTwo were handed over.",
}
ANSWERS = {
    "Where is the spare key?": "key",
    "What does the studio cost?": "rent~2",
    "What is fired in the shed?": "trip#2",
    "Which working day is the rent due?": "lease#f17afb71055e8d39",
}


@pytest.fixture
def nora(tmp_path: Path) -> Iterator[Memory]:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    with Memory(tmp_path / "store.remem", namespace="nora", encoder=HashEncoder()) as memory:
        yield memory


def test_everything_that_was_written_is_there_and_whole(nora: Memory) -> None:
    assert {record.key: record.text for record in nora.scan()} == RECORDS
    assert [record.key for record in nora.history("rent~2")] == ["rent", "rent~2"]
    assert [record.text for record in nora.in_namespace("ben").scan()] == ["窯在棚子裡。"]
    assert nora.verify().problems == ()


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_finds_what_it_found(nora: Memory, question: str) -> None:
    assert nora.search(question, 1)[0].record.key == ANSWERS[question]


def test_it_is_written_to_as_a_new_one(nora: Memory) -> None:
    nora.update("decaf", "Ravi drinks mint tea only.")
    nora.delete("key")
    assert nora.search("mint tea", 1)[0].record.key == "decaf~2"
    assert "key" not in {record.key for record in nora.scan()}
    assert nora.verify().problems == ()
