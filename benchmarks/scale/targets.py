"""What remem's stores are to reach, where that was decided. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scale.figures import FILTERED

__all__ = [
    "ADVANTAGES",
    "EMBEDDED",
    "GROWTH",
    "NAMESPACES",
    "POSTGRES",
    "Target",
    "Targets",
    "targets_at",
]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound.

    Attributes:
        bound: The last value that is good enough.
        at_least: Whether smaller values miss it; otherwise larger ones do.
    """

    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Whether a value is good enough."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


Targets = Mapping[str, Target]
"""Figure -> target."""


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
