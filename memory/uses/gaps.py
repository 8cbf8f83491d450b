"""Gaps of a memory: what was asked in vain, of whom and of what there is little or much, and what
was stated long ago and never again. Pure.

Recall is worse for who says little and for what stands in one place only (``remem bench trust``
has the figures), so that a user may want to know where that is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from remem.recall.order.truth import by_state
from remem.store import Record
from remem.unanswered import Asked

_STALE = timedelta(days=365)

_LITTLE, _MUCH = 0.25, 2.0
"""Times an equal share that are little, and much."""

_MOST = 50
"""Gaps of each kind that are named."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what is remembered.

    Attributes:
        name: Of a person, an origin or a source.
        records, share: How much of it there is, and of all that has such a name, in [0, 1].
        last: When the last of it was said.
        standing: "little" or "much", beside an equal share for each; else empty.
    """

    name: str
    records: int
    share: float
    last: datetime | None
    standing: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """The newest statement of a fact that may have changed since.

    Attributes:
        about: The state that it is about: "home", "school of daughter".
        days: How long ago it was made.
    """

    about: str
    record: Record
    days: int


@dataclass(frozen=True, slots=True)
class InVain:
    """A question that had no answer when it was asked, and has none now.

    Attributes:
        times: How often it was asked.
        last: When it was last asked.
    """

    question: str
    times: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of a memory.

    Attributes:
        people, origins, sources: The shares of each, the largest first.
        silent_months: Months between the first and the last of which nothing is remembered,
            ``"2024-03"``.
        stale: Facts that were stated long ago, the oldest first.
        in_vain: Questions without an answer, those first that were asked most.
    """

    people: Sequence[Share]
    origins: Sequence[Share]
    sources: Sequence[Share]
    silent_months: Sequence[str]
    stale: Sequence[Stale]
    in_vain: Sequence[InVain]


def shares(records: Iterable[Record], field: str) -> list[Share]:
    """Shares of each speaker, origin or source in what is remembered, the largest first."""
    counts: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for record in records:
        name = getattr(record, field)
        if name:
            counts[name] += 1
            if record.said_at:
                last[name] = max(last.get(name, record.said_at), record.said_at)
    total = counts.total()
    return [
        Share(name, count, count / total, last.get(name), _standing(count * len(counts) / total))
        for name, count in counts.most_common(_MOST)
    ]


def _standing(times_equal: float) -> str:
    return "little" if times_equal <= _LITTLE else "much" if times_equal >= _MUCH else ""


def silent_months(records: Iterable[Record]) -> list[str]:
    """The months between the first and the last record of which there is none."""
    months = {
        record.said_at.year * 12 + record.said_at.month - 1 for record in records if record.said_at
    }
    if not months:
        return []
    missing = sorted({*range(min(months), max(months))} - months)
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in missing]


def stale(records: Iterable[Record], now: datetime) -> list[Stale]:
    """Facts that people stated about themselves more than a year ago, and never since."""
    newest = [stated[-1] for stated in by_state(records).values()]
    found = [
        Stale(one.claim.about, one.record, (now - one.moment).days)
        for one in newest
        if now - one.moment > _STALE
    ]
    return sorted(found, key=lambda one: (-one.days, one.about))[:_MOST]


def in_vain(asked: Iterable[Asked]) -> list[InVain]:
    """The questions, each once, those first that were asked most."""
    alike: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        alike[" ".join(one.question.casefold().split())].append(one)
    found = [
        InVain(last.question, len(same), last.at)
        for same in alike.values()
        for last in [max(same, key=lambda one: one.at)]
    ]
    return sorted(found, key=lambda one: (-one.times, one.question))[:_MOST]
