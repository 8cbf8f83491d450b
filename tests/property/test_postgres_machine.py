"""PostgresStore and ReferenceStore live the same life, and never disagree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from remem.store.postgres import PostgresStore
from tests.postgres_server import PostgresServer, running
from tests.property.machine import StoreMachine


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


# The threads of the connection pool draw lots too, which Hypothesis takes for the test's doing.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_the_stores_agree(server: PostgresServer) -> None:
    class PostgresMachine(StoreMachine):
        def __init__(self) -> None:
            server.run("DROP SCHEMA IF EXISTS remem CASCADE")
            super().__init__()

        def opened(self, handle: int) -> PostgresStore:
            return PostgresStore(server.url(), clock=self.clock, connections=2)

        @rule()
        def connections_drop(self) -> None:
            server.drop_connections()

    life = settings(max_examples=8, stateful_step_count=25)
    run_state_machine_as_test(PostgresMachine, settings=life)  # type: ignore[no-untyped-call]
