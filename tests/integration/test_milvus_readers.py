"""Whoever reads from a server gets the answer of one moment, whatever is removed meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, embed, keys, turn, words
from remem.store.errors import CorruptStore
from remem.store.milvus import MilvusStore
from remem.store.milvus import rebuild as purge_module
from remem.store.milvus.driver import records_name
from remem.store.milvus.engine import Engine
from remem.store.types import Batch, Space
from tests.milvus_server import faulty_server

Remove = Callable[[MilvusStore], None]


def purge(store: MilvusStore) -> None:
    store.purge("ana", Batch(delete=["a"]))


def reindex(store: MilvusStore) -> None:
    store.write("ana", Batch(delete=["a"]))
    larger = Space("another", 24, SPACE.views)
    with pytest.raises(ZeroDivisionError):  # it is the beginning that removes tombstoned rows
        store.reindex(larger, lambda texts: embed(texts, 24 // 0))


def delete_many(store: MilvusStore) -> None:
    store.write("ana", Batch(delete=["a"]))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[MilvusStore, MilvusStore]]:
    """Two stores at one place."""
    with faulty_server(tmp_path / "data") as (url, _), MilvusStore(url) as one:
        one.adopt(SPACE)
        one.write("ana", batch(turn("a", "tea"), turn("b", "tea", position=1)))
        with MilvusStore(url) as other:
            yield one, other


def interrupted(monkeypatch: pytest.MonkeyPatch, reader: MilvusStore, meanwhile: Any) -> None:
    """Have something happen between the first request for rows of a read and the next."""
    fetch, happened = Engine.fetch, threading.Event()

    def fetched(engine: Engine, name: str, *arguments: Any) -> Any:
        mine = engine is reader._engine and name.startswith(records_name(0)[:-1])
        if mine and not happened.is_set():
            happened.set()
            meanwhile()
        return fetch(engine, name, *arguments)

    monkeypatch.setattr(Engine, "fetch", fetched)


@pytest.mark.parametrize("remove", [purge, reindex, delete_many])
def test_rows_stay_for_those_who_are_reading_them(
    two: tuple[MilvusStore, MilvusStore], remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = two
    waiting, has_read = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        assert 2 * purge_module.QUICK <= seconds < 20  # a lease lasts thirty
        waiting.set()
        has_read.wait(30)

    monkeypatch.setattr(purge_module, "time", SimpleNamespace(sleep=sleep, time=time.time))
    if remove is delete_many:
        monkeypatch.setattr(purge_module, "_MOST_KEPT", 0)
    with ThreadPoolExecutor() as threads:
        working = []

        def begin_to_remove() -> None:
            working.append(threads.submit(remove, writer))
            working[0].add_done_callback(lambda _: waiting.set())
            waiting.wait(30)

        interrupted(monkeypatch, reader, begin_to_remove)
        try:
            assert {*keys(reader.search("ana", [words("tea")], 9)[0])} == {"a", "b"}
        finally:
            has_read.set()
        working[0].result()
    assert [record.key for record in reader.scan("ana")] == ["b"]


READS: dict[str, Callable[[MilvusStore], list[str]]] = {
    "search": lambda store: keys(store.search("ana", [dense("tea")], 9)[0]),
    "scan": lambda store: [record.key for record in store.scan("ana")],
    "get": lambda store: [record.key for record in store.get("ana", ["a", "b"]) if record],
    "neighbors": lambda store: [r.key for r in store.neighbors("ana", "session", 0, 1, 0)],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_that_takes_longer_than_rows_stay_begins_again(
    two: tuple[MilvusStore, MilvusStore],
    read: Callable[[MilvusStore], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer, reader = two
    monkeypatch.setattr(purge_module, "QUICK", 0.0)
    interrupted(monkeypatch, reader, lambda: purge(writer))
    assert read(reader) == ["b"]


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_row_that_is_missing_though_nobody_wrote_is_damage(
    two: tuple[MilvusStore, MilvusStore],
    read: Callable[[MilvusStore], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, reader = two
    fetch = Engine.fetch

    def fetched(engine: Engine, name: str, *arguments: Any) -> Any:
        rows = list(fetch(engine, name, *arguments))
        return rows[1:]

    monkeypatch.setattr(Engine, "fetch", fetched)
    with pytest.raises(CorruptStore, match="is damaged: restore a backup"):
        read(reader)
