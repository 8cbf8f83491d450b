"""Rows of Milvus that are not what was written are named and never believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from remem.store.conformance.samples import SPACE, batch, embed, turn
from remem.store.errors import DamagedRecord
from remem.store.milvus import MilvusStore
from remem.store.milvus.engine import Row
from remem.store.milvus.metadata import read_snapshot
from remem.store.milvus.read import whole_rows
from remem.store.types import Batch, Record
from tests.crash.survey import assert_costs_only, survey

SECRET = "qzxvsecret"


def record(number: int) -> Record:
    return turn(
        f"k{number}",
        f"fact {number} {SECRET}",
        position=number,
        speaker="Nora",
        said_at=datetime(2024, 3, number + 1, tzinfo=timezone.utc),
        metadata={"topic": SECRET},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MilvusStore]:
    with MilvusStore(str(tmp_path / "memories.db")) as store:
        store.adopt(SPACE)
        store.write("ana", batch(*map(record, range(10))))
        yield store


def damage(store: MilvusStore, change: Callable[[Row], None], key: str = "k7") -> None:
    snapshot = read_snapshot(store._engine, "ana")
    places = [row["pk"] for row in store._engine.select(snapshot.root.records_name, "", ())]
    for row in whole_rows(store._engine, snapshot.root, places):
        if row["key"] == key:
            change(row)
            store._engine.put(snapshot.root.records_name, [row])


def body(change: Callable[[str], str]) -> Callable[[Row], None]:
    def damaging(row: Row) -> None:
        row["body"] = change(row["body"])

    return damaging


BODIES = {
    "another word": lambda text: text.replace("fact 7", "fact 8", 1),
    "another time": lambda text: text.replace("1709", "1708", 1),
    "cut short": lambda text: text[:-9],
    "no JSON": lambda _: "qzxvsecret",
    "no list": lambda _: "{}",
    "an empty list": lambda _: "[]",
    "another type": lambda text: json.dumps([*json.loads(text)[:-2], 7, json.loads(text)[-1]]),
    "another digest": lambda text: text.replace(json.loads(text)[-1], "00" * 16),
    "no digest but digits": lambda text: text.replace(json.loads(text)[-1], "zz"),
}


@pytest.mark.parametrize("change", BODIES.values(), ids=BODIES)
def test_a_damaged_body_costs_its_record_and_no_other(
    store: MilvusStore, change: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    written = {each.key: each for each in store.scan("ana")}
    damage(store, body(change))
    seen = survey(store, "ana", written)
    assert_costs_only(seen, written, "k7")
    for sentence in (*seen.said, caplog.text):
        assert "please report" not in sentence
        assert "qzxv" not in sentence
    with pytest.raises(DamagedRecord, match="remem delete KEY"):
        store.get("ana", ["k7"])
    store.rebuild()
    with pytest.raises(DamagedRecord, match="remem delete KEY"):
        store.get("ana", ["k7"])
    assert store.write("ana", Batch(delete=["k7"])).deleted == ("k7",)
    assert store.verify().problems == ()


COLUMNS = {
    "kind": "note",
    "role": "=system",
    "speaker": "=Ravi",
    "said_at": 7,
    "expires_at": 7,
    "superseded": True,
    "dense_0": embed(["other"])[0].tolist(),
    "digest": "0" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_damaged_column_is_named(store: MilvusStore, column: str) -> None:
    assert store.verify().ok
    damage(store, lambda row: row.update({column: COLUMNS[column]}))
    assert any("'k7'" in problem for problem in store.verify().problems)


def test_a_damaged_vector_is_not_passed_on(store: MilvusStore) -> None:
    damage(store, lambda row: row.update(dense_1=embed(["other"])[0].tolist()))
    with pytest.raises(DamagedRecord, match="vector of record 'k7' is damaged; 'remem reindex'"):
        store.entries("ana", ["k7"])
    store.reindex(SPACE, embed)
    assert store.verify().problems == ()
    assert [entry.record.key for entry in store.entries("ana", ["k7"])] == ["k7"]


def of_an_older_version(row: Row) -> None:
    row["body"] = json.dumps(json.loads(row["body"])[:-1], ensure_ascii=False)
    row["digest"] = row["digest"][:32]


def test_rows_of_an_older_version_are_read_and_get_their_digest(store: MilvusStore) -> None:
    written = list(store.scan("ana"))
    damage(store, of_an_older_version)
    assert list(store.scan("ana")) == written
    assert store.entries("ana", ["k7"])[0].record == written[7]
    assert store.verify().problems == ()
    store.rebuild()
    assert store.verify().problems == ()
    damage(store, body(BODIES["another word"]))
    with pytest.raises(DamagedRecord):
        store.get("ana", ["k7"])
