"""Whether two runs differ by more than chance, question by question. Pure.

A paired randomisation test: were the two systems the same, each question's difference could as well
have the other sign (M. Smucker, J. Allan and B. Carterette, "A Comparison of Statistical
Significance Tests for Information Retrieval Evaluation", CIKM 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

from benchmarks.intervals import Interval, mean_interval

__all__ = ["LEVEL", "PairedTest", "paired_test"]

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
        """Whether the difference is more than chance explains, at ``LEVEL``."""
        return self.p_value < LEVEL


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
