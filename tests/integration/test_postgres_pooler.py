"""Behind a pooler in transaction mode, and when connections break while a batch is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, embed, entry, keys, turn, words
from remem.store.postgres import PostgresStore
from remem.store.types import Batch, Written
from tests.postgres_pooler import Pooler, pooling
from tests.postgres_server import PostgresServer, running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running(fsync="off") as server:
        yield server


@pytest.fixture
def pooler(server: PostgresServer) -> Iterator[Pooler]:
    server.run("DROP SCHEMA IF EXISTS remem CASCADE")
    with pooling(server) as pooler:
        yield pooler


@pytest.fixture
def store(pooler: Pooler) -> Iterator[PostgresStore]:
    with PostgresStore(pooler.url) as store:
        store.adopt(SPACE)
        yield store


def test_every_transaction_may_run_on_another_connection(store: PostgresStore) -> None:
    store.write("ana", batch(*[turn(f"k{i}", f"tea {i}", position=i) for i in range(50)]))
    store.write("ana", Batch(delete=["k1"], supersede={"k2": "k3"}))
    legs = [dense("tea 7"), words("tea")]
    before = store.search("ana", legs, 60)
    assert keys(before[0])[0] == "k7"
    assert len(before[1]) == 48
    store.purge("ana", Batch(delete=["k4"]))
    store.rebuild()
    store.reindex(SPACE.__class__("another", 16, SPACE.views), embed)
    assert len(store.search("ana", legs, 60)[1]) == 47
    assert len(list(store.scan("ana"))) == 48
    assert store.verify().ok


def test_a_namespace_with_indexes_is_searched_behind_a_pooler(
    pooler: Pooler, store: PostgresStore
) -> None:
    names = [f"k{i:04}" for i in range(3000)]
    store.write("ana", batch(*[turn(name, position=int(name[1:])) for name in names]))
    with PostgresStore(pooler.url, exact_up_to=500) as large:
        legs = [dense("k0007"), words("k0007"), dense("k0008")]
        large.search("ana", legs, 5)
        large.wait()
        found = [keys(leg)[0] for leg in large.search("ana", legs, 5)]
    assert found == ["k0007", "k0007", "k0008"]
    with PostgresStore(pooler.url, exact_up_to=500) as large:
        assert len(large.search("ana", legs, 3000)[0]) == 3000  # more than some lists hold


REPLACEMENT = Batch(
    add=[entry(turn("a", "new text")), entry(turn("b"))],
    delete=["a", "gone"],
    supersede={"old": "b"},
)
EXPECTED = Written(added=("a", "b"), deleted=("a",))


@pytest.mark.parametrize("moment", ["lose_request", "lose_reply"])
def test_a_commit_without_an_answer_happens_once(
    store: PostgresStore, pooler: Pooler, moment: str
) -> None:
    store.write("ana", batch(turn("a", "old text"), turn("old")))
    getattr(pooler, moment).set()
    assert store.write("ana", REPLACEMENT) == EXPECTED
    assert not getattr(pooler, moment).is_set()
    assert sorted(record.key for record in store.scan("ana")) == ["a", "b", "old"]
    assert keys(store.search("ana", [words("new text old")], 9)[0]) == ["a"]
    assert store.verify().ok


def test_the_first_words_of_a_store_may_get_lost_too(pooler: Pooler) -> None:
    pooler.lose_reply.set()
    with PostgresStore(pooler.url) as store:
        pooler.lose_reply.set()
        store.adopt(SPACE)
        store.write("ana", batch(turn("a")))
        assert store.verify().ok


def test_idle_connections_that_died_are_replaced(
    store: PostgresStore, server: PostgresServer
) -> None:
    with PostgresStore(server.url()) as direct:
        direct.write("ana", batch(turn("a")))
        server.drop_connections()
        assert direct.count("ana") == 1
        server.drop_connections()
        assert direct.write("ana", batch(turn("b"))) == Written(added=("b",))
