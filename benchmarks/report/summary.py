"""What a report says of one data set: the systems, their means with intervals, their speed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.headline import cutoffs, headline_metrics, primary_metric
from benchmarks.intervals import Interval, mean_interval
from benchmarks.outcome import Run, SystemFigures
from benchmarks.significance import PairedTest, paired_test
from benchmarks.stored_run import StoredRun
from benchmarks.traits import group_of

__all__ = ["OURS", "Groups", "Standing", "Summary", "figure", "summarise"]

OURS = "remem"
"""The system that a report is about."""

Values = Mapping[str, Mapping[str, float]]
"""System -> question -> value of one metric."""

Groups = Mapping[str, Mapping[str, Interval]]
"""Group of questions -> system -> mean of one metric."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One system: its metrics over all questions, and what is true of it as a whole."""

    system: str
    means: Mapping[str, Interval]
    figures: Mapping[str, float]
    curves: Mapping[str, Mapping[float, Interval]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """One data set.

    Attributes:
        ours: The system that the report is about.
        standings: Of all systems, the best first.
        primary: The metric by which they are ranked; None where the data has no gold.
        headline: The metrics of the table.
        recall: Cutoff -> metric, for recall against k.
        evidence: Tokens -> metric, for evidence against the prompt's budget.
        categories: Category -> system -> the primary metric.
        traits: Trait -> group of questions -> system -> the primary metric; the groups in order.
        against_next: ``ours`` compared with the best of the other systems.
    """

    run: Run
    finished: bool
    questions: int
    ours: str
    standings: Sequence[Standing]
    primary: str | None
    headline: Sequence[str]
    recall: Mapping[int, str]
    evidence: Mapping[int, str]
    categories: Groups = field(default_factory=dict)
    traits: Mapping[str, Groups] = field(default_factory=dict)
    against_next: PairedTest | None = None

    @property
    def next_best(self) -> Standing | None:
        """The best system that is not ours."""
        return next((each for each in self.standings if each.system != self.ours), None)

    def standing(self, system: str) -> Standing | None:
        """The system of that name."""
        return next((each for each in self.standings if each.system == system), None)


def figure(figures: Mapping[str, float], name: str) -> float | None:
    """A figure by its name, or by how its name begins: "p50 ms" finds "p50 ms with encoding"."""
    return next((value for key, value in figures.items() if key.startswith(name)), None)


def summarise(stored: StoredRun) -> Summary:
    """Read a run back and take its means."""
    metrics = stored.metrics()
    questions = stored.questions()
    systems = stored.systems()
    primary = primary_metric(metrics)
    recall = cutoffs(metrics, primary.partition("@")[0]) if primary else {}
    evidence = cutoffs(metrics, "evidence")
    headline = headline_metrics(metrics)
    shown = dict.fromkeys([*headline, *recall.values(), *evidence.values()])
    values = {metric: stored.values(metric) for metric in shown}
    known = {each.system: each for each in stored.figures()}
    nothing = SystemFigures("")
    standings = [
        Standing(system, _means(values, system), found.figures, found.curves)
        for system in systems
        for found in [known.get(system, nothing)]
    ]
    standings.sort(key=lambda standing: -_mean(standing, primary))
    ours = OURS if OURS in systems or not systems else systems[0]
    decisive = values[primary] if primary else {}
    next_best = next((each.system for each in standings if each.system != ours), None)
    return Summary(
        run=stored.run,
        finished=stored.finished_at is not None,
        questions=len(questions),
        ours=ours,
        standings=standings,
        primary=primary,
        headline=headline,
        recall=recall,
        evidence=evidence,
        categories=_by_group(decisive, {id: each.category for id, each in questions.items()}),
        traits={
            trait: _by_group(decisive, {id: group_of(trait, each) for id, each in of_each.items()})
            for trait, of_each in stored.traits().items()
        },
        against_next=_paired(decisive.get(ours, {}), decisive.get(next_best or "", {})),
    )


def _means(values: Mapping[str, Values], system: str) -> dict[str, Interval]:
    intervals = {
        metric: mean_interval(list(by_system.get(system, {}).values()))
        for metric, by_system in values.items()
    }
    return {metric: interval for metric, interval in intervals.items() if interval}


def _mean(standing: Standing, metric: str | None) -> float:
    interval = standing.means.get(metric) if metric else None
    return interval.mean if interval else 0.0


def _by_group(values: Values, groups: Mapping[str, str]) -> dict[str, dict[str, Interval]]:
    """The means of each group, the groups in the order of their names.

    Args:
        groups: Question -> the group that it belongs to.
    """
    found = {
        group: {
            system: interval
            for system, by_question in values.items()
            if (interval := mean_interval(_of(group, by_question, groups)))
        }
        for group in sorted({*groups.values()})
    }
    return {group: intervals for group, intervals in found.items() if intervals}


def _of(group: str, values: Mapping[str, float], groups: Mapping[str, str]) -> list[float]:
    return [value for id, value in values.items() if groups.get(id) == group]


def _paired(ours: Mapping[str, float], theirs: Mapping[str, float]) -> PairedTest | None:
    shared: Collection[str] = [id for id in ours if id in theirs]
    return paired_test([theirs[id] for id in shared], [ours[id] for id in shared])
