"""The load that several clients make, and the turns that must be stored once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from remem import Memory
from remem.benchmarks.load.command import VIEW_TARGETS, Load, Tally, count, name_of, page, text_of
from remem.benchmarks.load.upstream import answer_to
from remem.testing import HashEncoder

CLIENTS, EXCHANGES = 2, 3
PERFECT = Tally(turns=12, missing=0, repeated=0, strange=0, retries=1, seconds=2.0)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Every turn of every client, once."""
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for client in range(CLIENTS):
            mine = memory.in_namespace(name_of(client))
            for number in range(EXCHANGES):
                said = text_of(client, number)
                mine.add(said, role="user", key=f"user {number}")
                mine.add(answer_to(said), role="assistant", key=f"assistant {number}")
        yield memory


def counted(memory: Memory) -> Tally:
    return count(memory, CLIENTS, EXCHANGES, PERFECT.retries, PERFECT.seconds)


def test_a_rate_is_of_answers_only() -> None:
    assert Load((5.0, 5.0, 5.0, 5.0), errors=1, seconds=1.5).rate == 2


def test_a_quantile_is_of_milliseconds() -> None:
    load = Load(tuple(float(number) for number in range(101)), errors=0, seconds=1)
    assert (load.quantile(50), load.quantile(95)) == (50, 95)


def test_no_client_says_the_same_twice() -> None:
    assert len({text_of(client, number) for client in range(32) for number in range(157)}) == 5024


def test_turns_that_are_stored_once_are_no_fault(memory: Memory) -> None:
    assert counted(memory) == PERFECT


def test_a_turn_that_is_not_stored_is_missing(memory: Memory) -> None:
    memory.in_namespace(name_of(1)).delete("user 2")
    assert counted(memory) == replace(PERFECT, missing=1)


def test_a_turn_that_is_stored_again_is_repeated(memory: Memory) -> None:
    memory.in_namespace(name_of(0)).add(text_of(0, 0), role="user", key="another")
    assert counted(memory) == replace(PERFECT, repeated=1)


def test_a_turn_of_another_client_is_strange(memory: Memory) -> None:
    memory.in_namespace(name_of(0)).add(text_of(1, 0), role="user", key="another")
    assert counted(memory) == replace(PERFECT, strange=1)


def test_an_altered_turn_is_missing_and_strange(memory: Memory) -> None:
    mine = memory.in_namespace(name_of(0))
    mine.delete("user 1")
    mine.add(text_of(0, 1) + " Or not.", role="user", key="user 1")
    assert counted(memory) == replace(PERFECT, missing=1, strange=1)


def test_a_turn_in_a_namespace_that_is_nobodys_is_strange(memory: Memory) -> None:
    memory.in_namespace("client-99").add(text_of(0, 0), role="user", key="another")
    assert counted(memory) == replace(PERFECT, strange=1)


def test_the_views_of_the_page_are_timed_over_a_store_of_any_size() -> None:
    run = CliRunner().invoke(page, ["--records", "300", "--json"])
    assert run.exit_code == 0
    figures = json.loads(run.output)["figures"]
    assert set(VIEW_TARGETS) <= set(figures)
    assert all(figures[name] > 0 for name in VIEW_TARGETS)
