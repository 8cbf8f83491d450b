"""Long imports: what is kept in memory beside the indexes does not grow with what is read."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from multiprocessing import get_context
from pathlib import Path
from tracemalloc import Filter

import pytest

from remem import Memory
from remem.ingest import import_path
from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.run import Progress
from remem.store import Record
from remem.testing import HashEncoder

BEGAN = datetime(2015, 1, 1, tzinfo=timezone.utc)
FEWER, MORE = 3_000, 9_000
MOST_BYTES = 40
"""Of a message, beside the indexes: a list of keys would take 56 more."""

_INDEXES = ("*/store/fulltext/*", "*/store/arrays.py", "*/store/embedded/*", "*/numpy/*")


class ChatOf:
    """A reader of a chat of so many messages that are made while they are read."""

    name = "chat"

    def __init__(self, messages: int) -> None:
        self._messages = messages

    def detect(self, path: Path) -> bool:
        """True of any file."""
        return path.is_file()

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages, one a minute."""
        for number in range(self._messages):
            on_bytes(1)
            yield Item(
                Record(
                    key=f"chat#{number}",
                    source="chat",
                    position=number,
                    text=f"{number % 97} loaves for {number % 89} guests",
                    speaker=("Ana", "Bo")[number % 2],
                    said_at=BEGAN + timedelta(minutes=number),
                )
            )


def kept_at_the_end(messages: int, folder: Path) -> int:
    """Bytes of Python's memory that an import has taken, beside the indexes, before it returns."""
    kept = 0

    def measure(step: Progress) -> None:
        nonlocal kept
        if step.bytes_read == messages:
            memory.search("guests")  # the index takes over what waits for it
            gc.collect()
            snapshot = tracemalloc.take_snapshot()
            others = snapshot.filter_traces([Filter(False, each) for each in _INDEXES])
            kept = sum(each.size for each in others.traces)

    folder.mkdir()
    file = folder / "chat.txt"
    file.write_text(" " * messages)
    with Memory(folder / "store", encoder=HashEncoder(8)) as memory:
        tracemalloc.start()
        try:
            report = import_path(memory, file, reader=ChatOf(messages), report=measure)
        finally:
            tracemalloc.stop()
    assert sum(report.added.values()) == messages
    return kept


def kept_for_each(folder: Path) -> float:
    """Bytes that an import keeps for each further message."""
    kept_at_the_end(300, folder / "first")  # loads what all of them use
    fewer = kept_at_the_end(FEWER, folder / "fewer")
    more = kept_at_the_end(MORE, folder / "more")
    return (more - fewer) / (MORE - FEWER)


@pytest.mark.slow
def test_what_an_import_keeps_does_not_grow_with_its_messages(tmp_path: Path) -> None:
    # In a process of its own: what threads of other tests still take would count.
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        assert alone.submit(kept_for_each, tmp_path).result() < MOST_BYTES
