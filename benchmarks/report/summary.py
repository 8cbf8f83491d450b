"""Section of a report on one data set: the systems, their means with intervals, their speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remem.benchmarks.intervals import Interval, PairedTest, mean_interval, paired_values
from remem.benchmarks.metrics import (
    Outcome,
    Run,
    SystemFigures,
    cutoffs,
    group_of,
    headline_metrics,
    primary_metric,
)
from remem.benchmarks.runs import StoredRun
from remem.recall.prompt import format_date
from remem.recall.recollection import Recollection
from remem.store import Record

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
        standings: Of all systems, the best first.
        primary: The metric by which they are ranked; None where the data has no gold.
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
    nowhere = Interval(0, 0, 0, 0)
    standings.sort(key=lambda each: -each.means.get(primary or "", nowhere).mean)
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
        against_next=paired_values(decisive.get(next_best or "", {}), decisive.get(ours, {})),
    )


def _means(values: Mapping[str, Values], system: str) -> dict[str, Interval]:
    found = ((name, mean_interval([*of.get(system, {}).values()])) for name, of in values.items())
    return {name: interval for name, interval in found if interval}


def _by_group(values: Values, groups: Mapping[str, str]) -> dict[str, dict[str, Interval]]:
    """The means of each group of questions, the groups in the order of their names."""
    found: dict[str, dict[str, Interval]] = {}
    for group in sorted({*groups.values()}):
        for system, each in values.items():
            of_group = [value for id, value in each.items() if groups.get(id) == group]
            if interval := mean_interval(of_group):
                found.setdefault(group, {})[system] = interval
    return found


# What the browser of misses shows: a plain structure for JSON. Pure.

DEPTH = 10
"""Gold beyond this rank is a miss; of what came instead, as many are shown."""

_MOST_GOLD = 20
_MOST_CHARACTERS = 500

Json = dict[str, Any]


def browsable(
    outcomes: Iterable[Outcome],
    records: Mapping[tuple[str, str], Record],
    first_ranks: Mapping[str, Mapping[str, int | None]],
) -> Json:
    """One data set for the browser; the longest texts are cut, each record is in it once.

    Args:
        first_ranks: System -> question -> rank of its first gold record, None if there is none.
    """
    shelf = _Shelf(records)
    questions = [_question(outcome, shelf, first_ranks) for outcome in outcomes]
    found = {"parts": list(shelf.parts), "questions": questions, "records": shelf.shown}
    return {"systems": list(first_ranks), **found}


def without_texts(browsable: Json) -> Json:
    """The same without anything that somebody wrote: ids, ranks and scores stay."""
    words = {"questions": {"text", "answer", "asked"}, "records": {"text", "speaker", "date"}}
    kept = {
        kind: [{name: each[name] for name in each if name not in of} for each in browsable[kind]]
        for kind, of in words.items()
    }
    return {**browsable, **kept}


class _Shelf:
    """Records and parts of scores by number, so that each is written once."""

    def __init__(self, records: Mapping[tuple[str, str], Record]) -> None:
        self._records = records
        self._places: dict[tuple[str, str], int] = {}
        self.shown: list[Json] = []
        self.parts: dict[str, int] = {}

    def place(self, namespace: str, key: str) -> int | None:
        """The number of a record; None for a key that is not a record's, but a session's, say."""
        record = self._records.get((namespace, key))
        if record is None:
            return None
        if (namespace, key) not in self._places:
            self._places[namespace, key] = len(self.shown)
            shown = _present(
                key=record.key,
                source=record.source,
                speaker=record.speaker or record.role,
                date=_day(record.said_at),
                text=_cut(record.text),
            )
            self.shown.append(shown)
        return self._places[namespace, key]

    def scores(self, parts: Mapping[str, float]) -> list[float]:
        """The parts of a score, each at its place."""
        for part in parts:
            self.parts.setdefault(part, len(self.parts))
        return [round(parts.get(part, 0.0), 3) for part in self.parts]


def _question(
    outcome: Outcome, shelf: _Shelf, first_ranks: Mapping[str, Mapping[str, int | None]]
) -> Json:
    question = outcome.question
    gold = sorted(outcome.gold.items(), key=lambda item: (item[1] is None, item[1] or 0, item[0]))
    return _present(
        id=question.id,
        category=question.category,
        text=_cut(question.text),
        asked=_day(question.asked_at),
        answer=_cut(question.answer) if question.answer else None,
        gold=[
            _present(key=key, rank=rank, record=shelf.place(outcome.namespace, key))
            for key, rank in gold[:_MOST_GOLD]
        ],
        # What the list is filtered and sorted by, the gold that is not listed included.
        found=sum(rank is not None and rank <= DEPTH for _, rank in gold),
        of=len(gold),
        worst=gold[-1][1] if gold else None,
        top=[_recalled(one, outcome.namespace, shelf) for one in outcome.ranking[:DEPTH]],
        first=[ranks.get(question.id) for ranks in first_ranks.values()],
    )


def _recalled(recollection: Recollection, namespace: str, shelf: _Shelf) -> Json:
    return _present(
        record=shelf.place(namespace, recollection.record.key),
        score=round(recollection.score, 3),
        relevance=round(recollection.relevance, 3) or None,
        parts=shelf.scores(recollection.parts),
    )


def _present(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else format_date(moment)


def _cut(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} […{len(text) - _MOST_CHARACTERS:,} more characters]"
