"""Whoever kills the processes that search fails no request, and leaves no process behind."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from remem import Memory
from remem.testing import HashEncoder
from tests.remem_process import Remem

pytest.importorskip("fastapi")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

FACT = "Lena feeds the tortoise on Mondays."
QUESTION = {"query": "Who feeds the tortoise?"}
KILLS, CLIENTS = 15, 4


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add(FACT, speaker="Lena")
    return tmp_path / "store"


@contextmanager
def server(store: Path) -> Iterator[tuple[psutil.Process, httpx.Client]]:
    """``remem serve`` with two processes that search, and a client of it."""
    options = ("--processes", "2", "--quiet")
    with (
        Remem(store.parent).serving(*options) as (process, url),
        httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client,
    ):
        yield psutil.Process(process.pid), client


def workers(serving: psutil.Process) -> list[psutil.Process]:
    """The processes that search, be they ready or still starting."""
    found = []
    for child in serving.children(recursive=True):
        try:
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child)
        except psutil.Error:  # it is gone
            continue
    return found


def kill_now_and_then(serving: psutil.Process) -> None:
    chance = random.Random(7)
    left = KILLS
    while left:
        if alive := workers(serving):
            try:
                chance.choice(alive).kill()
                left -= 1
            except psutil.Error:  # the server has found it dead and ended it
                continue
        time.sleep(chance.uniform(0, 1.5))


def test_no_request_fails_because_its_process_was_killed(store: Path) -> None:
    with server(store) as (serving, client), ThreadPoolExecutor(CLIENTS + 1) as threads:
        killing = threads.submit(kill_now_and_then, serving)

        def search() -> Counter[tuple[int, str]]:
            answers = Counter[tuple[int, str]]()
            while not killing.done():
                reply = client.post("/search", json=QUESTION)
                hits = reply.json().get("hits", [])
                answers[reply.status_code, hits[0]["record"]["text"] if hits else reply.text] += 1
            return answers

        searching = [threads.submit(search) for _ in range(CLIENTS)]
        killing.result()
        for each in searching:
            assert each.result().keys() == {(200, FACT)}
        client.post("/search", json=QUESTION).raise_for_status()
        assert workers(serving), "there is one again"
    assert "Traceback" not in (store.parent / "log").read_text()


@pytest.mark.parametrize("when", ["searching", "starting"])
def test_a_server_that_is_killed_leaves_no_process(store: Path, when: str) -> None:
    with server(store) as (serving, client), ThreadPoolExecutor(CLIENTS) as threads:
        asked = [threads.submit(client.post, "/search", json=QUESTION) for _ in range(CLIENTS)]
        while not (family := serving.children(recursive=True)) or not workers(serving):
            time.sleep(0.01)
        if when == "searching":
            for each in asked:
                each.result().raise_for_status()
            family = serving.children(recursive=True)
        serving.kill()
        _, left = psutil.wait_procs(family, timeout=60)
        assert left == []
