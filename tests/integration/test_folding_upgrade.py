"""Stores from before words were folded: they open, and "cafe" finds "Café" in them.

``tests/data/before-folding-*`` were written by the version before, with the hash encoder.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from remem import Memory
from remem.store.store import Store
from remem.store.types import Text
from remem.testing import HashEncoder
from remem.views import TURN
from tests.postgres_server import PostgresServer, running

DATA = Path(__file__).parents[1] / "data"
FOUND = {"cafe": "0", "esta": "1", "все": "2", "rent": "3", "المفتاح": "4", "钥匙": "5", "ete": "6"}


@pytest.fixture(params=["embedded", "milvus"])
def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(DATA / f"before-folding-{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / {"embedded": "store.remem", "milvus": "old.db"}[request.param]


def _found(store: Store, words: str) -> list[str]:
    [hits] = store.search("default", [Text(TURN, words)], 10)
    return [hit.record.key for hit in hits]


def test_an_older_store_finds_words_without_their_accents(old_store: Path) -> None:
    with Memory(old_store, encoder=HashEncoder()) as memory:
        store = memory._store
        assert {words: _found(store, words) for words in FOUND} == {
            words: [key] for words, key in FOUND.items()
        }
        assert memory.verify().problems == ()
        assert [record.key for record in memory.history("zug~2")] == ["zug", "zug~2"]


def test_an_older_store_is_written_to_as_a_new_one(old_store: Path) -> None:
    with Memory(old_store, encoder=HashEncoder()) as memory:
        memory.delete("0")
        memory.add("Un café au lait.", key="new")
    with Memory(old_store, encoder=HashEncoder()) as memory:
        assert _found(memory._store, "cafe") == ["new"]
        assert memory.verify().problems == ()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


def test_a_database_of_the_version_before_is_indexed_again(server: PostgresServer) -> None:
    with Memory(server.url(), encoder=HashEncoder()) as memory:
        memory.add("Das Café schließt um sechs.", key="cafe")
    # The words of this text, and their number, as the version before would have kept them.
    server.run(
        "UPDATE remem.postings SET token = 'café' WHERE token = 'cafe'",
        "UPDATE remem.texts SET length = 7",
        "UPDATE remem.meta SET value = '6' WHERE name = 'migration'",
    )
    with Memory(server.url(), encoder=HashEncoder()) as memory:
        assert _found(memory._store, "Cafe") == ["cafe"]
        assert memory.verify().problems == ()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT DISTINCT length FROM remem.texts").fetchall() == [(5,)]
