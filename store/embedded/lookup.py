"""Which row holds a record: two sorted runs of ids, so that one write does not sort a million."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from store.embedded.arrays import Ids, Mask, Rows

__all__ = ["Lookup"]

_TAIL = 8192
"""Rows that are sorted anew after a write; with more, all are."""


@dataclass(frozen=True, slots=True)
class _Run:
    """The ids of rows first to last that were live when it was made, ascending, and their rows."""

    first: int
    last: int
    ids: Ids
    rows: Rows

    @classmethod
    def of(cls, ids: Ids, live: Mask, first: int) -> _Run:
        """The run of all rows from ``first`` on."""
        rows = first + np.flatnonzero(live[first:])
        order = np.argsort(ids[rows], kind="stable")
        return cls(first, len(ids), ids[rows][order], rows[order])


class Lookup:
    """Rows by id, of ids that are only appended to and rows that only die.

    Several threads may ask at the same time.
    """

    def __init__(self) -> None:
        empty = _Run.of(np.empty(0, np.int64), np.empty(0, np.bool_), 0)
        self._runs = (empty, empty)

    def rows(self, wanted: Ids, ids: Ids, live: Mask) -> Rows:
        """The live rows of those wanted ids that have one, in the order of ``wanted``.

        Args:
            ids: The id of each row, shape (n,); what was given before, and perhaps more.
            live: Which rows are alive, shape (n,); one at most of each id.
        """
        found = np.full(len(wanted), -1, np.int64)
        for run in self._current(ids, live):
            if len(run.ids):
                places = np.minimum(np.searchsorted(run.ids, wanted), len(run.ids) - 1)
                rows = run.rows[places]
                right = (run.ids[places] == wanted) & live[rows]
                found[right] = rows[right]
        result: Rows = found[found >= 0]
        return result

    def _current(self, ids: Ids, live: Mask) -> tuple[_Run, _Run]:
        base, tail = self._runs
        if tail.last < len(ids):
            if len(ids) - base.last > _TAIL:
                base = _Run.of(ids, live, 0)
            tail = _Run.of(ids, live, base.last)
            self._runs = base, tail
        return base, tail
