"""After a purge, nothing in the database holds what was purged, whoever else is reading."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from remem.store.conformance.samples import SPACE, batch, turn
from remem.store.errors import StoreLocked, StoreReadOnly
from remem.store.postgres import PostgresStore
from remem.store.postgres import write as purge_module
from remem.store.types import Batch, Written
from tests.postgres_server import PostgresServer, running

SECRET = turn(
    "zanzibar-key",
    "zanzibar text",
    source="zanzibar source",
    speaker="zanzibar",
    metadata={"zanzibar": ["zanzibar"]},
)
PURGE = Batch(delete=[SECRET.key])


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off", max_prepared_transactions="5") as server:
        yield server


@pytest.fixture
def store(server: PostgresServer) -> Iterator[PostgresStore]:
    """A store in a database of its own."""
    with PostgresStore(server.fresh()) as store:
        store.adopt(SPACE)
        store.write("ana", batch(SECRET, turn("kept", "other words")))
        yield store


def rows(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url("fresh")) as connection:
        return connection.execute(sql).fetchall()


def dead_rows(server: PostgresServer) -> int:
    [[number]] = rows(
        server,
        """SELECT sum(pg_stat_get_dead_tuples(oid)) FROM pg_class
            WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'""",
    )
    return int(number)


@contextmanager
def reading(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who sees, until the end, what there is now."""
    with psycopg.connect(server.url("fresh")) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM remem.records")
        yield reader


@contextmanager
def purging(store: PostgresStore) -> Iterator[Future[Written]]:
    """A purge that has deleted, and goes on."""
    with ThreadPoolExecutor(1) as thread:
        purge = thread.submit(store.purge, "ana", PURGE)
        while store.count("ana") > 1:
            pass
        yield purge


def assert_waits(purge: Future[Written]) -> None:
    with pytest.raises(TimeoutError):
        purge.result(timeout=1)


def test_a_purge_leaves_nothing_in_any_table(server: PostgresServer, store: PostgresStore) -> None:
    store.purge("ana", PURGE)
    tables = [
        row[0]
        for row in rows(
            server,
            """SELECT oid::regclass::text FROM pg_class
                WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'""",
        )
    ]
    assert len(tables) >= 7
    for table in tables:
        held = rows(server, f"SELECT count(*) FROM {table} t WHERE t::text ~ 'zanzibar'")
        assert held == [(0,)], table
    assert dead_rows(server) == 0
    assert [record.key for record in store.scan("ana")] == ["kept"]


def test_a_purge_leaves_nothing_in_the_statistics(
    server: PostgresServer, store: PostgresStore
) -> None:
    quoting = "SELECT attname FROM pg_stats s WHERE schemaname = 'remem' AND s::text ~ 'zanzibar'"
    server.run("ANALYZE", database="fresh")
    assert ("text",) in rows(server, quoting)
    store.purge("ana", PURGE)
    assert rows(server, quoting) == []


def test_a_purge_waits_for_readers_that_still_see_what_was_deleted(
    server: PostgresServer, store: PostgresStore
) -> None:
    with reading(server) as reader, purging(store) as purge:
        assert_waits(purge)
        reader.rollback()
        purge.result(timeout=60)
    assert dead_rows(server) == 0


def test_a_purge_waits_for_readers_that_began_beside_an_older_writer(
    server: PostgresServer, store: PostgresStore
) -> None:
    with psycopg.connect(server.url("fresh")) as writer:
        writer.execute("SELECT pg_current_xact_id()")
        with purging(store) as purge, reading(server) as reader:
            writer.rollback()
            assert_waits(purge)  # the server keeps rows for him as if he were as old as the writer
            reader.rollback()
            purge.result(timeout=60)
    assert dead_rows(server) == 0


def test_a_purge_waits_for_prepared_transactions(
    server: PostgresServer, store: PostgresStore
) -> None:
    with psycopg.connect(server.url("fresh"), autocommit=True) as writer:
        writer.execute("BEGIN")
        writer.execute("SELECT pg_current_xact_id()")
        writer.execute("PREPARE TRANSACTION 'two phases'")
        with purging(store) as purge:
            assert_waits(purge)
            writer.execute("ROLLBACK PREPARED 'two phases'")
            purge.result(timeout=60)
    assert dead_rows(server) == 0


def test_who_is_idle_in_a_transaction_without_reading_holds_nobody_up(
    server: PostgresServer, store: PostgresStore
) -> None:
    with psycopg.connect(server.url("fresh")) as idle:
        idle.execute("SELECT 1")
        store.purge("ana", PURGE)
    assert dead_rows(server) == 0


def test_a_reader_that_does_not_end_is_named(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_module, "_WAIT", 0.2)
    with reading(server) as reader:
        pid = reader.info.backend_pid
        with pytest.raises(StoreLocked, match=rf"process {pid} \(postgres\).*VACUUM ANALYZE"):
            store.purge("ana", PURGE)
    assert store.get("ana", [SECRET.key]) == [None]


def test_a_reader_is_waited_for_whose_work_is_hidden_from_the_user(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(server, "ALTER {} OWNER TO guest")
    monkeypatch.setattr(purge_module, "_WAIT", 0.2)
    with (
        PostgresStore(server.url("fresh", "guest")) as guest,
        reading(server),
        pytest.raises(StoreLocked),
    ):
        guest.purge("ana", PURGE)


def test_a_replica_whose_readers_still_see_it_is_waited_for(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_module, "_WAIT", 0.2)
    server.run("SELECT pg_create_physical_replication_slot('spare', true)")
    try:
        with server.replica() as replica:
            replica.stop()
            replica.configure(
                hot_standby_feedback="on",
                primary_slot_name="spare",
                wal_receiver_status_interval="1s",
            )
            replica.start()
            with psycopg.connect(replica.url("fresh")) as reader:
                reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                reader.execute("SELECT count(*) FROM remem.records")
                held = "SELECT 1 FROM pg_replication_slots WHERE xmin IS NOT NULL"
                while not rows(server, held):
                    pass
                with pytest.raises(StoreLocked, match="'spare'"):
                    store.purge("ana", PURGE)
    finally:
        server.run("SELECT pg_drop_replication_slot('spare')")


def test_a_user_who_may_not_vacuum_is_told_what_stays(
    server: PostgresServer, store: PostgresStore
) -> None:
    hand_over(server, "GRANT ALL ON {} TO guest")
    with PostgresStore(server.url("fresh", "guest")) as guest:
        guest.write("ana", batch(turn("more")))
        with pytest.raises(StoreReadOnly, match="have the owner"):
            guest.purge("ana", PURGE)
    assert store.get("ana", [SECRET.key]) == [None]


def hand_over(server: PostgresServer, how: str) -> None:
    """Let a user who is nobody special have the tables, and what belongs to them."""
    server.run(
        "DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN END $$",
        how.format("SCHEMA remem"),
        f"""DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT oid::regclass::text FROM pg_class
                WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'
            LOOP EXECUTE format('{how.format("TABLE %s")}', name); END LOOP; END $$""",
        how.format("SEQUENCE remem.record_ids"),
        database="fresh",
    )
    if how.startswith("GRANT"):
        server.run("REVOKE MAINTAIN ON ALL TABLES IN SCHEMA remem FROM guest", database="fresh")
