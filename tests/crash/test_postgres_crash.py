"""The server dies while records are written: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, embed, keys, turn, words
from remem.store.postgres import PostgresStore
from remem.store.types import Batch, Dense, Vector, Written
from tests.postgres_server import PostgresServer, running

LARGER = replace(SPACE, fingerprint="larger", dim=24)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running() as server:
        yield server


@pytest.fixture
def store(server: PostgresServer) -> Iterator[PostgresStore]:
    server.run("DROP SCHEMA IF EXISTS remem CASCADE")
    with PostgresStore(server.url(), patience=60) as store:
        store.adopt(SPACE)
        yield store


class Ingest:
    """Writes batches until it is told to stop, and remembers what was acknowledged."""

    def __init__(self, store: PostgresStore, name: str) -> None:
        self.store = store
        self.name = name
        self.batches = 0
        self.stop = threading.Event()
        self.progress = threading.Condition()

    def run(self) -> set[str]:
        left: set[str] = set()
        while not self.stop.is_set():
            new = [f"{self.name}{self.batches}x{i}" for i in range(20)]
            delete = sorted(left)[:3]
            written = self.store.write("ana", Batch(batch(*map(turn, new)).add, delete=delete))
            assert written == Written(added=tuple(new), deleted=tuple(delete))
            left = (left - set(delete)) | set(new)
            with self.progress:
                self.batches += 1
                self.progress.notify_all()
        return left

    def await_batches(self, number: int) -> None:
        with self.progress:
            goal = self.batches + number
            assert self.progress.wait_for(lambda: self.batches >= goal, timeout=60)


def restart(server: PostgresServer, way: str) -> None:
    if way == "kill":
        server.kill()
    else:
        server.stop(way)
    server.start_after_crash()


def test_a_server_that_dies_during_ingest_loses_and_doubles_nothing(
    server: PostgresServer, store: PostgresStore
) -> None:
    writers = [Ingest(store, name) for name in "ab"]
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(writer.run) for writer in writers]
        for number, way in enumerate(["kill", "immediate", "kill", "fast", "kill"]):
            writers[number % 2].await_batches(number + 1)
            restart(server, way)
        for writer in writers:
            writer.await_batches(1)
            writer.stop.set()
        expected = set().union(*(future.result() for future in running))
    stored = [record.key for record in store.scan("ana")]
    assert len(stored) == len(set(stored))
    assert set(stored) == expected
    key = min(expected)
    nearest, by_word = store.search("ana", [dense(key), words(key)], 1)
    assert keys(nearest) == keys(by_word) == [key]
    assert len(store.search("ana", [dense("anything")], 10**6)[0]) == len(expected)
    assert store.verify().problems == ()


def test_a_reindex_goes_on_when_the_server_is_back(
    server: PostgresServer, store: PostgresStore
) -> None:
    store.write("ana", batch(*[turn(f"k{i}", f"tea {i}") for i in range(400)]))
    crashes = iter(["kill", "immediate"])

    def encode(texts: Sequence[str]) -> Vector:
        if way := next(crashes, None):
            restart(server, way)
        return embed(texts, LARGER.dim)

    store.reindex(LARGER, encode)
    [hits] = store.search("ana", [Dense("turn", embed(["tea 7"], LARGER.dim)[0])], 1)
    assert keys(hits) == ["k7"]
    assert store.verify().problems == ()


def test_a_writer_that_dies_leaves_nothing_half_done(
    server: PostgresServer, store: PostgresStore
) -> None:
    program = f"""
import itertools, sys
from remem.store.conformance.samples import batch, turn
from remem.store.postgres import PostgresStore
with PostgresStore({server.url()!r}) as store:
    for number in itertools.count():
        store.write("ana", batch(*[turn(f"{{number:06}}x{{i}}") for i in range(50)]))
        print(number, flush=True)
"""
    acknowledged = -1
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged == 7:
                writer.kill()
    stored = store.count("ana")
    assert stored in (50 * (acknowledged + 1), 50 * (acknowledged + 2))
    assert store.verify().problems == ()
