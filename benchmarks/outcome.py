"""What a run of a benchmark yields, question by question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from benchmarks.datasets.base import Question
from benchmarks.intervals import Interval
from memory.recall.ranking import Recollection

__all__ = [
    "Outcome",
    "Run",
    "SystemFigures",
    "by_category",
    "metric_values",
    "without_rankings",
]


@dataclass(frozen=True, slots=True)
class Run:
    """When, where and on what.

    Attributes:
        dataset: Name of the data set.
        digest: SHA-256 of its files, in hex.
        machine: ``benchmarks.machine.describe()``, which names the commit too.
        problems: One sentence for each thing of the data set that was left out.
        command: The command line that measures the same again.
    """

    started_at: datetime
    dataset: str
    digest: str
    machine: str
    problems: Sequence[str] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question put to one system.

    Attributes:
        ranking: What was recalled, best first, with the parts of the scores.
        gold: Rank (from 1) of each gold record that was recalled, None for one that was not.
        metrics: "turn R@10" -> value in [0, 1]; a metric that is not defined for the question
            (no gold of that kind) is left out.
        milliseconds: How long the search took.
    """

    namespace: str
    question: Question
    ranking: Sequence[Recollection]
    gold: Mapping[str, int | None]
    metrics: Mapping[str, float]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """Figures and curves of a system as a whole, beside those of single questions.

    Attributes:
        figures: "records/s", "p50 ms", "empty for small talk" -> value.
        curves: "evidence against the floor" -> place -> value there.
    """

    system: str
    figures: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Mapping[float, Interval]] = field(default_factory=dict)


def metric_values(outcomes: Iterable[Outcome], metric: str) -> list[float]:
    """A metric of each question for which it is defined."""
    return [outcome.metrics[metric] for outcome in outcomes if metric in outcome.metrics]


def by_category(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each category of questions, categories sorted by name."""
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.question.category].append(outcome)
    return dict(sorted(groups.items()))


def without_rankings(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes with their metrics only: rankings of several data sets would fill memory."""
    return [replace(outcome, ranking=()) for outcome in outcomes]
