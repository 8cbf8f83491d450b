"""What is kept of a run for the tables, as it grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.outcome import Outcome, SystemFigures

__all__ = ["HaystackResult", "Tally"]

_INSTANT = 200_000  # records/s of a system that indexes nothing, which is no speed at all


@dataclass(frozen=True, slots=True)
class HaystackResult:
    """What a system recalled from one haystack.

    Attributes:
        outcomes: One a question, in the order of the questions.
        tokens: Budget -> length of each context that was built for it.
    """

    outcomes: tuple[Outcome, ...]
    tokens: Mapping[int, tuple[int, ...]]


@dataclass(slots=True)
class Tally:
    """What was measured of one system so far, without the rankings, which would fill the memory."""

    system: str
    outcomes: list[Outcome] = field(default_factory=list)
    records: int = 0
    seconds: float = 0.0
    tokens: dict[int, list[int]] = field(default_factory=dict)

    def add(self, result: HaystackResult, records: int, indexing: float) -> None:
        """Add a haystack of so many records that took so many seconds to index."""
        self.outcomes += [replace(outcome, ranking=()) for outcome in result.outcomes]
        self.records += records
        self.seconds += indexing
        for budget, tokens in result.tokens.items():
            self.tokens.setdefault(budget, []).extend(tokens)

    def figures(self) -> SystemFigures:
        """Speed, and length of the prompts; times are what the system took beside the encoder."""
        figures: dict[str, float] = {}
        if self.seconds and self.records / self.seconds < _INSTANT:
            figures["records/s without encoding"] = self.records / self.seconds
        if self.outcomes:
            times = [outcome.milliseconds for outcome in self.outcomes]
            p50, p95 = np.percentile(times, [50, 95])
            figures["p50 ms without encoding"] = float(p50)
            figures["p95 ms without encoding"] = float(p95)
        for budget, tokens in self.tokens.items():
            if tokens:
                figures[f"tokens@{budget}"] = float(np.mean(tokens))
        return SystemFigures(self.system, figures)
