"""The limits of the engine are nobody else's: nothing is cut, nothing is lost, nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem.store.conformance.samples import SPACE, batch, dense, entry, keys, turn, words
from remem.store.filters import F
from remem.store.milvus import MilvusStore
from remem.store.milvus.filters import sortable
from remem.store.reference import ReferenceStore
from remem.store.types import Batch, Record
from tests.property import strategies
from tests.property.agreement import assert_same_search


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MilvusStore]:
    with MilvusStore(str(tmp_path / "memories.db"), clock=lambda: strategies.START) as store:
        store.adopt(SPACE)
        yield store


@pytest.mark.parametrize("size", [59_000, 60_000, 65_535, 65_536, 200_001, 1_000_000])
@pytest.mark.parametrize("character", ["a", "é", "北", "😀", "\x00"])
def test_texts_around_the_longest_row_come_back_byte_for_byte(
    store: MilvusStore, size: int, character: str
) -> None:
    text = "x" + character * (size // len(character.encode()))
    store.write("ana", batch(turn("k", text, metadata={"same": text[:2000]})))
    [record] = store.scan("ana")
    assert record.text.encode() == text.encode()
    assert store.entries("ana", ["k"])[0].views["window"].text == f"{text}\naround"
    store.write("ana", Batch(delete=["k"]))
    assert store.count("ana") == 0


def test_a_rebuild_and_a_reindex_keep_long_texts(store: MilvusStore) -> None:
    text = " ".join(f"w{i}" for i in range(30_000))
    store.write("ana", batch(turn("k", text), turn("other")))
    before = store.entries("ana", ["k", "other"])
    store.rebuild()
    assert [e.record for e in store.entries("ana", ["k", "other"])] == [e.record for e in before]
    assert keys(store.search("ana", [words("w29999")], 9)[0]) == ["k"]
    assert store.verify().problems == ()


def test_names_as_long_as_they_may_be(store: MilvusStore) -> None:
    longest = "😀" * 1024
    record = turn(longest, "tea", source=longest, kind=longest, role=longest, speaker=longest)
    store.write(longest, batch(record))
    where = (F("key") == longest) & (F("role") == longest)
    assert [r.key for r in store.scan(longest, where)] == [longest]
    store.write(longest, Batch(delete=[longest]))
    assert store.namespaces() == []


def many(count: int) -> list[Record]:
    """Records that often tie, in words and in vectors."""
    return [
        turn(
            f"k{i:03}",
            " ".join(["tea", "cake", f"w{i % 7}"][: 1 + i % 3] * (1 + i % 4)),
            position=i,
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        ("search", "MOST_HITS", 20),  # more records, and more that tie, than one search returns
        ("search", "_FEW", 0),  # too many records to look at all that hold a word
        ("packing", "MOST_ITEMS", 1),  # more words in a record than one array holds
        ("filters", "MOST_ITEMS", 3),  # more metadata
        ("packing", "LONGEST_BODY", 50),  # longer records than one row holds
        ("metadata", "_TOMBSTONE_BYTES", 100),  # more tombstones than one row names
        ("engine", "_MESSAGE", 500),  # more rows than one message holds
        ("engine", "_PAGE", 7),  # more than one page
        ("rebuild", "_PAGE", 7),
    ],
)
def test_beyond_a_limit_all_is_as_before_it(
    store: MilvusStore, module: str, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"remem.store.milvus.{module}.{limit}", value)
    if limit in ("MOST_HITS", "MOST_ITEMS"):  # which also matter only where there are many
        monkeypatch.setattr("remem.store.milvus.search._FEW", 0)
    records = [
        turn(r.key, r.text, position=r.position, metadata={"n": r.position, "tags": ["a", r.key]})
        for r in many(60)
    ]
    with ReferenceStore(clock=lambda: strategies.START) as oracle:
        for each in (store, oracle):
            if each is oracle:
                each.adopt(SPACE)
            each.write("ana", batch(*records))
            each.write("other", batch(*many(5)))
            each.write("ana", Batch(delete=[f"k{i:03}" for i in range(0, 60, 5)]))
            each.write(
                "ana",
                Batch(supersede={"k001": "k002"}, refresh={"k003": entry(turn("x", "tea")).views}),
            )
        store.rebuild()
        legs = [dense("tea"), words("tea cake"), words("w3", "window"), words("the")]
        for k in (1, 5, 25, 100):
            for where in (None, F("metadata.n") >= 30, F("metadata.tags") == "k007"):
                assert_same_search(store, oracle, "ana", legs, k, where)
        tokens = ["tea", "cake", "w3", "unheard"]
        assert store.idf("ana", "turn", tokens) == pytest.approx(oracle.idf("ana", "turn", tokens))
        mine, theirs = ([r.key for r in each.scan("ana")] for each in (store, oracle))
        assert mine == theirs
        around = [each.neighbors("ana", "session", 20, 22, 9) for each in (store, oracle)]
        assert [r.key for r in around[0]] == [r.key for r in around[1]]
        assert store.verify().problems == ()


numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=500)
@given(numbers | st.text(max_size=3), numbers | st.text(max_size=3))
def test_values_sort_as_their_strings_do(one: str | float, other: str | float) -> None:
    assert (one == other) == (sortable(one) == sortable(other))
    if isinstance(one, str) == isinstance(other, str):
        assert (one < other) == (sortable(one) < sortable(other))  # type: ignore[operator]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    st.lists(strategies.records(), max_size=10, unique_by=lambda record: record.key),
    st.lists(strategies.filters, min_size=1, max_size=8),
)
def test_filters_mean_what_their_predicates_say(
    store: MilvusStore, records: list[Record], wheres: list[object]
) -> None:
    store.write("ana", Batch(delete=[record.key for record in store.scan("ana")]))
    store.write("ana", batch(*records))
    stored = list(store.scan("ana"))
    for where in wheres:
        expected = {record.key for record in stored if where.matches(record)}  # type: ignore[attr-defined]
        assert {record.key for record in store.scan("ana", where)} == expected  # type: ignore[arg-type]
        assert store.count("ana", where) == len(expected)  # type: ignore[arg-type]
