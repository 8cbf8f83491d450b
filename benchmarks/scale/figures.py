"""Figures that are measured of a system at a size, and their growth with the size. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.systems.engine import SHARES
from remem.benchmarks.tables import Target, Targets

Figures = dict[str, float]

_WARM_UP = 3


Ranks = NDArray[np.int64]


def ranks(records: int, more: int) -> Ranks:
    """A number for each record; its remainders are the values of the fields.

    The first ``records`` are shuffled, so that a value is shared by records that have nothing else
    in common, and by exactly as many as ``SHARES`` says. Those of the ``more`` follow.
    """
    shuffled = np.random.default_rng(5).permutation(records)
    return np.concatenate([shuffled, np.arange(records, records + more)])


FILTERED = {name: f"filter keeps {100 / one_of:g} %" for name, one_of in SHARES.items()}
"""Metadata field -> what a search with it is called."""

FIGURES = (
    "ingest, records/s",
    "filled and closed after, s",
    *("dense p50, ms", "dense p95, ms", "dense recall@10"),
    *(f"{name} {figure}" for name in FILTERED.values() for figure in ("p50, ms", "recall@10")),
    *("hybrid p50, ms", "hybrid p95, ms"),
    "add one and find it p50, ms",
    "delete 1 %, s",
    *("forget one p50, s", "search after it p50, ms"),
    "open and answer, s",
    *("peak memory, ingest, MB", "peak memory, search, MB"),
    "bytes on disk a record",
)
"""The figures in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One system at one size.

    Attributes:
        figures: What could be measured, by the names in ``FIGURES``.
        notes: Name of a figure -> why there is none, or what to know about it.
    """

    system: str
    records: int
    figures: Figures
    notes: Mapping[str, str] = field(default_factory=dict)


def recall_at_k(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """Mean share of the exact answers that were found; questions without an answer do not count.

    Args:
        found: What a system returned for each question, best first.
        exact: The right answers: as many as were asked for, or all that there are.
    """
    shares = [
        len(set(ours[: len(right)]) & set(right)) / len(right)
        for ours, right in zip(found, exact, strict=True)
        if right
    ]
    return fmean(shares) if shares else 1.0


def advantages(measured: Sequence[Measured]) -> dict[str, Figures]:
    """By what factor the first is faster than each of the others at the same size."""
    first, *others = measured
    return {
        other.system: {
            name: first.figures[name] / value if "/s" in name else value / first.figures[name]
            for name, value in other.figures.items()
            if name in first.figures and name.endswith(("records/s", "p50, ms"))
        }
        for other in others
    }


def latency_figures(name: str, seconds: Sequence[float]) -> Figures:
    """Median and 95th percentile in milliseconds; the first few, if there are more, warm up."""
    counted = seconds[_WARM_UP:] or seconds[-1:]
    p50, p95 = np.percentile(counted, [50, 95])
    return {f"{name} p50, ms": 1000 * float(p50), f"{name} p95, ms": 1000 * float(p95)}


def growth(measured: Iterable[Measured]) -> dict[tuple[int, int], dict[str, Figures]]:
    """By what each figure of a system is multiplied from one size to the next.

    Returns:
        (smaller size, larger size) -> system -> factor of each figure that both have; recall,
        which does not grow, is left out.
    """
    by_system: dict[str, list[Measured]] = {}
    for one in measured:
        by_system.setdefault(one.system, []).append(one)
    factors: dict[tuple[int, int], dict[str, Figures]] = {}
    for system, sizes in by_system.items():
        sizes.sort(key=lambda one: one.records)
        for small, large in pairwise(sizes):
            factors.setdefault((small.records, large.records), {})[system] = {
                name: large.figures[name] / small.figures[name]
                for name in FIGURES
                if "recall" not in name and small.figures.get(name) and name in large.figures
            }
    return factors


# What remem's stores are to reach, where that was decided. Pure.


def targets_at(records: int, views: int, url: str | None) -> Targets:
    """The targets at a size.

    Args:
        url: Of the server's store; None: the embedded one.
    """
    kind = EMBEDDED if url is None else POSTGRES if url.startswith("postgres") else {}
    return kind.get((records, views), {})


def _filtered(figure: str, target: Target) -> dict[str, Target]:
    return {f"{name} {figure}": target for name in FILTERED.values()}


_RECALL = {
    "dense recall@10": Target(0.99, at_least=True),
    **_filtered("recall@10", Target(0.99, at_least=True)),
}


EMBEDDED: Mapping[tuple[int, int], Targets] = {
    (100_000, 2): {
        "ingest, records/s": Target(20_000, at_least=True),
        "dense p50, ms": Target(1.5),
        "hybrid p50, ms": Target(3),
        **_filtered("p50, ms", Target(5)),
        **_RECALL,
    },
    (1_000_000, 1): {
        "dense p50, ms": Target(3),
        "hybrid p50, ms": Target(8),
        **_filtered("p50, ms", Target(10)),
        "add one and find it p50, ms": Target(10),
        "delete 1 %, s": Target(10),
        "open and answer, s": Target(2),
        "peak memory, ingest, MB": Target(1500),
        "peak memory, search, MB": Target(1500),
        **_RECALL,
    },
}

POSTGRES: Mapping[tuple[int, int], Targets] = {
    (100_000, 2): {
        "hybrid p50, ms": Target(25),
        "dense recall@10": Target(0.98, at_least=True),
        **_filtered("recall@10", Target(0.98, at_least=True)),
    },
}
"""(records, views) -> targets; of ``POSTGRES`` too."""

ADVANTAGES: Mapping[str, Targets] = {
    "chroma": {
        "ingest, records/s": Target(3, at_least=True),
        **_filtered("p50, ms", Target(10, at_least=True)),
    },
    "lancedb": {"hybrid p50, ms": Target(1, at_least=True)},
    "txtai": {
        "ingest, records/s": Target(3, at_least=True),
        "hybrid p50, ms": Target(1, at_least=True),
    },
    "qdrant": {"ingest, records/s": Target(3, at_least=True)},
}
"""Peer -> by what factor remem, with one view of 100,000 records, is to be better."""

GROWTH: Mapping[tuple[int, int], Targets] = {
    (100_000, 1_000_000): {"dense p50, ms": Target(3), "hybrid p50, ms": Target(4)}
}
"""(records, more records) -> by what factor a figure may grow."""

NAMESPACES: Mapping[tuple[int, int], Targets] = {
    (10_000, 100): {
        "first search in a namespace p50, ms": Target(10),
        "indexes in memory, MB": Target((1 << 30) / 1e6),
    }
}
"""(namespaces, records of each) -> targets."""
