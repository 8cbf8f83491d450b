"""A store on a read-only mount can be searched, and loses nothing of what was acknowledged."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.store import StoreReadOnly, open_store
from remem.testing import EchoGenerator, HashEncoder
from tests.crash.processes import elsewhere
from tests.mounts import mount_read_only, reading_only

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a folder")

FACT = "Lena feeds the tortoise on Mondays."
QUESTION = "Who feeds the tortoise?"


def write(folder: Path) -> None:
    with Memory(folder, encoder=HashEncoder()) as memory:
        memory.add(FACT, speaker="Lena")
        memory.add("The tortoise bit the postman.", speaker="Omar")
        memory.rebuild()  # and save the indexes


def write_and_be_killed(folder: Path) -> None:
    """Leave what was committed in the log."""
    process = os.fork()
    if not process:
        memory = Memory(folder, encoder=HashEncoder())
        memory.add(FACT, speaker="Lena")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process, 0)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "memories"
    elsewhere(write, path)
    return path


def found(folder: Path) -> list[str]:
    with Memory(folder, encoder=HashEncoder()) as memory:
        assert FACT in memory.context(QUESTION, floor=0).text
        assert FACT in memory.search(QUESTION, where={"speaker": "Lena"})[0].record.text
        assert memory.count() == len(list(memory.scan()))
        return [each.record.text for each in memory.search(QUESTION)]


def problems(folder: Path) -> tuple[str, ...]:
    with open_store(folder) as store:
        return store.verify().problems


def test_it_is_searched_as_ever(folder: Path) -> None:
    before = files(folder)
    assert reading_only(folder, found, folder) == elsewhere(found, folder)
    assert files(folder).keys() == before.keys()


def test_it_is_verified(folder: Path) -> None:
    assert reading_only(folder, problems, folder) == ()


def test_without_its_indexes_too(folder: Path) -> None:
    shutil.rmtree(folder / "index")
    assert FACT in reading_only(folder, found, folder)


@pytest.mark.parametrize("keep", ["log and shared memory", "log alone"])
def test_what_a_killed_writer_left_in_the_log_is_found(tmp_path: Path, keep: str) -> None:
    folder = tmp_path / "memories"
    elsewhere(write_and_be_killed, folder)
    log = folder / "records.sqlite3-wal"
    assert log.stat().st_size
    if keep == "log alone":  # as a backup program may leave it
        log.with_name("records.sqlite3-shm").unlink()
    before = files(folder)
    assert reading_only(folder, found, folder) == [FACT]
    assert files(folder) == before
    assert elsewhere(found, folder) == [FACT]


def refusals(folder: Path) -> list[str]:
    told = []
    changes: list[Callable[[Memory], Any]] = [
        lambda memory: memory.add("Ines feeds it now."),
        lambda memory: memory.add_messages([{"role": "user", "content": "Hello"}]),
        lambda memory: memory.add_document("A lease.\n"),
        lambda memory: memory.delete(next(memory.scan()).key),
        lambda memory: memory.forget(where={"speaker": "Lena"}),
        lambda memory: memory.update(next(memory.scan()).key, "Ines feeds it."),
        lambda memory: memory.reindex(HashEncoder(dim=16)),
        lambda memory: memory.rebuild(),
    ]
    with Memory(folder, encoder=HashEncoder()) as memory:
        for change in changes:
            with pytest.raises(StoreReadOnly) as refused:
                change(memory)
            told.append(str(refused.value))
        assert memory.search(QUESTION)[0].record.text == FACT
    return told


def test_whatever_would_change_it_is_refused_in_one_sentence(folder: Path) -> None:
    before = files(folder)
    told = set(reading_only(folder, refusals, folder))
    assert told == {
        f"{folder} can be searched but not changed: make the folder and its files writable, or "
        "work on a copy"
    }
    assert files(folder) == before


def while_others_write(folder: Path, signals: tuple[int, int]) -> list[int]:
    """Numbers of memories that a reader sees while another process adds to them."""
    ours, theirs = signals
    seen = []
    with open_store(folder) as store:
        for _ in range(3):
            seen.append(len(list(store.scan("default"))))
            os.write(ours, b".")
            os.read(theirs, 1)
        seen.append(len(list(store.scan("default"))))
    return seen


def test_what_is_written_where_it_may_be_is_seen(folder: Path) -> None:
    seen = elsewhere(read_beside_a_writer, folder)
    assert seen == [2, 3, 4, 5]


def read_beside_a_writer(folder: Path) -> list[int]:
    """A process that reads only, beside this one that writes, and closes what it writes."""
    (from_child, ours), (theirs, to_child) = os.pipe(), os.pipe()
    report, result = os.pipe()
    child = os.fork()
    if not child:
        mount_read_only(folder)
        seen = while_others_write(folder, (ours, theirs))
        os.write(result, json.dumps(seen).encode())
        os._exit(0)
    os.close(result)
    for number in range(3):
        os.read(from_child, 1)
        with Memory(folder, encoder=HashEncoder()) as memory:
            memory.add(f"Fact number {number}.")
        os.write(to_child, b".")
    with os.fdopen(report) as pipe:
        seen = json.loads(pipe.read())
    os.waitpid(child, 0)
    return list(seen)


def searched_by_command(folder: Path) -> tuple[int, str]:
    from remem.cli import main

    arguments = ["search", QUESTION, "--store", str(folder), "--encoder", "hash", "--json"]
    with redirect_stdout(io.StringIO()) as told:
        return main(arguments), told.getvalue()


def test_the_command_searches_it(folder: Path) -> None:
    code, told = reading_only(folder, searched_by_command, folder)
    assert code == 0
    assert FACT in told


def served_from(folder: Path, token: str) -> dict[str, Any]:
    import httpx

    from remem.recall.parallel import ParallelRetriever
    from remem.recall.retriever import Retriever
    from remem.serve.app import create_app
    from remem.serve.keys import KeyRing
    from remem.serve.local_backend import Local
    from tests.serving import served

    encoder = HashEncoder()
    with (
        closing(KeyRing(folder / "keys.sqlite3")) as keys,
        Memory(folder, encoder=encoder) as memory,
        ParallelRetriever(Retriever(), str(folder), encoder.fingerprint, 1) as retriever,
    ):
        app = create_app(memory.searched_by(retriever), keys=keys)
        app.state.backend = Local(EchoGenerator, "echo", at_a_time=1)
        headers = {"Authorization": f"Bearer {token}"}
        with served(app) as url, httpx.Client(base_url=url, headers=headers) as client:
            asked = {"messages": [{"role": "user", "content": QUESTION}], "user": "default"}
            chat = client.post("/v1/chat/completions", json=asked)
            note = client.post("/api/v1/records", json={"text": "A fact."})
            search = client.post("/api/v1/search", json={"query": QUESTION})
            return {
                "chat": (chat.status_code, chat.headers.get("x-remem-problem")),
                "note": (note.status_code, note.json()["error"]["code"]),
                "search": search.json()["hits"][0]["record"]["text"],
            }


def test_the_server_goes_on_and_says_that_it_remembers_nothing(folder: Path) -> None:
    pytest.importorskip("fastapi")
    from remem.serve.keys import KeyRing, Permission

    with closing(KeyRing(folder / "keys.sqlite3")) as keys:
        token = keys.create("test", ["*"], Permission.ADMIN)
    told = reading_only(folder, served_from, folder, token)
    assert told["search"] == FACT
    assert told["note"] == (503, "store_read_only")
    status, problem = told["chat"]
    assert status == 200
    assert "can be searched but not changed" in problem
