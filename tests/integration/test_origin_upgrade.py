"""Stores from before records had an origin: they open, and everything in them gets one.

``tests/data/format-1-*`` were written by the version before, with the hash encoder: a note, two
turns, a passage, a tool's and a system's words, and a note that was superseded.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.store import F
from remem.store.postgres import PostgresStore
from remem.testing import HashEncoder
from tests.postgres_server import WITHOUT_NEW_COLUMNS, PostgresServer, running

DATA = Path(__file__).parents[1] / "data"
EXPECTED = {
    "The spare key is under the blue pot.": "person",
    "Where is the kiln?": "person",
    "In the shed.": "assistant",
    "# Lease\n\nThe rent is due on the third working day of each month.": "document",
    "Checked the oven: it is off.": "tool",
    "Be brief.": None,
    "The studio costs 400 euros.": "person",
    "The studio costs 450 euros.": "person",
}


@pytest.fixture(params=["embedded", "milvus"])
def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(DATA / f"format-1-{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / {"embedded": "store.remem", "milvus": "old.db"}[request.param]


def _origins(memory: Memory) -> dict[str, str | None]:
    return {record.text: record.origin for record in memory.scan()}


def test_records_of_an_older_store_get_their_origin_by_the_rule(old_store: Path) -> None:
    with Memory(old_store, encoder=HashEncoder()) as memory:
        assert _origins(memory) == EXPECTED
        assert memory.count(F("origin") == "person") == 4
        assert memory.count(F("origin") != "person") == 4
        assert memory.count(~F("origin").exists()) == 1
        assert memory.verify().ok
    with Memory(old_store, encoder=HashEncoder()) as memory:  # once is enough
        assert _origins(memory) == EXPECTED


def test_an_older_store_is_written_to_as_a_new_one(old_store: Path) -> None:
    with Memory(old_store, encoder=HashEncoder()) as memory:
        memory.add("Seen on a page.", origin="web")
        [found] = memory.search("a page", 1, where={"origin": "web"})
        assert (found.record.text, found.record.origin) == ("Seen on a page.", "web")
        assert memory.search("kiln shed", 1, where={"origin": "assistant"})


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


def test_a_database_of_the_version_before_gets_origins(server: PostgresServer) -> None:
    with Memory(server.url(), encoder=HashEncoder()) as memory:
        memory.add("The key is under the pot.")
        memory.add_messages([{"role": "assistant", "content": "In the shed."}])
        memory.add("Be brief.", role="system")
    # What the fifth migration and the one after it add is taken away again, to the last trace.
    server.run(*WITHOUT_NEW_COLUMNS)
    server.run("UPDATE remem.meta SET value = '4' WHERE name = 'migration'")
    with Memory(server.url(), encoder=HashEncoder()) as memory:
        assert set(_origins(memory).values()) == {"person", "assistant", None}
        assert memory.count(F("origin") == "assistant") == 1
    PostgresStore(server.url()).close()  # and nothing is left to be done
