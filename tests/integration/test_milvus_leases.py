"""A writer to a Milvus server sends nothing that its lease does not cover."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymilvus.grpc_gen import milvus_pb2

from remem.store.conformance.samples import SPACE, batch, embed, keys, turn, words
from remem.store.errors import RememError, StoreLocked, UpstreamError
from remem.store.milvus import MilvusStore
from remem.store.milvus.driver import PREFIX
from remem.store.milvus.engine import Engine
from remem.store.milvus.metadata import STORE, Lease, Snapshot, read_snapshot
from remem.store.types import Batch, Space
from tests.milvus_server import Answer, Faults, faulty_server, unavailable


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[tuple[str, Faults]]:
    with faulty_server(tmp_path / "data") as found:
        yield found


def busy(answer: Answer, context: Any) -> Any:
    """What we repeat."""
    result = milvus_pb2.MutationResult()
    result.status.code, result.status.reason, result.status.retriable = 5, "not ready", True
    return result


@pytest.mark.parametrize(
    ("failing", "expected"),
    [(busy, (StoreLocked, "look after the server")), (unavailable, (UpstreamError, "UNAVAILABLE"))],
)
def test_nothing_is_sent_again_when_the_lease_has_ended(
    faults: tuple[str, Faults],
    failing: Any,
    expected: tuple[type[RememError], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("remem.store.milvus.leases._LEASE", 4.0)
    monkeypatch.setattr("remem.store.milvus.leases._MARGIN", 2.0)
    monkeypatch.setattr("remem.store.milvus.driver._FIRST_PAUSE", 0.2)
    url, fault = faults
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        sent: list[float] = []

        def fail(answer: Answer, context: Any) -> Any:
            sent.append(time.monotonic())
            return answer() if len(sent) == 1 else failing(answer, context)

        fault.on["Upsert"] = fail
        with pytest.raises(RememError) as error:
            store.write("ana", batch(turn("a")))
        time.sleep(max(0.0, sent[0] + 5 - time.monotonic()))
        assert len(sent) > 2
        assert sent[-1] - sent[0] < 4
        assert isinstance(error.value, expected[0])
        assert re.search(expected[1], str(error.value))
        assert "\n" not in str(error.value)


@pytest.fixture
def store(faults: tuple[str, Faults]) -> Iterator[MilvusStore]:
    with MilvusStore(faults[0]) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("a", "tea")))
        yield store


def test_a_batch_may_take_longer_than_a_lease_holds(
    faults: tuple[str, Faults], store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remem.store.milvus.leases._LEASE", 3.0)
    monkeypatch.setattr("remem.store.milvus.leases._MARGIN", 1.0)
    monkeypatch.setattr("remem.store.milvus.leases._FRESH", 0.5)
    monkeypatch.setattr("remem.store.milvus.engine._MESSAGE", 1)  # a row each

    def slow(answer: Answer, context: Any) -> Any:
        time.sleep(0.1)
        return answer()

    faults[1].on["Upsert"] = slow
    began = time.monotonic()
    store.write("ana", batch(*(turn(f"k{i}", position=i) for i in range(40))))
    assert time.monotonic() - began > 4
    assert store.count("ana") == 41


def leases(store: MilvusStore, scope: str) -> list[Lease]:
    """Those in the metadata now."""
    return [lease for lease in read_snapshot(store._engine, scope).leases if lease.until]


@pytest.mark.parametrize("scope", ["ana", STORE])
def test_a_lease_that_another_writer_removed_is_made_again(
    store: MilvusStore, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def read_later(engine: Engine, scope: str, *more: Any, **named: Any) -> Snapshot:
        looks.append(scope)
        if len(looks) == 1:
            engine.remove(PREFIX, [lease.pk for lease in leases(store, scope)])
        return read_snapshot(engine, scope)

    monkeypatch.setattr("remem.store.milvus.leases.read_snapshot", read_later)
    monkeypatch.setattr("remem.store.milvus.leases._seen", read_later, raising=False)
    with store._leases.held(scope):
        assert [lease.owner for lease in leases(store, scope)] == [store._owner]
    assert leases(store, scope) == []


@pytest.mark.parametrize("work", ["adopt", "rebuild", "reindex"])
def test_who_lost_his_lease_of_the_store_leaves_it_as_it_is(
    faults: tuple[str, Faults], work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Engine.create

    def slow(engine: Engine, *arguments: Any) -> None:
        create(engine, *arguments)
        monkeypatch.setattr("remem.store.milvus.leases._LEASE", 0.0)

    with MilvusStore(faults[0]) as store:
        if work != "adopt":
            store.adopt(SPACE)
            store.write("ana", batch(turn("a", "tea")))
        monkeypatch.setattr(Engine, "create", slow)
        larger = Space("another", 24, SPACE.views)
        with pytest.raises(StoreLocked):
            {
                "adopt": lambda: store.adopt(SPACE),
                "rebuild": store.rebuild,
                "reindex": lambda: store.reindex(larger, lambda texts: embed(texts, 24)),
            }[work]()
    monkeypatch.undo()
    with MilvusStore(faults[0]) as store:
        assert store.space == (None if work == "adopt" else SPACE)
        store.adopt(SPACE)
        store.write("ana", batch(turn("b", "tea", position=1)))
        expected = {"b"} if work == "adopt" else {"a", "b"}
        assert {*keys(store.search("ana", [words("tea")], 9)[0])} == expected
        assert store.verify().problems == ()


def test_the_store_is_found_until_a_rebuild_has_swept(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the sweep could take collections that another process has just made."""
    found: list[int] = []
    collections = Engine.collections

    def listed(engine: Engine) -> list[str]:
        found.append(len(leases(store, STORE)))
        return collections(engine)

    monkeypatch.setattr(Engine, "collections", listed)
    store.rebuild()
    assert found == [1]
    assert leases(store, STORE) == []


def test_a_rebuild_begins_anew_where_another_was_interrupted(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    store.write("ana", batch(turn("forgotten", "tea", position=1)))
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "point", stop)
        with pytest.raises(KeyboardInterrupt):
            store.rebuild()
    store.write("ana", Batch(delete=["forgotten"]))
    store.rebuild()
    assert [record.key for record in store.scan("ana")] == ["a"]
    assert keys(store.search("ana", [words("tea")], 9)[0]) == ["a"]
    assert store.verify().problems == ()


def test_a_reindex_begins_anew_where_one_to_another_space_was_interrupted(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("remem.store.milvus.rebuild.write_root", stop)
        with pytest.raises(KeyboardInterrupt):
            store.reindex(Space("larger", 24, SPACE.views), lambda texts: embed(texts, 24))
    store.reindex(Space("smaller", 8, SPACE.views), lambda texts: embed(texts, 8))
    assert keys(store.search("ana", [words("tea")], 9)[0]) == ["a"]
    assert store.verify().problems == ()


def test_who_opens_a_new_database_while_another_does_leaves_what_that_wrote(
    faults: tuple[str, Faults], monkeypatch: pytest.MonkeyPatch
) -> None:
    pointed = Engine.pointed
    looks = []

    def looked_earlier(engine: Engine, alias: str) -> str | None:
        looks.append(alias)
        return None if len(looks) == 1 else pointed(engine, alias)

    with MilvusStore(faults[0]) as one:
        one.adopt(SPACE)
        one.write("ana", batch(turn("a", "tea")))
        for _ in range(2):
            with monkeypatch.context() as patch:
                patch.setattr(Engine, "pointed", looked_earlier)
                with MilvusStore(faults[0]) as other:
                    assert other.space == SPACE
                    assert keys(other.search("ana", [words("tea")], 9)[0]) == ["a"]
            assert [record.key for record in one.scan("ana")] == ["a"]
            looks.clear()
            one.rebuild()  # which replaces the first collection
