"""A filter that was used before finds what was written since, and nothing that went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from remem.store import Batch, Dense, Entry, F, Filter, Record, Space, Text, View
from remem.store.embedded import EmbeddedStore, filters, records, search
from remem.store.filters import And, Not, Or
from remem.store.rows import checked

VECTORS = np.eye(8, dtype=np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "memories") as store:
        store.adopt(Space("eight", 8, ("turn",)))
        yield store


def add(store: EmbeddedStore, keys: Sequence[int]) -> None:
    entries = [
        Entry(
            Record(str(k), "s", k, "a word", speaker="Ana" if k % 3 else "Ben"),
            {"turn": View("a word", VECTORS[k % 8])},
        )
        for k in keys
    ]
    store.write("n", Batch(add=entries))


def found(store: EmbeddedStore, where: Filter) -> set[int]:
    dense, text = store.search("n", [Dense("turn", VECTORS[0]), Text("turn", "word")], 1000, where)
    keys = {int(hit.record.key) for hit in dense}
    assert keys == {int(hit.record.key) for hit in text}
    return keys


def ana(numbers: Sequence[int]) -> set[int]:
    return {k for k in numbers if k % 3}


@pytest.mark.parametrize("few", [0, 500])
def test_a_filter_that_was_used_before_finds_what_was_added_since(
    store: EmbeddedStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW", few)
    where = F("speaker") == "Ana"
    add(store, range(20))
    assert found(store, where) == ana(range(20))
    add(store, range(20, 30))
    assert found(store, where) == ana(range(30))
    assert found(store, ~where) == {*range(30)} - ana(range(30))


def test_a_filter_that_was_used_before_finds_nothing_that_was_deleted(store: EmbeddedStore) -> None:
    where = F("speaker") == "Ana"
    add(store, range(20))
    found(store, where)
    store.write("n", Batch(delete=["1", "2"]))
    assert found(store, where) == ana(range(3, 20))


def test_a_key_that_was_stored_again_is_filtered_by_what_it_is_now(store: EmbeddedStore) -> None:
    where = F("speaker") == "Ana"
    add(store, range(20))
    found(store, where)
    again = Record("1", "s", 1, "a word", speaker="Ben")
    store.write("n", Batch(delete=["1"]))
    store.write("n", Batch(add=[Entry(again, {"turn": View("a word", VECTORS[1])})]))
    assert found(store, where) == ana(range(2, 20))


def test_a_record_whose_views_were_refreshed_is_still_found_by_its_filter(
    store: EmbeddedStore,
) -> None:
    where = F("speaker") == "Ana"
    add(store, range(20))
    found(store, where)
    store.write("n", Batch(refresh={"1": {"turn": View("another word", VECTORS[2])}}))
    assert found(store, where) == ana(range(20))
    assert found(store, ~where) == {*range(20)} - ana(range(20))


def test_a_list_of_values_longer_than_sqlite_takes_is_filtered_by(store: EmbeddedStore) -> None:
    add(store, range(20))
    where = F("key").in_([str(k) for k in range(5, 40_000)])
    assert found(store, where) == {*range(5, 20)}


def test_a_filtered_scan_reads_only_the_records_that_match(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, range(1000))
    read: list[object] = []
    monkeypatch.setattr(records, "checked", lambda *row: read.append(row) or checked(*row))
    assert [record.key for record in store.scan("n", F("key").in_(["7", "77"]))] == ["7", "77"]
    assert len(read) == 2
    assert [record.key for record in store.find("n", F("speaker") == "Ben", 3)] == ["0", "3", "6"]
    assert len(read) < 100  # a page, of 334 that match


def test_a_filtered_scan_sees_what_is_written_meanwhile(store: EmbeddedStore) -> None:
    add(store, range(2000))
    seen: list[Record] = []
    for record in store.scan("n", F("speaker") == "Ana"):
        if not seen:
            store.write("n", Batch(delete=["1600", "1601"]))
            again = Record("1601", "s", 1601, "in new words", speaker="Ana")
            store.write("n", Batch(add=[Entry(again, {"turn": View("a word", VECTORS[1])})]))
            add(store, [2000])
        seen.append(record)
    keys = [int(record.key) for record in seen]
    assert keys == sorted(ana(range(2001)) - {1600})
    assert seen[keys.index(1601)].text == "in new words"


def test_a_filtered_scan_survives_the_end_of_what_it_reads(store: EmbeddedStore) -> None:
    add(store, range(1000))
    scan = store.scan("n", F("speaker") == "Ana")
    next(scan)
    store.purge("n", Batch(delete=[str(k) for k in range(1000)]))
    assert len(list(scan)) < 1000
    assert list(store.scan("n", F("speaker") == "Ana")) == []


@pytest.mark.parametrize("few", [0, 500])
def test_conditions_are_put_together_as_their_predicates_are(
    store: EmbeddedStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "FEW", few)
    add(store, range(50))
    ben, early, late = F("speaker") == "Ben", F("position") <= 20, F("position") >= 40
    for where in (
        ben & early & ~late,
        ben & (early | late),
        ~(ben & (early | ~late)),
        And((And(()), ben, Or((early, Not(ben))))),
        Or(()) & ben,
        ~(ben | ~ben),
        F("key").in_(["3", "4", "60"]) & ben,
    ):
        expected = [record.key for record in store.scan("n") if where.matches(record)]
        assert [record.key for record in store.scan("n", where)] == expected
        assert store.count("n", where) == len(expected)
