"""Rows of PostgreSQL that are not what was written are named and never believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from remem.store.conformance.samples import SPACE, batch, turn, words
from remem.store.errors import CorruptStore, DamagedRecord
from remem.store.postgres import PostgresStore
from remem.store.types import Batch, Record
from tests.crash.survey import assert_costs_only, survey
from tests.postgres_server import PostgresServer, running

SECRET = "qzxvsecret"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.fresh()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    with PostgresStore(url) as store:
        store.adopt(SPACE)
        store.write("ana", batch(*map(record, range(12))))
        yield store


def record(number: int) -> Record:
    return turn(
        f"k{number}",
        f"fact {number} {SECRET}",
        position=number,
        role="user",
        speaker="Nora",
        said_at=datetime(2024, 3, number + 1, tzinfo=timezone.utc),
        metadata={"topic": SECRET, "n": number},
    )


HUGE = "9223372036854775807"
CHANGES = {
    "source": "'elsewhere'",
    "position": HUGE,
    "kind": "'note'",
    "role": "'system'",
    "speaker": "NULL",
    "said_at": HUGE,
    "said_offset": "2147483647",
    "stored_at": f"-{HUGE}",
    "expires_at": HUGE,
    "superseded_by": "'k1'",
    "valid_to": HUGE,
    "metadata": "'[1]'",
    "text": "'fact 7 qzxvsecreT'",
    "digest": "NULL",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_damaged_column_costs_its_record_and_no_other(
    store: PostgresStore, server: PostgresServer, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    written = {each.key: each for each in store.scan("ana")}
    statement = f"UPDATE remem.records SET {column} = {CHANGES[column]} WHERE key = 'k7'"
    server.run(statement, database="fresh")
    seen = survey(store, "ana", written)
    assert_costs_only(seen, written, "k7")
    for sentence in (*seen.said, caplog.text):
        assert "please report" not in sentence
        assert "qzxv" not in sentence
    with pytest.raises(DamagedRecord, match="remem delete KEY"):
        store.get("ana", ["k7"])
    assert store.write("ana", Batch(delete=["k7"])).deleted == ("k7",)
    del written["k7"]
    assert survey(store, "ana", written).failed == set()
    store.rebuild()  # one that seemed to be superseded has left its words in the index
    assert store.verify().problems == ()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE remem.texts SET text = 'other' WHERE record = 8 AND view = 1", "text that finds"),
        ("UPDATE remem.texts SET digest = NULL WHERE record = 8", "text that finds record 'k7'"),
        (
            "UPDATE remem.vectors_1_0 SET vector = (SELECT vector FROM remem.vectors_1_0 "
            "WHERE record = 1) WHERE record = 8",
            "a vector of record 'k7' is damaged; 'remem reindex'",
        ),
        ("UPDATE remem.records SET facets = NULL WHERE id = 8", "filters see other metadata"),
    ],
)
def test_what_finds_a_record_is_compared_too(
    store: PostgresStore, server: PostgresServer, statement: str, sentence: str
) -> None:
    assert store.verify().ok
    server.run(statement, database="fresh")
    problems = store.verify().problems
    assert any(sentence in problem and "'k7'" in problem for problem in problems)
    if "facets" not in statement:
        with pytest.raises(DamagedRecord, match="'k7'"):
            store.entries("ana", ["k6", "k7"])


def test_a_damaged_block_of_words_is_named(store: PostgresStore, server: PostgresServer) -> None:
    change = "UPDATE remem.postings SET entries = substr(entries, 1, 7)"
    server.run(change, database="fresh")
    with pytest.raises(CorruptStore, match="'remem rebuild' makes it again"):
        store.search("ana", [words("fact")], 1)
    assert any("other words" in problem for problem in store.verify().problems)
    store.rebuild()
    assert store.verify().problems == ()


def test_counts_that_are_lost_are_named(store: PostgresStore, server: PostgresServer) -> None:
    expiring = turn("soon", "fact", expires_at=datetime.now(timezone.utc) + timedelta(seconds=0.5))
    store.write("ana", batch(expiring))
    time.sleep(0.6)
    server.run("DELETE FROM remem.totals", database="fresh")
    store.search("ana", [words("fact")], 1)
    assert any("miscounted" in problem for problem in store.verify().problems)
    store.rebuild()
    assert store.verify().problems == ()


def test_a_database_of_an_older_version_gets_its_digests(
    store: PostgresStore, server: PostgresServer, url: str
) -> None:
    store.write("ana", Batch(supersede={"k1": "k2"}))
    written = list(store.scan("ana"))
    entries = store.entries("ana", ["k3"])
    server.run(
        "ALTER TABLE remem.records DROP COLUMN digest",
        "ALTER TABLE remem.texts DROP COLUMN digest",
        "ALTER TABLE remem.vectors_1_0 DROP COLUMN digest",
        "ALTER TABLE remem.vectors_1_1 DROP COLUMN digest",
        "UPDATE remem.meta SET value = '5' WHERE name = 'migration'",
        database="fresh",
    )
    with PostgresStore(url) as again:
        assert list(again.scan("ana")) == written
        assert again.entries("ana", ["k3"])[0].record == entries[0].record
        assert again.verify().problems == ()
