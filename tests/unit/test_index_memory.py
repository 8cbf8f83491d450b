"""What is large is never in memory twice: not while it grows, is saved, or read again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from remem.store.embedded import dense as dense_index
from remem.store.embedded import snapshot
from remem.store.embedded import vectors as vectors_module
from remem.store.embedded.partition import Partition
from remem.store.embedded.snapshot import load_partition, save_partition
from remem.store.embedded.vectors import Ivf
from remem.store.fulltext import postings
from remem.store.fulltext.postings import Segment, merged, nbytes, segment_of

ROWS = 20_000
DIM = 64
WORDS = [f"word{i}" for i in range(500)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "_ROWS", 4096)
    monkeypatch.setattr(vectors_module, "_PIECE", 256)
    monkeypatch.setattr(vectors_module, "_CHUNK", 256)
    monkeypatch.setattr(dense_index, "EXACT_ROWS", 300)
    monkeypatch.setattr(postings, "_PIECE", 4096)
    monkeypatch.setattr(snapshot, "_CHUNK", 256)


def filled() -> Partition:
    """With several segments of postings, lists that were learned, and rows that died."""
    rng = np.random.default_rng(1)
    partition = Partition(1, ["turn"], DIM, 1)
    for first in range(0, ROWS, 5000):
        ids = np.arange(first, first + 5000)
        texts = [" ".join(rng.choice(WORDS, 12)) for _ in ids]
        vectors = rng.standard_normal((len(ids), 1, DIM)).astype(np.float16)
        partition.add(ids, vectors, {"turn": texts})
    index = partition.dense["turn"]
    index.ivf = Ivf.learn(*index.learning(partition.live), 0)
    for piece in index.vectors.pieces():
        index.ivf.add(piece)
    partition.add(np.array([ROWS]), rng.standard_normal((1, 1, DIM)), {"turn": ["word1"]})
    partition.remove(np.arange(7, ROWS, 50))
    return partition


def taken_on_top(do: Callable[[], object]) -> int:
    """Bytes of Python and NumPy that were there at most, beyond those that stay."""
    tracemalloc.start()
    try:
        kept = do()
        stays, most = tracemalloc.get_traced_memory()
        del kept
        return most - stays
    finally:
        tracemalloc.stop()


def test_saving_copies_a_piece_at_a_time(tmp_path: Path) -> None:
    partition = filled()
    large = partition.dense["turn"].nbytes + partition.text["turn"].nbytes
    assert len(partition.text["turn"]._segments) > 1
    assert taken_on_top(lambda: save_partition(partition, tmp_path / "file")) < large / 4


def test_reading_copies_a_piece_at_a_time(tmp_path: Path) -> None:
    partition = filled()
    large = partition.dense["turn"].nbytes + partition.text["turn"].nbytes
    path = tmp_path / "file"
    digest = save_partition(partition, path)
    assert taken_on_top(lambda: load_partition(path, digest)) < large / 8


def test_merging_lets_go_of_what_it_has_merged(tracing: None) -> None:
    segments = [many_postings(0, 3 * ROWS), many_postings(3 * ROWS, 4 * ROWS)]
    large = sum(map(nbytes, segments))
    assert min(map(len, segments)) > 10
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    result = [*merged(segments)]
    _, most = tracemalloc.get_traced_memory()
    assert nbytes(result) > 0.9 * large
    assert most < before + large / 8


@pytest.fixture
def tracing() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def many_postings(first: int, last: int) -> Segment:
    """In many parts."""
    rng = np.random.default_rng(first)
    middle = (first + last) // 2
    halves = []
    for some in (range(first, middle), range(middle, last)):
        rows = np.repeat(np.arange(some.start, some.stop, dtype=np.int32), 20)
        halves.append(segment_of(rng.integers(0, 500, len(rows), np.int32), rows))
    return [*merged(halves)]
