"""What a server may refuse, in one sentence that says what to do; and no password anywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from remem.store import open_store
from remem.store.conformance.samples import SPACE, batch, dense, keys, turn
from remem.store.errors import (
    CorruptStore,
    EncoderMismatch,
    InvalidInput,
    MissingDependency,
    RememError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    UpstreamError,
)
from remem.store.postgres import PostgresStore
from remem.store.postgres.schema import check_versions
from remem.store.types import Batch
from tests.postgres_server import PostgresServer, running

SECRET = "s3cr3t of Ana"
QUOTED = "s3cr3t%20of%20Ana"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture
def fresh(server: PostgresServer) -> str:
    """URL of a database that holds nothing yet."""
    return server.fresh()


@pytest.fixture
def store(fresh: str) -> Iterator[PostgresStore]:
    with PostgresStore(fresh) as store:
        store.adopt(SPACE)
        yield store


def refusal(call: Callable[[], object], expected: type[RememError]) -> str:
    with pytest.raises(expected) as error:
        call()
    sentence = str(error.value)
    assert "\n" not in sentence
    assert "please report" not in sentence
    assert SECRET not in sentence
    assert QUOTED not in sentence
    return sentence


def test_no_server() -> None:
    url = f"postgresql://ana:{QUOTED}@/memories?host=/nowhere/at/all"
    assert "start it" in refusal(lambda: PostgresStore(url), UpstreamError)


def test_a_wrong_password(server: PostgresServer, fresh: str) -> None:
    rules = server.data / "pg_hba.conf"
    rules.write_text("local all strict scram-sha-256\n" + rules.read_text())
    server.run(
        "DROP ROLE IF EXISTS strict",
        "CREATE ROLE strict LOGIN SUPERUSER PASSWORD 'right'",
        "SELECT pg_reload_conf()",
    )
    wrong = server.url("fresh", "strict", QUOTED)
    assert "password" in refusal(lambda: PostgresStore(wrong), UpstreamError)
    none = server.url("fresh", "strict")
    assert "password" in refusal(lambda: PostgresStore(none), UpstreamError)
    with PostgresStore(server.url("fresh", "strict", "right")) as store:
        assert "right" not in f"{store.url} {store!r} {store.stats()!r}"


def test_no_database(server: PostgresServer) -> None:
    call = lambda: PostgresStore(server.url("atlantis"))  # noqa: E731
    assert "createdb" in refusal(call, UpstreamError)


def test_a_url_that_cannot_be_read() -> None:
    url = f"postgresql://ana:{QUOTED}@host:port/?what=ever"
    assert "postgresql://USER" in refusal(lambda: PostgresStore(url), InvalidInput)


def test_a_server_without_pgvector(server: PostgresServer, fresh: str) -> None:
    server.run("ALTER DATABASE fresh SET extension_control_path = '/nowhere'")
    assert "install" in refusal(lambda: PostgresStore(fresh), UpstreamError)


def test_a_user_who_may_not_add_pgvector(server: PostgresServer, fresh: str) -> None:
    server.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    server.run("GRANT CREATE ON DATABASE fresh TO guest")
    guest = server.url("fresh", "guest")
    sentence = refusal(lambda: PostgresStore(guest), UpstreamError)
    assert "CREATE EXTENSION vector" in sentence
    server.run("CREATE EXTENSION vector", database="fresh")
    with PostgresStore(guest) as store:  # that is all he needed
        store.adopt(SPACE)
        store.write("ana", batch(turn("k")))
        store.purge("ana", Batch(delete=["k"]))
        assert store.verify().ok


def test_a_pgvector_that_is_too_old(server: PostgresServer, fresh: str) -> None:
    server.run(
        "CREATE EXTENSION vector",
        "UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'",
        database="fresh",
    )
    sentence = refusal(lambda: PostgresStore(fresh), UpstreamError)
    assert "ALTER EXTENSION vector UPDATE" in sentence


def test_a_database_that_cannot_hold_every_text(server: PostgresServer) -> None:
    server.run(
        "DROP DATABASE IF EXISTS ascii",
        "CREATE DATABASE ascii ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0",
    )
    sentence = refusal(lambda: PostgresStore(server.url("ascii")), InvalidInput)
    assert "--encoding=UTF8" in sentence


@pytest.mark.parametrize(("server_version", "fine"), [(150012, False), (160000, True)])
def test_a_server_that_is_too_old(server_version: int, fine: bool) -> None:
    if fine:
        check_versions(server_version, "0.8.0")
    else:
        assert "upgrade" in refusal(lambda: check_versions(server_version, None), UpstreamError)


def test_the_oldest_server_that_is_allowed() -> None:
    with running(16, fsync="off") as old, PostgresStore(old.url()) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("a"), turn("b")))
        assert keys(store.search("ana", [dense("a")], 1)[0]) == ["a"]


def test_a_full_disk(server: PostgresServer, store: PostgresStore) -> None:
    store.write("ana", batch(turn("before")))
    # The server itself says so, where it would: while rows are written.
    server.run(
        """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'could not extend file: No space left on device'
            USING ERRCODE = 'disk_full'; END $$""",
        "CREATE TRIGGER full_disk BEFORE INSERT ON remem.texts EXECUTE FUNCTION full_disk()",
        database="fresh",
    )
    assert "space" in refusal(lambda: store.write("ana", batch(turn("k"))), StoreFull)
    assert [record.key for record in store.scan("ana")] == ["before"]
    server.run("DROP TRIGGER full_disk ON remem.texts", database="fresh")
    store.write("ana", batch(turn("k")))
    assert store.verify().ok


def test_a_replica_answers_and_takes_no_writes(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(turn("a"), turn("b")))
    with server.replica() as replica, PostgresStore(replica.url("fresh")) as reading:
        assert keys(reading.search("ana", [dense("a")], 1)[0]) == ["a"]
        assert reading.count("ana") == 2
        for call in (
            lambda: reading.write("ana", batch(turn("c"))),
            lambda: reading.purge("ana", Batch(delete=["a"])),
            lambda: reading.rebuild(),
        ):
            assert "primary" in refusal(call, StoreReadOnly)


def test_another_encoder(fresh: str, store: PostgresStore) -> None:
    sentence = refusal(lambda: open_store(fresh, "another"), EncoderMismatch)
    assert "remem reindex" in sentence
    with open_store(fresh, SPACE.fingerprint) as again:
        assert again.space == SPACE


def test_tables_of_a_later_version(
    server: PostgresServer, fresh: str, store: PostgresStore
) -> None:
    server.run("UPDATE remem.meta SET value = 99 WHERE name = 'migration'", database="fresh")
    assert "upgrade" in refusal(lambda: PostgresStore(fresh), CorruptStore)


def test_tables_that_are_gone(server: PostgresServer, store: PostgresStore) -> None:
    server.run("DROP TABLE remem.texts", database="fresh")
    sentence = refusal(lambda: store.write("ana", batch(turn("k"))), CorruptStore)
    assert "restore" in sentence


def test_one_of_several_questions_that_are_on_their_way_fails(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(turn("k")))
    server.run("DROP TABLE remem.vectors_1_0", database="fresh")
    turns, windows = dense("k"), dense("k", "window")
    assert "vectors_1_0" in refusal(lambda: store.search("ana", [turns, windows], 1), CorruptStore)
    assert keys(store.search("ana", [windows], 1)[0]) == ["k"]


def test_names_that_no_index_takes(store: PostgresStore) -> None:
    name = "".join(chr(0x4E00 + 7 * i) for i in range(1024))
    sentence = refusal(lambda: store.write("ana", batch(turn(name, "x"))), InvalidInput)
    assert "1,300 bytes" in sentence


def test_too_many_dimensions(server: PostgresServer, fresh: str) -> None:
    with PostgresStore(fresh) as store:
        larger = replace(SPACE, dim=16_001)
        assert "16,000" in refusal(lambda: store.adopt(larger), InvalidInput)


def test_a_server_that_stays_away(server: PostgresServer) -> None:
    with (
        running(fsync="off") as short_lived,
        PostgresStore(short_lived.url(), patience=0.5) as store,
    ):
        short_lived.stop("immediate")
        assert "start it" in refusal(lambda: store.count("ana"), UpstreamError)


def test_a_writer_that_keeps_everybody_waiting(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from remem.store.postgres import database

    sign = database._SIGN_SHARING.replace("'60s'", "'100ms'")
    monkeypatch.setattr(database, "_SIGN_SHARING", sign)
    store.write("ana", batch(turn("k")))
    with psycopg.connect(server.url("fresh")) as other:
        other.execute("SELECT FROM remem.namespaces FOR UPDATE")
        sentence = refusal(lambda: store.write("ana", batch(turn("x"))), StoreLocked)
    assert "later" in sentence


def test_a_process_that_asks_too_much_at_once(store: PostgresStore, fresh: str) -> None:
    store.write("ana", batch(turn("a")))
    with PostgresStore(fresh, connections=1, patience=0.2) as narrow:

        def inside(connection: object) -> None:
            refusal(lambda: narrow.count("ana"), StoreLocked)

        narrow._database.read(inside)
        assert narrow.count("ana") == 1


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("remem.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    sentence = refusal(lambda: open_store("postgresql://host/memories"), MissingDependency)
    assert "pip install 'remem[postgres]'" in sentence


def test_an_unknown_kind_of_store_is_not_repeated() -> None:
    refusal(lambda: open_store(f"mysql://ana:{QUOTED}@host/memories"), InvalidInput)
