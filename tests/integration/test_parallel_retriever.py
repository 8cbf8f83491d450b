"""Searches in processes of their own answer as those of this process do."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.recall.parallel import ParallelRetriever
from remem.recall.retriever import Retriever
from remem.store import EncoderMismatch, InvalidInput
from remem.testing import HashEncoder

QUESTION = "Who feeds the tortoise?"


@pytest.fixture(scope="module")
def memories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Memory, Memory]]:
    """A memory, and the same memory searched by one other process."""
    url = tmp_path_factory.mktemp("parallel") / "store"
    encoder = HashEncoder()
    with (
        Memory(url, encoder=encoder) as memory,
        ParallelRetriever(Retriever(), str(url), encoder.fingerprint, 1) as retriever,
    ):
        memory.add("Lena feeds the tortoise on Mondays.", speaker="Lena")
        memory.add("The tortoise bit the postman.", speaker="Omar")
        yield memory, memory.searched_by(retriever)


def test_the_answers_are_the_same(memories: tuple[Memory, Memory]) -> None:
    here, there = memories
    assert there.search(QUESTION, explain=True) == here.search(QUESTION, explain=True)
    assert there.search(QUESTION, where={"speaker": "Omar"}) == here.search(
        QUESTION, where={"speaker": "Omar"}
    )
    assert there.context(QUESTION) == here.context(QUESTION)


def test_what_was_just_written_is_found(memories: tuple[Memory, Memory]) -> None:
    _, there = memories
    record = there.add("Since May Ines feeds the tortoise.")
    assert record in [found.record for found in there.search(QUESTION)]
    there.forget(where={"key": record.key})
    assert record not in [found.record for found in there.search(QUESTION)]


def test_namespaces_stay_apart(memories: tuple[Memory, Memory]) -> None:
    _, there = memories
    assert there.in_namespace("elsewhere").search(QUESTION) == []


def test_what_cannot_be_asked_is_refused(memories: tuple[Memory, Memory]) -> None:
    _, there = memories
    with pytest.raises(InvalidInput, match="empty"):
        there.search(" ")
    with pytest.raises(InvalidInput, match="k is the number"):
        there.search(QUESTION, 0)


def test_a_process_that_was_killed_is_replaced(memories: tuple[Memory, Memory]) -> None:
    here, there = memories
    there.search(QUESTION)
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    assert there.search(QUESTION) == here.search(QUESTION)


def test_a_process_that_cannot_open_the_store_says_why(
    memories: tuple[Memory, Memory], capfd: pytest.CaptureFixture[str]
) -> None:
    here, _ = memories
    with ParallelRetriever(Retriever(), here.url, "another encoder", 1) as retriever:
        for _ in range(2):  # each of two processes
            with pytest.raises(EncoderMismatch, match="another encoder"):
                here.searched_by(retriever).search(QUESTION)
    assert "Traceback" not in capfd.readouterr().err


def test_when_the_processes_have_ended_this_one_answers(memories: tuple[Memory, Memory]) -> None:
    here, _ = memories
    with ParallelRetriever(Retriever(), here.url, here.encoder.fingerprint, 1) as retriever:
        there = here.searched_by(retriever)
        assert there.search(QUESTION) == here.search(QUESTION)
    assert there.search(QUESTION) == here.search(QUESTION)


PROGRAM = """
import multiprocessing, sys, time
from remem import Memory
from remem.recall.parallel import ParallelRetriever
from remem.recall.retriever import Retriever
from remem.testing import HashEncoder

if __name__ == "__main__":
    encoder = HashEncoder()
    memory = Memory(sys.argv[1], encoder=encoder)
    memory.add("a fact")
    retriever = ParallelRetriever(Retriever(), sys.argv[1], encoder.fingerprint, 1)
    memory.searched_by(retriever).search("fact")
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_the_processes_end_with_the_one_that_began_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "store")],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 1
        parent.send_signal(signal.SIGKILL)
        # The pipe that they inherited ends when the last of them has.
        assert parent.stdout.read() == ""
