"""Milvus as a server: several stores of one place, and a network that fails."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import grpc
import pytest
from pymilvus.grpc_gen import milvus_pb2

from remem.store.conformance import Reopen
from remem.store.conformance.lasting import (
    ConcurrencyContract,
    DurabilityContract,
    IsolationContract,
    VerifyContract,
)
from remem.store.conformance.samples import (
    SPACE,
    batch,
    dense,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.conformance.writing import DeleteContract, PlannedContract
from remem.store.errors import EncoderMismatch, Stale, UpstreamError
from remem.store.milvus import MilvusStore
from remem.store.milvus.driver import PREFIX
from remem.store.milvus.engine import Engine
from remem.store.milvus.metadata import lease_row
from remem.store.store import Store
from remem.store.types import Batch, Neighborhood, Space
from tests.milvus_server import Faults, faulty_server, make_database, milvus_server, unavailable

_names = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    return make_database(server, f"test_{next(_names)}")


@pytest.fixture
def two(url: str) -> Iterator[tuple[MilvusStore, MilvusStore]]:
    """Two stores at one place."""
    with MilvusStore(url) as one, MilvusStore(url) as other:
        one.adopt(SPACE)
        yield one, other


@pytest.fixture(autouse=True)
def readers_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a purge need not wait for them as long as it would."""
    monkeypatch.setattr("remem.store.milvus.rebuild.QUICK", 0.5)


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[tuple[str, Faults]]:
    with faulty_server(tmp_path / "data") as found:
        yield found


class TestMilvusServer(
    DeleteContract,
    PlannedContract,
    DurabilityContract,
    IsolationContract,
    VerifyContract,
    ConcurrencyContract,
):
    """Promises on which several processes agree: leases, and rows that outlive their end."""

    @pytest.fixture
    def opened(self, url: str) -> Iterator[list[Store]]:
        stores: list[Store] = [MilvusStore(url)]
        yield stores
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, opened: list[Store]) -> Store:
        return opened[0]

    @pytest.fixture
    def reopen(self, opened: list[Store], url: str) -> Reopen:
        def again() -> Store:
            opened[-1].close()
            opened.append(MilvusStore(url))
            return opened[-1]

        return again


def test_each_store_sees_what_the_other_wrote(two: tuple[MilvusStore, MilvusStore]) -> None:
    for number in range(5):
        for writer, reader in (two, two[::-1]):
            key = f"k{number} {writer is two[0]}"
            writer.write("ana", batch(turn(key, "tea", position=number)))
            assert key in keys(reader.search("ana", [words("tea")], 99)[0])
            writer.write("ana", Batch(delete=[key]))
            assert key not in keys(reader.search("ana", [dense("tea")], 99)[0])


def test_a_search_waits_for_what_others_wrote_also_after_an_own_deletion(
    two: tuple[MilvusStore, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    levels: list[str] = []
    nearest = Engine.nearest

    def noted(self: Engine, *arguments: Any) -> Any:
        levels.append(arguments[-1])
        return nearest(self, *arguments)

    def level() -> str:
        levels.clear()
        one.search("ana", [dense("tea")], 9)
        return levels[0]

    monkeypatch.setattr(Engine, "nearest", noted)
    one.write("ana", batch(turn("a", "tea")))
    assert level() == "Session"
    other.write("ana", batch(turn("b", "tea"), turn("c", "tea")))
    assert level() == "Strong"
    one.write("ana", Batch(delete=["b"]))
    assert level() == "Strong"
    one.write("ana", batch(turn("d", "tea")))
    other.write("ana", Batch(delete=["c"]))
    assert level() == "Session"


def test_a_plan_on_what_another_store_changed_is_stale(
    two: tuple[MilvusStore, MilvusStore],
) -> None:
    one, other = two
    one.write("ana", batch(turn("a")))
    around = Neighborhood("session", 0, 0, 2, tuple(one.neighbors("ana", "session", 0, 0, 2)))
    other.write("ana", batch(turn("b", position=1)))
    with pytest.raises(Stale):
        one.write("ana", Batch(delete=["a"], expects=[around]))


def test_another_store_re_encodes(two: tuple[MilvusStore, MilvusStore]) -> None:
    one, other = two
    one.write("ana", batch(turn("a", "tea")))
    larger = Space("another", 24, SPACE.views)
    assert keys(other.search("ana", [dense("tea")], 1)[0]) == ["a"]
    one.reindex(larger, lambda texts: embed(texts, 24))
    assert keys(other.search("ana", [words("tea")], 1)[0]) == ["a"]
    with pytest.raises(EncoderMismatch):
        other.search("ana", [dense("tea")], 1)
    with pytest.raises(EncoderMismatch):
        other.write("ana", batch(turn("b")))


def test_a_store_is_adopted_while_another_has_it_open(
    two: tuple[MilvusStore, MilvusStore],
) -> None:
    one, other = two
    one.write("ana", batch(turn("a", "tea")))
    assert keys(other.search("ana", [dense("tea")], 1)[0]) == ["a"]
    with pytest.raises(EncoderMismatch):
        other.adopt(Space("another", 8, ("turn",)))


def write_some(url: str, name: int) -> list[tuple[str, ...]]:
    """Add records, some of which other processes add too; what was added by this one."""
    with MilvusStore(url) as store:
        return [
            store.write("ana", batch(turn(f"own {name} {i}"), turn(f"shared {i}"))).added
            for i in range(8)
        ]


def test_processes_that_write_at_once_lose_nothing_and_add_nothing_twice(
    two: tuple[MilvusStore, MilvusStore], url: str
) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        written = list(processes.map(write_some, [url] * 3, range(3)))
    added = Counter(key for batches in written for added in batches for key in added)
    assert set(added.values()) == {1}
    assert sorted(added) == sorted(record.key for record in two[0].scan("ana"))
    assert len(added) == 3 * 8 + 8
    assert two[0].verify().problems == ()


def adopt_and_add(url: str, name: int) -> None:
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn(f"{name}")))


def test_processes_that_open_a_new_database_at_once_lose_nothing(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        list(processes.map(adopt_and_add, [url] * 3, range(3)))
    with MilvusStore(url) as store:
        assert {record.key for record in store.scan("ana")} == {"0", "1", "2"}
        assert store.verify().problems == ()


def test_a_purged_name_is_gone_from_the_server(
    two: tuple[MilvusStore, MilvusStore], url: str
) -> None:
    one, other = two
    one.write("qzxvperson", batch(turn("a"), turn("b")))
    other.purge("qzxvperson", Batch(delete=["a", "b"]))
    assert one.namespaces() == []
    assert "qzxvperson" not in str(all_rows(one))
    one.write("qzxvperson", batch(turn("a")))
    assert other.count("qzxvperson") == 1


def all_rows(store: MilvusStore) -> list[Any]:
    engine = store._engine
    names = engine.collections()
    return [row for name in names for row in engine.select(name, "", ["*"])]


def test_what_is_marked_as_retriable_is_tried_again(faults: tuple[str, Faults]) -> None:
    url, fault = faults
    busy = milvus_pb2.MutationResult()
    busy.status.code, busy.status.reason, busy.status.retriable = 5, "channel not ready", True
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        answers = itertools.chain([busy] * 3, itertools.repeat(None))
        fault.on["Upsert"] = lambda answer, _: next(answers) or answer()
        store.write("ana", batch(turn("a", "tea")))
        assert keys(store.search("ana", [words("tea")], 9)[0]) == ["a"]


def test_a_write_whose_answers_were_lost_is_there_once(faults: tuple[str, Faults]) -> None:
    url, fault = faults
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("old", "tea")))
        turns = itertools.count()

        def lose_every_other(answer: Any, context: Any) -> Any:
            done = answer()
            return unavailable(answer, context) if next(turns) % 2 == 0 else done

        fault.on["Upsert"] = lose_every_other
        written = store.write("ana", Batch(add=[entry(turn("a", "tea"))], delete=["old"]))
        assert (written.added, written.deleted) == (("a",), ("old",))
        assert [record.key for record in store.scan("ana")] == ["a"]
        assert store.verify().problems == ()


def no_answer(answer: Any, context: Any) -> Any:
    """Unlike what is unavailable, this is not tried again."""
    context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the network is gone")


def end_leases(store: MilvusStore) -> None:
    """As time does: those that are held run out."""
    for row in store._engine.select(PREFIX, 'kind == "claim"', ["scope", "body"]):
        owner = json.loads(row["body"])["owner"]
        store._engine.put(PREFIX, [lease_row(row["scope"], owner, until=1.0)])


@pytest.mark.parametrize("requests", range(7))
def test_what_a_writer_that_died_left_behind_is_nothing_or_all_and_is_cleaned_up(
    faults: tuple[str, Faults], requests: int
) -> None:
    url, fault = faults
    wanted = Batch(
        add=[entry(turn(f"k{i}", "tea " * 30_000 + str(i))) for i in range(2)],
        refresh={"new": views("quinces")},
        supersede={"old": "k1"},
        delete=["gone"],
    )
    with MilvusStore(url) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("gone"), turn("old", "tea"), turn("new")))
        before = list(store.scan("ana"))
        sent = itertools.count()
        fault.on["Upsert"] = lambda answer, context: (
            answer() if next(sent) < requests else no_answer(answer, context)
        )
        with suppress(UpstreamError):
            store.write("ana", wanted)
        cut_short = next(sent) > requests
    fault.on.clear()
    with MilvusStore(url) as store:
        end_leases(store)
        found = list(store.scan("ana"))
        assert (
            found == before if cut_short else {r.key for r in found} == {"k0", "k1", "old", "new"}
        )
        again = store.write("ana", wanted)
        assert set(again.unchanged if not cut_short else again.added) == {"k0", "k1"}
        assert {record.key for record in store.scan("ana")} == {"k0", "k1", "old", "new"}
        assert keys(store.search("ana", [words("quinces")], 9)[0]) == ["new"]
        assert store.verify().problems == ()
        if cut_short:  # three tombstones and four present rows, none of the first attempt
            assert len([row for row in all_rows(store) if "born" in row]) == 7
