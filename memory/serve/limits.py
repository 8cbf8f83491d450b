"""Limits: how often, how many at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from memory.serve.problems import Refusal

__all__ = ["RateLimit", "Slots"]


class RateLimit:
    """So many requests a minute for each key, spread or at once (a token bucket for each).

    Args:
        per_minute: How many.
        clock: Seconds that pass.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def count(self, key_id: str) -> None:
        """Count a request.

        Raises:
            Refusal: 429, there were too many; ``Retry-After`` tells when there is room again.
        """
        now = self._clock()
        left, counted = self._left.get(key_id, (self._most, now))
        left = min(self._most, left + (now - counted) * self._per_second)
        if left < 1:
            wait = math.ceil((1 - left) / self._per_second)
            raise Refusal(
                429,
                "rate_limited",
                f"this key may send {self._most:.0f} requests a minute; wait {wait} s",
                {"Retry-After": str(wait)},
            )
        self._left[key_id] = (left - 1, now)


class Slots:
    """Room for so many answers at a time; who comes when there is none is refused at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.taken = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold one of them.

        Raises:
            Refusal: 429, all are taken.
        """
        if self.taken >= self._count:
            raise Refusal(
                429,
                "too_many_generations",
                f"the server makes {self._count} answers at a time; try again in a moment",
                {"Retry-After": "1"},
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
