"""Dense search: exact while it is small, and nearly so once it has learned where to look."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from remem.store.arrays import Halves, Mask
from remem.store.embedded import dense as dense_index
from remem.store.embedded.dense import DenseIndex
from remem.store.embedded.vectors import Ivf
from tests.stored import stored

DIM = 64
ROWS = 6000
RNG = np.random.default_rng(7)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


TOPICS = unit(RNG.standard_normal((60, DIM)))
VECTORS: Halves = unit(
    TOPICS[RNG.integers(0, 60, ROWS)] + 0.8 * unit(RNG.standard_normal((ROWS, DIM)))
).astype(np.float16)
QUERIES = unit(VECTORS[::60] + 0.4 * unit(RNG.standard_normal((100, DIM)))).astype(np.float32)
EVERY: Mask = np.ones(ROWS, np.bool_)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_index, "EXACT_ROWS", 300)


def exact(vectors: Halves = VECTORS) -> DenseIndex:
    index = DenseIndex(DIM)
    index.add(vectors)
    return index


def learned(vectors: Halves = VECTORS) -> DenseIndex:
    index = exact(vectors)
    index.ivf = Ivf.learn(*index.learning(np.ones(len(index), np.bool_)), 0)
    for piece in index.vectors.pieces():
        index.ivf.add(piece)
    index.ivf.centre(index.ivf.lists, index.vectors, np.ones(len(index), np.bool_))
    return index


def recall(index: DenseIndex, allowed: Mask) -> float:
    """The share of the ten best allowed rows that the index finds."""
    found = 0
    there = min(10, int(allowed.sum()))
    for query in QUERIES:
        scores = np.where(allowed, VECTORS.astype(np.float32) @ query, -2)
        best = np.argsort(-scores)[:there]
        rows, _ = index.search(query, 10, allowed)
        assert allowed[rows].all()
        found += len(set(best) & set(rows.tolist()))
    return found / (there * len(QUERIES))


def test_a_small_index_is_exact() -> None:
    assert recall(exact(), EVERY) == 1


def test_a_large_one_finds_what_an_exact_one_finds() -> None:
    assert recall(learned(), EVERY) >= 0.99


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.06, 0.01, 0.001])
def test_a_filter_of_any_share_keeps_the_recall(share: float) -> None:
    allowed = np.random.default_rng(1).random(ROWS) < share
    assert recall(learned(), allowed) >= 0.99


def test_a_filter_that_keeps_only_what_lies_elsewhere_still_returns_k() -> None:
    index = learned()
    far = np.argsort(VECTORS.astype(np.float32) @ QUERIES[0])[:500]
    allowed = np.zeros(ROWS, np.bool_)
    allowed[far] = True
    rows, scores = index.search(QUERIES[0], 10, allowed)
    assert len(rows) == 10
    assert (np.diff(scores) <= 0).all()


def test_scores_are_those_of_an_exact_search() -> None:
    rows, scores = learned().search(QUERIES[0], 10, EVERY)
    expected = dict(zip(*exact().search(QUERIES[0], 10, EVERY), strict=True))
    assert {row: expected[row] for row in rows.tolist()} == dict(zip(rows, scores, strict=True))


def test_what_ties_with_the_last_is_returned_too() -> None:
    index = learned(np.concatenate([VECTORS, np.repeat(VECTORS[:1], 30, axis=0)]))
    rows, scores = index.search(VECTORS[0].astype(np.float32), 5, np.ones(len(index), np.bool_))
    assert len(rows) == 31
    assert len(set(scores.tolist())) == 1


def test_rows_added_after_learning_are_found() -> None:
    index = learned(VECTORS[:4000])
    index.add(VECTORS[4000:])
    assert recall(index, EVERY) >= 0.99


def test_a_compacted_index_knows_the_live_rows_only() -> None:
    live = np.random.default_rng(2).random(ROWS) < 0.7
    index = learned().compacted(live)
    assert index.ivf is not None
    held = stored(index.ivf.saved(np.ones(len(index), np.bool_)))
    assert sorted(held.read("rows").tolist()) == list(range(int(live.sum())))
    old = np.flatnonzero(live)
    for query in QUERIES[:20]:
        rows, scores = index.search(query, 10, np.ones(len(index), np.bool_))
        expected, best = learned().search(query, 10, live)
        assert old[rows].tolist() == expected.tolist()
        assert scores.tolist() == best.tolist()


@pytest.mark.parametrize("share", [1, 0.7, 0])
def test_what_is_saved_of_what_was_learned_is_what_a_compacted_one_holds(share: float) -> None:
    index = learned()
    assert index.ivf is not None
    live = np.random.default_rng(2).random(ROWS) < share
    compacted = index.ivf.compacted(live)
    saved = index.ivf.saved(live), compacted.saved(np.ones(len(compacted), np.bool_))
    one, other = map(stored, saved)
    for name in saved[0]:
        np.testing.assert_array_equal(one.read(name), other.read(name))


def test_what_was_saved_of_what_was_learned_brings_it_back() -> None:
    index = learned()
    assert index.ivf is not None
    again = exact()
    again.ivf = Ivf.restored(index.ivf.learned, 0, [], stored(index.ivf.saved(EVERY)))
    again.add(VECTORS[:100])
    index.add(VECTORS[:100])
    allowed = np.ones(len(index), np.bool_)
    for query in QUERIES[:20]:
        assert [part.tolist() for part in again.search(query, 10, allowed)] == [
            part.tolist() for part in index.search(query, 10, allowed)
        ]


def test_what_is_left_of_lists_that_are_made_anew_is_found() -> None:
    index = learned()
    live = np.random.default_rng(2).random(ROWS) < 0.9
    assert index.ivf is not None
    index.ivf.centre(index.ivf.outlived(live), index.vectors, live)
    assert index.ivf.outlived(live) == []
    assert recall(index, live) >= 0.99


@pytest.mark.parametrize("compacted", [False, True])
def test_a_centroid_that_is_made_anew_is_the_mean_of_live_rows(compacted: bool) -> None:
    live: Mask = np.arange(ROWS) % 200 < 150  # lists of few rows lose all of them
    index = learned()
    held = VECTORS
    if compacted:  # as what is deleted may be, before it is purged
        index, held, live = index.compacted(live), VECTORS[live], np.ones(live.sum(), np.bool_)
    assert index.ivf is not None
    index.ivf.centre(index.ivf.outlived(live), index.vectors, live)
    saved = stored(index.ivf.saved(live))
    kept = held[live].astype(np.float32)
    lists = np.split(saved.read("rows"), np.cumsum(saved.read("sizes"))[:-1])
    for centroid, rows in zip(saved.read("centroids"), lists, strict=True):
        mean = kept[rows].sum(axis=0)
        np.testing.assert_allclose(centroid, mean / (np.linalg.norm(mean) or 1), atol=1e-5)


def test_an_index_learns_when_it_is_no_longer_small_and_again_when_it_is_four_times_as_large() -> (
    None
):
    assert not exact(VECTORS[:300]).outgrown
    assert exact(VECTORS[:301]).outgrown
    index = learned(VECTORS[:400])
    assert not index.outgrown
    index.add(VECTORS[400:1601])
    assert index.outgrown


def test_a_search_leaves_the_threads_of_others_as_they_were() -> None:
    faiss.omp_set_num_threads(2)
    index = DenseIndex(16)
    index.add(np.eye(16, dtype=np.float16))
    index.search(np.eye(16, dtype=np.float32)[0], 3, np.ones(16, np.bool_))
    assert faiss.omp_get_max_threads() == 2
