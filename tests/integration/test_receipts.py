"""Receipts of what was forgotten: without the words, and true."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from remem import Memory, receipts
from remem.encoders.reading import WHOLE
from remem.receipts import Receipt
from remem.store import F, InvalidInput
from remem.testing import HashEncoder
from tests.a_history import history
from tests.remem_process import Remem


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add_records(history())
        yield memory


def test_a_preview_counts_versions_and_neighbours(memory: Memory) -> None:
    memory.update("kiln#0", "The kiln broke again; the thermostat is from 1989.")
    found = receipts.counts(memory.doomed(F("key") == "kiln#0"))
    assert found == {"records": 2, "versions": 1, "sources": 1, "rewritten": 2}
    assert len(list(memory.scan())) == 20  # nothing went


def test_a_receipt_holds_no_word_and_is_verified_without_any(memory: Memory) -> None:
    texts = [each.text for each in memory.scan(F("source") == "the dog")]
    made = receipts.forget(memory, F("source") == "the dog")
    written = made.to_json()
    assert not [
        word for text in texts for word in text.split() if len(word) > 4 and word in written
    ]
    assert made.records == len(made.digests) == 5
    assert made.scan is not None
    assert (made.scan.found, made.scan.probes > 0, made.scan.bytes > 1000) == (0, True, True)
    assert receipts.verify(Receipt.from_json(written), memory) == []


class _Interrupted(HashEncoder):
    """Does something once, when it is asked for vectors; like another process, in the middle."""

    reading = WHOLE  # so that what stays has to be read again
    meanwhile: Callable[[], object] | None = None

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().encode_documents(texts)


def test_a_receipt_is_of_what_went_also_of_what_another_process_added(tmp_path: Path) -> None:
    encoder = _Interrupted()
    with (
        Memory(tmp_path / "store", encoder=encoder) as memory,
        Memory(tmp_path / "store", encoder=_Interrupted()) as other,
    ):
        memory.add_records(history())
        said = F("source") == "kiln"
        late = replace(next(memory.scan(said)), key="kiln#late", speaker="Ravi", text="Late word.")
        encoder.meanwhile = lambda: other.add_records([late])
        made = receipts.forget(memory, F("speaker") == "Ravi")
        assert (encoder.meanwhile, memory.get("kiln#late")) == (None, None)
    assert receipts.digest_of(made.salt, late.key, late.text) in made.digests


def test_a_file_that_vanishes_meanwhile_is_passed_over(tmp_path: Path) -> None:
    kept, text = tmp_path / "kept", "The spare key is with Mrs Okafor downstairs."
    kept.write_text(text)
    scan, found = receipts.traces([tmp_path / "gone", kept], [text])
    assert (scan.files, scan.bytes, found) == (1, len(text), {text.encode()})


def test_a_trace_across_two_reads_of_a_file_is_found(tmp_path: Path) -> None:
    text = "The spare key is with Mrs Okafor downstairs."
    (tmp_path / "long").write_bytes(bytes(2**24 - 10) + text.encode())
    assert receipts.traces([tmp_path / "long"], [text])[1] == {text.encode()}


def test_what_comes_back_is_told(memory: Memory) -> None:
    before = memory.get("kiln#2")
    assert before is not None
    made = receipts.forget(memory, F("key") == "kiln#2")
    memory.add_records([before])
    assert receipts.verify(made, memory) == ["1 of what was forgotten is remembered again"]


def test_a_receipt_that_was_changed_is_told(memory: Memory) -> None:
    values = json.loads(receipts.forget(memory, F("key") == "kiln#2").to_json())
    changed = Receipt.from_json(json.dumps(values | {"at": "2001-01-01T00:00:00+00:00"}))
    assert receipts.verify(changed, memory) == ["the receipt was changed after it was made"]


def test_words_that_a_file_still_holds_are_found(memory: Memory, tmp_path: Path) -> None:
    text = next(memory.scan(F("key") == "kiln#1")).text
    (tmp_path / "store" / "forgotten copy.txt").write_text(f"before {text} after")
    made = receipts.forget(memory, F("key") == "kiln#1")
    assert made.scan is not None
    assert made.scan.found == 1
    assert receipts.verify(made, memory) == [
        "1 pieces were still in files of the store when it was made"
    ]


def test_words_of_a_memory_that_stays_are_no_trace(memory: Memory) -> None:
    text = next(memory.scan(F("key") == "kiln#1")).text
    memory.add(f"Ravi wrote: {text}")
    made = receipts.forget(memory, F("key") == "kiln#1")
    assert made.scan is not None
    assert made.scan.found == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"remem_receipt": 2}', '{"remem_receipt": 1}'])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no receipt of remem"):
        Receipt.from_json(text)


def test_the_command_writes_a_receipt_and_verifies_it(tmp_path: Path) -> None:
    remem = Remem(tmp_path)
    remem.told("add", "The greyhound is called Biscuit.", "--source", "dogs")
    remem.told("add", "The kiln is broken.", "--source", "kilns")
    file = tmp_path / "receipt.json"
    remem.told("forget", "--source", "dogs", "--yes", "--receipt", str(file))
    assert "Biscuit" not in file.read_text()
    told = remem.told("receipt", "verify", str(file))
    assert (told["ok"], told["records"], told["problems"]) == (True, 1, [])
    file.write_text(file.read_text().replace('"records": 1', '"records": 9'))
    done = remem.run("receipt", "verify", str(file))
    assert (done.returncode, "changed after it was made" in done.stdout) == (1, True)
