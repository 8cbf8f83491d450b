"""A write happens once and lasts, whatever the server's settings and whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

import psycopg
import pytest

from remem.store.conformance.samples import SPACE, batch, turn
from remem.store.errors import StoreLocked
from remem.store.postgres import PostgresStore
from remem.store.postgres.database import Database
from tests.postgres_server import PostgresServer, running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture
def fresh(server: PostgresServer) -> str:
    """URL of a database with an empty store."""
    with PostgresStore(server.fresh()) as store:
        store.adopt(SPACE)
    return server.url("fresh")


T = TypeVar("T")


def write(url: str, work: Callable[[psycopg.Connection[Any]], T]) -> T:
    with closing(Database(url, 2, 30)) as database:
        return database.write(work)


def setting(url: str, name: str) -> str:
    """What it is while something is written."""

    def ask(connection: psycopg.Connection[Any]) -> str:
        [value] = connection.execute(f"SHOW {name}").fetchone() or ()
        return str(value)

    return write(url, ask)


def test_a_write_is_done_again_when_a_crash_gave_the_number_of_its_transaction_away() -> None:
    # What is not flushed is lost with the server: the numbers of transactions, too.
    with running(wal_writer_delay="10s") as server:
        with PostgresStore(server.url()) as store:
            store.adopt(SPACE)
        server.run("CREATE TABLE kept (word text)", "CHECKPOINT")
        attempts = []

        def work(connection: psycopg.Connection[Any]) -> None:
            row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
            connection.execute("INSERT INTO kept VALUES ('tea')")
            attempts.append(row)
            if len(attempts) == 1:
                server.kill()
                server.start_after_crash()
                server.run(*[f"CREATE TABLE other_{i} ()" for i in range(9)])

        write(server.url(), work)
        with psycopg.connect(server.url()) as connection:
            status = "SELECT pg_xact_status(%s::xid8)"
            assert connection.execute(status, attempts[0]).fetchone() == ("committed",)
            assert connection.execute("SELECT word FROM kept").fetchall() == [("tea",)]


def test_each_writer_leaves_one_row_until_it_is_a_day_old(
    server: PostgresServer, fresh: str
) -> None:
    server.run("UPDATE remem.writers SET at = at - interval '25 h'", database="fresh")
    with PostgresStore(fresh) as store:
        for i in range(5):
            store.write("ana", batch(turn(f"k{i}")))
    with psycopg.connect(fresh) as connection:
        assert connection.execute("SELECT writes FROM remem.writers").fetchall() == [(5,)]


def test_writers_take_turns_under_any_isolation_that_a_database_prefers(
    server: PostgresServer, fresh: str
) -> None:
    server.run("ALTER DATABASE fresh SET default_transaction_isolation = 'repeatable read'")
    with PostgresStore(fresh) as store, ThreadPoolExecutor(4) as threads:
        for i in range(20):
            same = [threads.submit(store.write, "ana", batch(turn(f"k{i}"))) for _ in range(4)]
            assert sum(len(write.result().added) for write in same) == 1


@pytest.mark.parametrize(
    ("preferred", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")]
)
def test_what_is_acknowledged_is_on_the_disk_even_where_a_database_does_not_care(
    server: PostgresServer, fresh: str, preferred: str, used: str
) -> None:
    server.run(f"ALTER DATABASE fresh SET synchronous_commit = '{preferred}'")
    assert setting(fresh, "synchronous_commit") == used


def test_texts_arrive_in_utf8_whatever_the_client_was_told(fresh: str) -> None:
    with PostgresStore(f"{fresh}&client_encoding=latin1") as store:
        store.write("ana", batch(turn("k", "明日 tea")))
        [record] = store.get("ana", ["k"])
    assert record is not None
    assert record.text == "明日 tea"


def test_a_connection_that_the_server_closed_because_it_was_silent_is_replaced(
    server: PostgresServer, fresh: str
) -> None:
    server.run("ALTER DATABASE fresh SET idle_session_timeout = '100ms'")
    with PostgresStore(fresh) as store:
        for i in range(3):
            store.write("ana", batch(turn(f"k{i}")))
            server.run("SELECT pg_sleep(.3)")
        assert store.count("ana") == 3


def test_a_process_that_was_stopped_within_a_transaction_begins_it_again(
    server: PostgresServer, fresh: str
) -> None:
    server.run("ALTER DATABASE fresh SET idle_in_transaction_session_timeout = '100ms'")
    attempts: list[str] = []

    def work(connection: psycopg.Connection[Any]) -> str:
        attempts.append("one more")
        if len(attempts) == 1:
            server.run("SELECT pg_sleep(.3)")
        connection.execute("SELECT 1")
        return "done"

    assert write(fresh, work) == "done"
    assert len(attempts) == 2


def test_a_transaction_that_takes_longer_than_the_server_allows(
    server: PostgresServer, fresh: str
) -> None:
    server.run("ALTER DATABASE fresh SET transaction_timeout = '200ms'")
    with pytest.raises(StoreLocked, match="raise its time-out"):
        write(fresh, lambda connection: connection.execute("SELECT pg_sleep(9)"))
