"""How far a mean over questions can be trusted: bootstrap confidence intervals. Pure.

Questions are resampled with replacement (B. Efron, "Bootstrap Methods: Another Look at the
Jackknife", Annals of Statistics 7(1), 1979); the interval holds the middle of the resampled means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "mean_interval", "share_interval"]

RESAMPLES = 2000

_NORMAL = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, the ends of its confidence interval, and how many values it is the mean of."""

    mean: float
    low: float
    high: float
    count: int

    @property
    def margin(self) -> float:
        """Half the interval's length, for "mean ± margin"."""
        return (self.high - self.low) / 2


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95, seed: int = 0
) -> Interval | None:
    """The mean with its percentile bootstrap interval; None of no values.

    The same values and seed give the same interval.
    """
    if not values:
        return None
    sample = np.asarray(values, dtype=np.float64)
    chosen = np.random.default_rng(seed).integers(len(sample), size=(RESAMPLES, len(sample)))
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(sample[chosen].mean(axis=1), [tail, 100 - tail])
    return Interval(float(sample.mean()), float(low), float(high), len(sample))


def share_interval(hits: int, count: int) -> Interval | None:
    """A share of many with its 95 % interval (E. B. Wilson, 1927), which stays inside [0, 1] where
    the share is near an end; None of nothing."""
    if not count:
        return None
    share, weight = hits / count, _NORMAL**2 / count
    middle = (share + weight / 2) / (1 + weight)
    margin = _NORMAL / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / (4 * count))
    return Interval(share, max(0.0, middle - margin), min(1.0, middle + margin), count)
