"""A large partition learns where to look, while it goes on being read and written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from remem.store import Batch
from remem.store.conformance.samples import SPACE, batch, dense, embed, entry, keys, turn
from remem.store.embedded import EmbeddedStore, partitions, slots, snapshot
from remem.store.embedded import dense as dense_index
from remem.store.embedded import vectors as vectors
from remem.store.embedded.vectors import Ivf

MANY = 600
TEXTS = [f"fact {i}" for i in range(MANY)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_index, "EXACT_ROWS", 100)
    monkeypatch.setattr(partitions, "_UNSAVED_AT_CLOSE", 0)


def filled(path: Path) -> EmbeddedStore:
    store = EmbeddedStore(path)
    store.adopt(SPACE)
    store.write("ana", batch(*[turn(f"k{i}", text, position=i) for i, text in enumerate(TEXTS)]))
    return store


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What happens while a partition learns: it waits for each of these."""
    meanwhile: list[Callable[[], None]] = []
    learn = Ivf.learn

    def interrupted(taken: NDArray[np.float32], rows: int, seq: int) -> Ivf:
        learned = learn(taken, rows, seq)
        while meanwhile:
            meanwhile.pop()()
        return learned

    monkeypatch.setattr(Ivf, "learn", interrupted)
    yield meanwhile
    assert not meanwhile


def never(taken: NDArray[np.float32], rows: int, seq: int) -> Ivf:
    raise AssertionError("there was nothing to learn")


def test_what_was_learned_is_in_the_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with filled(tmp_path / "memories") as store:
        store.search("ana", [dense("fact 7")], 1)
    monkeypatch.setattr(Ivf, "learn", never)
    with EmbeddedStore(tmp_path / "memories") as store:
        assert keys(store.search("ana", [dense("fact 7")], 1)[0]) == ["k7"]
        assert store.verify().ok
    assert not caplog.records


def test_searches_and_writes_go_on_while_a_partition_learns(
    tmp_path: Path, stopped: list[Callable[[], None]]
) -> None:
    store = filled(tmp_path / "memories")
    seen: list[list[str]] = []

    def meanwhile() -> None:
        seen.append(keys(store.search("ana", [dense("fact 7")], 1)[0]))
        store.write("ana", Batch(add=[entry(turn("new", "breaking news"))], delete=["k7"]))
        seen.append(keys(store.search("ana", [dense("breaking news")], 1)[0]))
        seen.append(keys(store.search("ana", [dense("fact 7")], MANY)[0]))

    stopped.append(meanwhile)
    store.search("ana", [dense("fact 1")], 1)
    store.close()
    assert seen[:2] == [["k7"], ["new"]]
    assert "k7" not in seen[2]
    with EmbeddedStore(tmp_path / "memories") as again:
        assert keys(again.search("ana", [dense("breaking news")], 1)[0]) == ["new"]
        assert len(again.search("ana", [dense("fact 1")], MANY + 1)[0]) == MANY


def test_a_partition_that_was_replaced_while_it_learned_learns_again(
    tmp_path: Path, stopped: list[Callable[[], None]]
) -> None:
    store = filled(tmp_path / "memories")
    most = [f"k{i}" for i in range(200)]  # more than a quarter dead: it is compacted
    replaced = threading.Event()

    def meanwhile() -> None:
        store.write("ana", Batch(delete=most))
        store.search("ana", [dense("fact 300")], 1)
        replaced.set()

    stopped.append(meanwhile)
    store.search("ana", [dense("fact 1")], 1)
    assert replaced.wait(60)
    store.close()
    with EmbeddedStore(tmp_path / "memories") as again:
        assert keys(again.search("ana", [dense("fact 300")], 1)[0]) == ["k300"]
        assert again.verify().ok
        with again._partitions.current("ana") as (_, _, partition):
            assert not partition.unsettled


def test_a_partition_that_cannot_learn_stays_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Ivf, "learn", never)
    with filled(tmp_path / "memories") as store:
        for i in (7, 8):
            assert keys(store.search("ana", [dense(f"fact {i}")], 1)[0]) == [f"k{i}"]
    assert "could not learn" in caplog.text


def test_what_was_purged_leaves_no_bit_in_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "memories"
    with filled(path) as store:
        store.search("ana", [dense("fact 7")], 1)
    with EmbeddedStore(path) as store:
        store.purge("ana", Batch(delete=["k7"]))
        store.search("ana", [dense("fact 8")], 1)
    vector = embed(["fact 7"])[0]
    stored = (vector / np.linalg.norm(vector)).astype(np.float16).tobytes()
    assert all(stored not in file.read_bytes() for file in path.rglob("*") if file.is_file())
    with EmbeddedStore(path) as store, store._partitions.current("ana") as (_, _, partition):
        for index in partition.dense.values():
            assert index.ivf is not None
            assert len(index.ivf) == len(index) == MANY - 1


@pytest.fixture
def learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that has learned where to look, and must not learn again."""
    with filled(tmp_path) as store:
        store.search("ana", [dense("fact 7")], 1)
    monkeypatch.setattr(Ivf, "learn", never)
    return tmp_path


def test_after_a_purge_nothing_is_learned_anew(learned: Path) -> None:
    with EmbeddedStore(learned) as store:
        store.search("ana", [dense("fact 7")], 1)
        store.purge("ana", Batch(delete=["k7"]))
        assert keys(store.search("ana", [dense("fact 8")], 1)[0]) == ["k8"]
        with store._partitions.current("ana") as (_, _, partition):
            assert all(index.ivf is not None for index in partition.dense.values())


def test_a_process_that_only_purges_leaves_the_next_one_its_index(learned: Path) -> None:
    with EmbeddedStore(learned) as store:
        store.purge("ana", Batch(delete=["k7"]))
    with EmbeddedStore(learned) as store:
        assert keys(store.search("ana", [dense("fact 8")], 1)[0]) == ["k8"]
        with store._partitions.current("ana") as (_, _, partition):
            assert not partition.unsettled


def unit(text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = embed([text])[0].astype(np.float32)
    return vector / np.linalg.norm(vector)


def copied(path: Path, text: str) -> bool:
    """Whether a centroid that is on disk is the vector of a text."""
    database = sqlite3.connect(path / "records.sqlite3")
    with closing(database):
        [(name, digest)] = database.execute("SELECT file, digest FROM snapshots")
    partition = snapshot.load_partition(path / "index" / name, digest)
    assert partition is not None
    known = [index.ivf for index in partition.dense.values() if index.ivf is not None]
    return any(float((ivf._centroids() @ unit(text)).max()) > 0.9999 for ivf in known)


def alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedStore:
    """A store whose partitions have so many lists that each vector is a centroid."""
    monkeypatch.setattr(vectors, "_LISTS", MANY)
    return filled(path)


def test_a_purged_vector_is_no_centroid_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone(tmp_path, monkeypatch) as store:
        store.search("ana", [dense("fact 8")], 1)
    assert copied(tmp_path, "fact 7")
    with EmbeddedStore(tmp_path) as store:
        store.search("ana", [dense("fact 8")], 1)
        store.purge("ana", Batch(delete=["k7"]))
        store.search("ana", [dense("fact 8")], 1)
        store.snapshot()
        assert not copied(tmp_path, "fact 7")
    assert copied(tmp_path, "fact 8")
    assert not copied(tmp_path, "fact 7")


def test_what_was_learned_from_a_vector_that_is_purged_meanwhile_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: list[Callable[[], None]]
) -> None:
    purged = threading.Event()

    def meanwhile() -> None:
        store.purge("ana", Batch(delete=["k7"]))
        store.search("ana", [dense("fact 8")], 1)
        purged.set()

    with alone(tmp_path, monkeypatch) as store:
        stopped.append(meanwhile)
        store.search("ana", [dense("fact 1")], 1)
        assert purged.wait(60)
    assert copied(tmp_path, "fact 8")
    assert not copied(tmp_path, "fact 7")


def test_a_handle_that_learned_before_another_purged_saves_no_purged_vector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone(tmp_path, monkeypatch) as store:
        store.search("ana", [dense("fact 8")], 1)
    with EmbeddedStore(tmp_path) as second, EmbeddedStore(tmp_path) as store:
        second.search("ana", [dense("fact 8")], 1)
        store.write("ana", Batch(delete=["k7"]))
        second.search("ana", [dense("fact 8")], 1)
        store.purge("ana", Batch())  # reaches what was deleted before, and changes nothing more
        second.search("ana", [dense("fact 8")], 1)
        second.snapshot()
        store.purge("ana", Batch(delete=["k9"]))
        second.snapshot()
        second.search("ana", [dense("fact 8")], 1)
        second.snapshot()
    assert not any(copied(tmp_path, text) for text in ("fact 7", "fact 9"))


def test_codes_of_another_length_are_learned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path) as store:
        store.search("ana", [dense("fact 7")], 1)
    init = Ivf.__init__

    def of_another_faiss(ivf: Ivf, *arguments: Any) -> None:
        init(ivf, *arguments)
        ivf._index.code_size += 8
        ivf._index.own_invlists = False
        lists = faiss.ArrayInvertedLists(ivf._index.nlist, ivf._index.code_size)
        ivf._index.replace_invlists(lists)

    monkeypatch.setattr(Ivf, "__init__", of_another_faiss)
    with EmbeddedStore(tmp_path) as store, store._partitions.current("ana") as (_, _, partition):
        assert partition.unsettled == list(partition.dense.values())
        monkeypatch.undo()


def test_a_store_that_is_closed_asks_nobody_to_learn() -> None:
    learner = slots.Learner()
    learner.close()
    learner.ask(slots.Slot())
