"""How common words are among the current records of a namespace, and how long these are.

The engine counts, which takes it longer than the search itself: a request for each word, or the
words of many records. What was counted is therefore kept until the next write.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from store import bm25
from store.milvus.engine import MOST_HITS, Engine
from store.milvus.expressions import all_of, contains
from store.milvus.schema import length, long, sparse, terms
from store.milvus.state import Moment

__all__ = ["Counted", "Counts", "Statistics"]

_FEW = 2048
"""So many records can be looked at whole: one request instead of one for each word."""

_PAGE = 500
_MOST_NAMESPACES = 256
_MOST_WORDS = 50_000  # of a namespace; then it begins anew

Counts = dict[tuple[int, int], int]  # number of a view and of a word -> records that hold it


class Counted:
    """What was counted in the namespaces that were asked last. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[tuple[str, int], Counts]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, moment: Moment) -> Counts:
        """To be read and added to: the counts of a namespace since its last write."""
        if moment.state.expiring:  # they change with time
            return {}
        version = moment.state.life, moment.state.version
        with self._lock:
            kept = self._kept.get(moment.namespace)
            if kept is None or kept[0] != version or len(kept[1]) > _MOST_WORDS:
                kept = self._kept[moment.namespace] = version, {}
            self._kept.move_to_end(moment.namespace)
            if len(self._kept) > _MOST_NAMESPACES:
                self._kept.popitem(last=False)
            return kept[1]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the records of a namespace that are current at a moment.

    Attributes:
        current: True of these.
        now: Microseconds since 1970.
        consistency: The level at which to search.
        counts: What is known already.
    """

    engine: Engine
    moment: Moment
    current: str
    now: int
    consistency: str
    counts: Counts

    def average_length(self, view: int) -> float:
        """Mean length of a view in tokens; 1 where there are no records."""
        records, tokens = self._totals(view)
        return tokens / records if records else 1.0

    def rarity(self, view: int, numbers: Collection[int]) -> dict[int, float]:
        """Inverse document frequency of words, by number."""
        if not self.moment.state.records:
            return dict.fromkeys(numbers, bm25.idf(0, 0))
        new = [number for number in numbers if (view, number) not in self.counts]
        if self.moment.state.current <= _FEW:
            found = self._seen(view, new) if new else {}
        else:
            found = {number: self._listed(view, number) for number in new}
        self.counts.update({(view, number): count for number, count in found.items()})
        records, _ = self._totals(view)
        return {number: bm25.idf(records, self.counts[view, number]) for number in numbers}

    def _totals(self, view: int) -> tuple[int, int]:
        """Records, and tokens in them: as the state says, without those that expired."""
        state = self.moment.state
        records, tokens = state.current, state.lengths[view] if state.lengths else 0
        if state.expiring:
            expired = all_of(
                [self.moment.visible, "superseded == false", f"expires_at <= {self.now}"]
            )
            name = self.moment.root.records_name
            for row in self.engine.select(name, expired, [length(view)]):
                records -= 1
                tokens -= row[length(view)]
        return records, tokens

    def _seen(self, view: int, numbers: Sequence[int]) -> dict[int, int]:
        """How many records hold each word, by fetching all that hold any."""
        field = sparse(view)
        found = self.engine.nearest(
            self.moment.root.records_name,
            field,
            dict.fromkeys(numbers, 1.0),
            self.current,
            MOST_HITS,
            [field],
            self.consistency,
        )
        holding = dict.fromkeys(numbers, 0)
        for _, _, row in found:
            for number in row[field].keys() & holding.keys():
                holding[number] += 1
        return holding

    def _listed(self, view: int, number: int) -> int:
        """How many records hold a word, by having them counted."""
        listed = all_of([self.current, contains(terms(view), [number])])
        count = self.engine.count(self.moment.root.records_name, listed)
        return count + (self._unlisted(view, number) if self.moment.state.long else 0)

    def _unlisted(self, view: int, number: int) -> int:
        """How many more records hold a word than can be counted: those with so many words that
        only their vectors tell."""
        name, field = self.moment.root.records_name, sparse(view)
        unlisted = f"not {contains(terms(view), [number])}"
        where = all_of([self.current, f"{long(view)} == true", unlisted])
        found = self.engine.nearest(
            name, field, {number: 1.0}, where, MOST_HITS, [], self.consistency
        )
        if len(found) < MOST_HITS:
            return len(found)
        return sum(number in row[field] for row in self.engine.select(name, where, [field], _PAGE))
