"""PostgreSQL with pgvector, a real server, keeps the whole contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remem.store.conformance import Reopen, StoreContract
from remem.store.postgres import PostgresStore
from remem.store.store import Store
from tests.postgres_server import PostgresServer, running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


class TestPostgresStore(StoreContract):
    @pytest.fixture
    def opened(self, server: PostgresServer) -> Iterator[list[Store]]:
        server.run("DROP SCHEMA IF EXISTS remem CASCADE")
        stores: list[Store] = [PostgresStore(server.url())]
        yield stores
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, opened: list[Store]) -> Store:
        return opened[0]

    @pytest.fixture
    def reopen(self, opened: list[Store], server: PostgresServer) -> Reopen:
        def again() -> Store:
            opened[-1].close()
            opened.append(PostgresStore(server.url()))
            return opened[-1]

        return again

    @pytest.fixture
    def longest_name(self) -> int:
        return 1300  # so that a key and a source fit an index together
