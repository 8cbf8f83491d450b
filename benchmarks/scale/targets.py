"""What remem's stores are to reach, where that was decided. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scale.figures import FILTERED

__all__ = ["EMBEDDED", "POSTGRES", "Target", "target_of"]


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


def target_of(figure: str, records: int, views: int, url: str | None) -> Target | None:
    """The target of a figure at a size, if there is one.

    Args:
        url: Of the server's store; None: the embedded one.
    """
    targets = EMBEDDED if url is None else POSTGRES if url.startswith("postgres") else {}
    return targets.get((records, views), {}).get(figure)


def _filtered(figure: str, target: Target) -> dict[str, Target]:
    return {f"{name} {figure}": target for name in FILTERED.values()}


_RECALL = {
    "dense recall@10": Target(0.99, at_least=True),
    **_filtered("recall@10", Target(0.99, at_least=True)),
}

Targets = Mapping[tuple[int, int], Mapping[str, Target]]
"""(records, views) -> figure -> target."""

EMBEDDED: Targets = {
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

POSTGRES: Targets = {
    (100_000, 2): {
        "hybrid p50, ms": Target(25),
        "dense recall@10": Target(0.98, at_least=True),
        **_filtered("recall@10", Target(0.98, at_least=True)),
    },
}
