"""Repeat, time, and keep the quantiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

__all__ = ["Latency", "latency_of", "seconds", "timed"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and 95th percentile, in milliseconds."""

    p50: float
    p95: float


def latency_of(call: Callable[[T], object], arguments: Iterable[T], warm_up: int = 3) -> Latency:
    """Time ``call`` for each argument; the first few are not counted."""
    times = [seconds(lambda argument=argument: call(argument)) for argument in arguments]  # type: ignore[misc]
    p50, p95 = np.percentile(times[warm_up:], [50, 95])
    return Latency(1000 * float(p50), 1000 * float(p95))


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes, in seconds."""
    return timed(call)[1]


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """What a call returns, and how long it takes in seconds."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start
