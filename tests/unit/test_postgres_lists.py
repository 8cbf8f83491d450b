"""Into how many lists an index of PostgreSQL is divided, and how many are searched."""

from __future__ import annotations

import pytest

from store.postgres.lists import Lists, how_many

GB = 1 << 30


def test_lists_grow_with_the_root_of_the_records() -> None:
    assert [how_many(n, 384, 64 * GB) for n in (10_000, 100_000, 1_000_000)] == [400, 1265, 4000]


@pytest.mark.parametrize(("memory", "number"), [(64 << 20, 433), (GB, 2020), (1 << 20, 1)])
def test_no_more_lists_than_the_servers_memory_is_enough_for(memory: int, number: int) -> None:
    assert how_many(1_000_000, 384, memory) == pytest.approx(number, rel=0.02)


def test_a_search_looks_at_as_many_vectors_however_long_the_lists_are() -> None:
    fresh, grown = Lists(100_000, 1265), Lists(25_000, 633)
    searched = [lists.searched(100_000, 10) for lists in (fresh, grown)]
    assert searched == [65, 33]
    million = Lists(1_000_000, 4000).searched(1_000_000, 10)
    assert million == 64  # of so many more: 16,000 vectors and not 5,000


def test_who_asks_for_more_has_more_looked_at_until_exact_search_takes_no_longer() -> None:
    lists = Lists(100_000, 1265)
    searched = [lists.searched(100_000, k) for k in (100, 200, 500, 1_000)]
    assert searched == [65, 127, 317, None]


def test_an_index_is_outgrown_by_four_times_its_records() -> None:
    lists = Lists(10_001, 401)
    assert not lists.outgrown(40_004)
    assert lists.outgrown(40_005)
