"""Bootstrap confidence intervals of means over questions, and tests of their differences. Pure.

Questions are resampled with replacement (B. Efron, "Bootstrap Methods: Another Look at the
Jackknife", Annals of Statistics 7(1), 1979); the interval holds the middle of the resampled means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

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


# Whether two runs differ by more than chance, question by question.
#
# A paired randomisation test: were the two systems the same, each question's difference could as
# well have the other sign (M. Smucker, J. Allan and B. Carterette, "A Comparison of Statistical
# Significance Tests for Information Retrieval Evaluation", CIKM 2007).

LEVEL = 0.05
"""A difference that chance alone makes less often than this is called significant."""

_RESAMPLES = 9_999
_AT_ONCE = 1_000  # resamples in memory at the same time


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two means over the same questions, and their difference.

    Attributes:
        difference: After - before, with its 95 % bootstrap interval.
        p_value: How often chance alone makes a difference of this size, in either direction.
    """

    before: float
    after: float
    difference: Interval
    p_value: float

    @property
    def significant(self) -> bool:
        """True if chance alone would rarely make such a difference: p-value below ``LEVEL``."""
        return self.p_value < LEVEL

    @property
    def star(self) -> str:
        """The mark of a significant difference in a table."""
        return " *" if self.significant else ""


def paired_test(before: Sequence[float], after: Sequence[float]) -> PairedTest | None:
    """Compare the values of the same questions; None of no questions.

    The same values give the same result. Up to 13 questions that differ are tested exactly.

    Raises:
        ValueError: the two have different lengths.
    """
    differences = np.subtract(*map(np.asarray, (after, before)), dtype=np.float64)
    interval = mean_interval(differences.tolist())
    if interval is None:
        return None
    return PairedTest(
        float(np.mean(before)), float(np.mean(after)), interval, _p_value(differences)
    )


def paired_values(before: Mapping[str, float], after: Mapping[str, float]) -> PairedTest | None:
    """Compare two values of each question that has both; None if there is none."""
    shared = [id for id in before if id in after]
    return paired_test([before[id] for id in shared], [after[id] for id in shared])


def _p_value(differences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    # A question that did not change is the same with either sign, and one alone is as far from
    # nothing with either.
    changed = differences[differences != 0]
    if len(changed) < 2:
        return 1.0
    result = permutation_test(
        (changed,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=_AT_ONCE,
        rng=0,
    )
    return float(result.pvalue)
