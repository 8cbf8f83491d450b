"""Limits of the server: requests a minute, answers at a time."""

from __future__ import annotations

import pytest

from remem.serve.access import RateLimit, Slots
from remem.serve.errors import ApiError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(limit: RateLimit, key_id: str, requests: int) -> int:
    """How many of the requests go through."""
    for done in range(requests):
        try:
            limit.count(key_id)
        except ApiError:
            return done
    return requests


def test_so_many_requests_go_through_at_once() -> None:
    assert allowed(RateLimit(5, Clock()), "k", 100) == 5


def test_time_makes_room_again() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    allowed(limit, "k", 100)
    clock.now = 10.0
    assert allowed(limit, "k", 100) == 10
    clock.now = 1000.0
    assert allowed(limit, "k", 100) == 60


def test_each_key_has_room_of_its_own() -> None:
    limit = RateLimit(5, Clock())
    allowed(limit, "one", 100)
    assert allowed(limit, "other", 100) == 5


def test_a_refusal_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(6, clock)
    allowed(limit, "k", 100)
    with pytest.raises(ApiError) as caught:
        limit.count("k")
    assert (caught.value.status_code, caught.value.headers) == (429, {"Retry-After": "10"})
    clock.now = 10.0
    limit.count("k")


def test_a_slot_is_free_again_when_its_work_failed() -> None:
    slots = Slots(1)
    with pytest.raises(ZeroDivisionError), slots.take():
        raise ZeroDivisionError
    with slots.take(), pytest.raises(ApiError) as caught, slots.take():
        pass
    assert caught.value.status_code == 429
    assert slots.taken == 0
