"""A question asked before is no answer, wherever it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.testing import HashEncoder
from tests.postgres_server import PostgresServer, running

FACT = "I moved to Lisbon last week, live with Ana."
ASKED = "Where do I live?"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


def test_the_fact_is_above_its_echoes_in_every_store(
    server: PostgresServer, tmp_path: Path
) -> None:
    urls = (":memory:", str(tmp_path / "embedded"), server.url(), str(tmp_path / "milvus.db"))
    for url in urls:
        with Memory(url, encoder=HashEncoder()) as memory:
            memory.add(FACT)
            for n in range(5):
                exchange = [
                    {"role": "user", "content": ASKED},
                    {"role": "assistant", "content": "I don't know."},
                ]
                memory.add_messages(exchange, session=f"asked {n}")
            first, second, *_ = memory.search(ASKED, 3)
            assert (first.record.text, first.echo) == (FACT, "")
            assert second.echo
            assert ASKED not in memory.context(ASKED, floor=1e-9).text
