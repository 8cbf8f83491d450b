"""How far a mean over questions can be trusted: bootstrap confidence intervals. Pure.

Questions are resampled with replacement (B. Efron, "Bootstrap Methods: Another Look at the
Jackknife", Annals of Statistics 7(1), 1979); the interval holds the middle of the resampled means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.outcome import Outcome

__all__ = ["Interval", "by_category", "mean_interval", "metric_values"]

RESAMPLES = 2000


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


def metric_values(outcomes: Iterable[Outcome], metric: str) -> list[float]:
    """A metric of each question for which it is defined."""
    return [outcome.metrics[metric] for outcome in outcomes if metric in outcome.metrics]


def by_category(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each category of questions, categories sorted by name."""
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.question.category].append(outcome)
    return dict(sorted(groups.items()))
