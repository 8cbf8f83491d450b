"""Clients that the server waits for, with a clock that the test moves."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from remem.serve.protocol import Wait, Waiting


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waiting(clock: Clock) -> Waiting[str]:
    return Waiting({Wait.HEAD: 10, Wait.IDLE: 30}, clock)


def test_nobody_is_overdue_before_the_time_is_over(waiting: Waiting[str], clock: Clock) -> None:
    waiting.begin("slow", Wait.HEAD)
    clock.now = 9.9
    assert waiting.overdue() == []
    clock.now = 10
    assert waiting.overdue() == ["slow"]


def test_each_debt_has_a_time_of_its_own(waiting: Waiting[str], clock: Clock) -> None:
    waiting.begin("idle", Wait.IDLE)
    waiting.begin("slow", Wait.HEAD)
    waiting.begin("large", Wait.BODY)
    clock.now = 29
    assert waiting.overdue() == ["slow"]
    clock.now = 1000
    assert sorted(waiting.overdue()) == ["idle", "slow"]


def test_who_began_again_has_the_whole_time_again(waiting: Waiting[str], clock: Clock) -> None:
    waiting.begin("a", Wait.HEAD)
    clock.now = 9
    waiting.begin("a", Wait.HEAD)
    clock.now = 11
    assert waiting.overdue() == []


def test_a_client_owes_one_thing_at_a_time(waiting: Waiting[str], clock: Clock) -> None:
    waiting.begin("a", Wait.HEAD)
    waiting.begin("a", Wait.IDLE)
    clock.now = 29
    assert waiting.what("a") is Wait.IDLE
    assert waiting.overdue() == []
    waiting.end("a")
    waiting.end("a")
    assert (waiting.what("a"), waiting.longest()) == (None, None)


def test_the_longest_wait_is_found_whatever_is_owed(waiting: Waiting[str], clock: Clock) -> None:
    for client, what in (("b", Wait.IDLE), ("a", Wait.BODY), ("c", Wait.HEAD)):
        waiting.begin(client, what)
        clock.now += 1
    assert waiting.longest() == "b"
    waiting.begin("b", Wait.HEAD)
    assert waiting.longest() == "a"
    waiting.end("a")
    assert waiting.longest() == "c"
