"""Vectors in blocks: the same as in one array, and none of them moves when more are added."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.store.arrays import Halves
from remem.store.embedded import dense as dense_index
from remem.store.embedded import vectors
from remem.store.embedded.dense import DenseIndex
from remem.store.embedded.vectors import Blocks

DIM = 8
BLOCK = 7
VECTORS: Halves = np.random.default_rng(3).integers(-2, 3, (60, DIM)).astype(np.float16)
"""Of few different numbers, so that many score the same."""


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "_ROWS", BLOCK)
        patch.setattr(vectors, "_PIECE", 3)
        patch.setattr(dense_index, "_GATHERED", 5)
        yield


def filled(sizes: list[int]) -> Blocks:
    result = Blocks(DIM)
    for size in sizes:
        result.add(VECTORS[len(result) : len(result) + size])
    return result


sizes = st.lists(st.integers(0, 20), max_size=6).filter(lambda each: sum(each) <= len(VECTORS))


@given(sizes=sizes, start=st.integers(0, 60))
def test_pieces_are_what_was_added(sizes: list[int], start: int) -> None:
    held = filled(sizes)
    assert len(held) == sum(sizes)
    pieces = [np.empty((0, DIM), np.float16), *held.pieces(start)]
    assert max(map(len, pieces)) <= 3
    np.testing.assert_array_equal(np.concatenate(pieces), VECTORS[start : len(held)])


@given(sizes=sizes, chosen=st.sets(st.integers(0, 59)))
def test_rows_are_taken_from_all_blocks(sizes: list[int], chosen: set[int]) -> None:
    held = filled(sizes)
    rows = np.array(sorted(row for row in chosen if row < len(held)), np.int64)
    np.testing.assert_array_equal(held.take(rows), VECTORS[rows])


def test_no_block_but_the_first_is_ever_moved() -> None:
    held = filled([BLOCK])
    places: list[int] = []
    for vector in VECTORS[BLOCK:]:
        held.add(vector[None])
        now = [next(held.pieces(start)).ctypes.data for start in range(0, len(held), BLOCK)]
        assert now[: len(places)] == places
        places = now
    assert len(places) == -(-len(VECTORS) // BLOCK)


@pytest.mark.parametrize("size", [3, BLOCK, 20])
def test_what_was_settled_can_be_read_while_others_are_added(size: int) -> None:
    held = filled([size])
    pieces = held.settled(2)
    held.add(VECTORS[size:])
    np.testing.assert_array_equal(np.concatenate(pieces), VECTORS[2:size])


@given(data=st.data(), k=st.integers(1, 12), share=st.sampled_from([1, 0.5, 0.1]))
def test_a_search_in_several_blocks_finds_what_one_in_one_block_finds(
    data: st.DataObject, k: int, share: float
) -> None:
    several, one = DenseIndex(DIM), DenseIndex(DIM)
    several.add(VECTORS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "_ROWS", len(VECTORS))
        one = DenseIndex(DIM)
        one.add(VECTORS)
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    query = rng.integers(-2, 3, DIM).astype(np.float32)
    allowed = rng.random(len(VECTORS)) < share
    allowed[: data.draw(st.integers(0, 40))] = False  # whole blocks of which nothing is allowed
    (rows, scores), (others, same) = (each.search(query, k, allowed) for each in (several, one))
    assert scores.tolist() == same.tolist()
    assert {*zip(rows, scores, strict=True)} == {*zip(others, same, strict=True)}
    every = np.where(allowed, VECTORS.astype(np.float32) @ query, -np.inf)
    if wanted := min(k, int(allowed.sum())):
        last = np.sort(every)[-wanted]
        assert set(rows.tolist()) == set(np.flatnonzero((every >= last) & allowed).tolist())
    else:
        assert not len(rows)
