"""Into how many lists an index of PostgreSQL is divided, and how many are searched."""

from __future__ import annotations

import pytest

from remem.store.postgres.indexes import Lists, how_many

GB = 1 << 30


def test_lists_grow_with_the_root_of_the_records() -> None:
    assert [how_many(n, 384, 64 * GB) for n in (10_000, 100_000, 1_000_000)] == [400, 1265, 4000]


@pytest.mark.parametrize(("memory", "number"), [(64 << 20, 433), (GB, 2020), (1 << 20, 1)])
def test_no_more_lists_than_the_servers_memory_is_enough_for(memory: int, number: int) -> None:
    assert how_many(1_000_000, 384, memory) == pytest.approx(number, rel=0.02)


def test_a_search_slows_down_with_the_root_of_the_growth() -> None:
    for records in (100_000, 1_000_000):
        lists = Lists(records, how_many(records, 384, 64 * GB))
        searched = lists.searched(records, 10)
        assert searched is not None
        assert searched * records / lists.number == pytest.approx(16 * records**0.5, rel=0.01)


def test_a_search_of_few_or_for_many_looks_at_more_until_exact_search_takes_no_longer() -> None:
    lists = Lists(100_000, 1265)
    searched = [lists.searched(100_000, k) for k in (10, 200, 500, 1_000)]
    assert searched == [64, 127, 317, None]
    small = Lists(10_001, 401)
    assert [small.searched(n, 10) for n in (0, 5_000, 10_001)] == [None, None, 101]


def test_an_index_is_outgrown_by_four_times_its_records() -> None:
    lists = Lists(10_001, 401)
    assert not lists.outgrown(40_004)
    assert lists.outgrown(40_005)
