"""Which rows of a partition fulfil a condition, kept for the next search that asks.

What filters see of a record never changes while it has its id, and an id is never used twice
(``store.embedded.schema``): so a row that fulfils a condition always will, and after a write only
the rows that are new have to be asked about.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import Mask
from store.filters import Filter, In

__all__ = ["Matches"]

_CONDITIONS = 64
"""Conditions that are kept, least recently used first to go: 8 MB of a million rows."""

_MOST_VALUES = 100
"""A list of more values than that is hardly asked for twice."""

Ask: TypeAlias = Callable[[int], Mask]
"""Which rows from a given one on fulfil the condition."""


class Matches:
    """Thread-safe, as long as no row is added meanwhile."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Filter, tuple[int, NDArray[np.uint8]]] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        with self._guard:
            return sum(bits.nbytes for _, bits in self._kept.values())

    def rows(self, condition: Filter, count: int, ask: Ask) -> Mask:
        """Which of ``count`` rows fulfil a condition; of rows that are dead this says nothing."""
        with self._guard:
            known, bits = self._kept.get(condition, (0, np.empty(0, np.uint8)))
        mask = np.unpackbits(bits, count=known).view(np.bool_)
        if known < count or not count:
            mask = np.concatenate([mask, ask(known)])
        self._keep(condition, mask)
        return mask

    def _keep(self, condition: Filter, mask: Mask) -> None:
        if isinstance(condition, In) and len(condition.values) > _MOST_VALUES:
            return
        with self._guard:
            known, _ = self._kept.get(condition, (-1, None))
            if known < len(mask):
                self._kept[condition] = len(mask), np.packbits(mask)
            self._kept.move_to_end(condition)
            while len(self._kept) > _CONDITIONS:
                self._kept.popitem(last=False)
