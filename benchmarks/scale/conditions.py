"""Filters that keep a known share of the records. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHARES", "Condition", "Ranks", "ranks"]

SHARES = {"tenth": 10, "hundredth": 100, "myriad": 10_000}
"""Metadata field -> of how many records one has a given value."""

Ranks = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Condition:
    """Keeps the records whose metadata field has a value."""

    field: str
    value: int


def ranks(records: int, more: int) -> Ranks:
    """A number for each record; its remainders are the values of the fields.

    The first ``records`` are shuffled, so that a value is shared by records that have nothing else
    in common, and by exactly as many as ``SHARES`` says. Those of the ``more`` follow.
    """
    shuffled = np.random.default_rng(5).permutation(records)
    return np.concatenate([shuffled, np.arange(records, records + more)])
