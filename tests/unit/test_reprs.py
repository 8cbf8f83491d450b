"""The line, a short one, in which an interactive Python shows each thing."""

from __future__ import annotations

from datetime import datetime, timezone

from remem import Memory
from remem.recall.prompt import Context
from remem.recall.quotes import Quote
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder

NOON = datetime(2024, 3, 17, 12, 0, tzinfo=timezone.utc)
RECORD = Record("s#1", "s", 1, "The kiln broke.\n" * 90, speaker="Nora", said_at=NOON)
FOUND = Recollection(RECORD, 0.876, 0.5, {"dense turn": 0.8}, ("kiln",))


def test_a_record_is_shown_by_key_speaker_time_and_beginning() -> None:
    assert repr(RECORD).startswith(r"Record('s#1', Nora, 2024-03-17 12:00: 'The kiln broke.\nThe ")
    assert len(repr(RECORD)) < 120
    assert repr(Record("k", "s", 0, "Hi", kind="note")) == "Record('k', note: 'Hi')"


def test_what_is_recalled_is_shown_in_one_line() -> None:
    for each in (FOUND, Quote(FOUND, RECORD.text), Context("x" * 999, (FOUND,), 12)):
        assert len(repr(each)) < 150
        assert "s#1" in repr(each)
        assert "\n" not in repr(each)


def test_a_memory_is_shown_by_its_place_and_namespace() -> None:
    with Memory(":memory:", "nora", encoder=HashEncoder()) as memory:
        assert repr(memory) == "Memory(':memory:', namespace='nora')"
