"""Metrics of a ranking or a prompt for one question. Pure.

Names of metrics are ``UNIT METRIC@K``, where the unit is what the gold labels name: "turn R@10",
"session all@5", "document nDCG@10".

* ``R@k``: share of the gold within the first k.
* ``any@k``, ``all@k``: 1 if any, or all, of the gold is within the first k, else 0.
* ``nDCG@10``: with linear gains, as trec_eval and BEIR compute it.
* ``MRR``: 1 / rank of the first that is gold; 0 if none was recalled.
* ``evidence@b``: share of the gold that a prompt of b tokens shows: whole or, of a long record, the
  excerpt that the question asks for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import ir_measures
from ir_measures import RR, Measure, R, Success, nDCG

from remem.benchmarks.datasets.base import Haystack, Question, gold_of
from remem.benchmarks.intervals import Interval
from remem.recall.prompt import Context
from remem.recall.reading.excerpts import excerpt, part_of
from remem.recall.recollection import Recollection
from remem.store import Record

DEPTH = 50
"""Records searched for; all metrics are cut from that list."""

CUTOFFS = (1, 3, 5, 10, 20, 50)
"""The k of the metrics."""

BUDGETS = (250, 500, 1000, 2000)
"""Tokens of the prompts in which evidence is looked for."""

BUDGET = 1000
"""The one of them that stands for all in summaries."""

EVIDENCE = f"evidence@{BUDGET}"

_NAMES: Mapping[Measure, str] = {
    **{R @ k: f"R@{k}" for k in CUTOFFS},
    **{Success @ k: f"any@{k}" for k in CUTOFFS},
    nDCG @ 10: "nDCG@10",
    RR: "MRR",
}


def ranking_metrics(
    haystack: Haystack, rankings: Mapping[str, Sequence[Recollection]]
) -> dict[str, dict[str, float]]:
    """All metrics of rankings, of records and of their sources.

    Args:
        rankings: Id of each question -> what was recalled, best first.

    Returns:
        Id of each question -> metric -> value. Without gold of a kind, no metric of that kind.
    """
    record_unit, source_unit = _units(haystack.records)
    questions = haystack.questions
    of_records = _of_unit(
        record_unit,
        {question.id: question.evidence for question in questions},
        {id: [found.record.key for found in ranking] for id, ranking in rankings.items()},
    )
    of_sources = _of_unit(
        source_unit,
        {question.id: question.sources for question in questions},
        {id: _sources(ranking) for id, ranking in rankings.items()},
    )
    return {
        question.id: of_records.get(question.id, {}) | of_sources.get(question.id, {})
        for question in questions
    }


def gold_ranks(question: Question, ranking: Sequence[Recollection]) -> dict[str, int | None]:
    """Rank (from 1) of each gold record, or of each gold source where no records are named."""
    if question.evidence:
        gold, ranked = question.evidence, [found.record.key for found in ranking]
    else:
        gold, ranked = question.sources, _sources(ranking)
    ranks = {item: rank for rank, item in enumerate(ranked, start=1)}
    return {item: ranks.get(item) for item in gold_of(gold)}


def prompt_metrics(
    question: Question, contexts: Mapping[int, Context], texts: Mapping[str, str]
) -> dict[str, float]:
    """Share of the gold that a model gets to see; nothing for a question without gold.

    Args:
        contexts: Budget -> the prompt's block of memories.
    """
    shown = {budget: gold_shown(question, each, texts) for budget, each in contexts.items()}
    return {
        f"evidence@{budget}": sum(one is not None for one in gold.values()) / len(gold)
        for budget, gold in shown.items()
        if gold
    }


def gold_shown(
    question: Question, context: Context, texts: Mapping[str, str]
) -> dict[str, float | None]:
    """Each piece of gold -> the relevance with which a prompt shows it; None if it does not.

    A record counts if it stands there whole, or with the excerpt that the question asks for. Where
    the gold names no records, any such record of a gold source counts for the source.

    Args:
        texts: Key -> text of each record of the haystack, to tell which were cut.
    """
    by_key = gold_of(question.evidence)
    shown: dict[str, float | None] = dict.fromkeys(by_key or gold_of(question.sources))

    def forms(key: str) -> tuple[str, ...]:
        text = texts.get(key)
        return () if text is None else (text, part_of(text, excerpt(text, question.text)))

    for found in context.recollections:
        item = found.record.key if by_key else found.record.source
        if item in shown and found.record.text in forms(found.record.key):
            shown[item] = max(found.relevance, shown[item] or 0.0)
    return shown


def _of_unit(
    unit: str,
    gold: Mapping[str, Mapping[str, int]],
    rankings: Mapping[str, Sequence[str]],
) -> dict[str, dict[str, float]]:
    qrels = {question: dict(graded) for question, graded in gold.items() if gold_of(graded)}
    if not qrels:
        return {}
    runs = {
        question: {item: -float(rank) for rank, item in enumerate(rankings[question])}
        for question in qrels
    }
    metrics: dict[str, dict[str, float]] = {
        question: {
            f"{unit} all@{k}": float(gold_of(graded) <= set(rankings[question][:k]))
            for k in CUTOFFS
        }
        for question, graded in qrels.items()
    }
    for found in ir_measures.iter_calc(list(_NAMES), qrels, runs):
        metrics[found.query_id][f"{unit} {_NAMES[found.measure]}"] = float(found.value)
    return metrics


def _units(records: Sequence[Record]) -> tuple[str, str]:
    """Names for a record and for a source of a haystack: "turn" and "session", for example."""
    read = all(record.kind == "passage" for record in records)
    return ("passage", "document") if read else ("turn", "session")


def _sources(ranking: Sequence[Recollection]) -> list[str]:
    """The sources of a ranking, each at the place of its first record."""
    return list(dict.fromkeys(found.record.source for found in ranking))


# Traits of a question by which recall is told apart: how much there is to find, and from whom.
#
# A memory may favour those who talk much (a bias of the data), and lose what was said once by
# somebody who hardly speaks (sparse knowledge). Pure.
GOLD = "pieces of gold"
SHARE = "share of the speaker"
"""Of all records, those of whoever said the evidence; of several the one who says least."""

_MANY = 4
_SHARES = (0.1, 0.25, 0.5)


def traits_of(haystack: Haystack) -> dict[str, dict[str, float]]:
    """The traits of each question by its id; without gold there are none, and no share where
    nobody is said to speak."""
    voices = {record.key: record.speaker or record.role for record in haystack.records}
    said = Counter(voices.values())
    traits: dict[str, dict[str, float]] = {}
    for question in haystack.questions:
        gold = gold_of(question.evidence) or gold_of(question.sources)
        if not gold:
            continue
        traits[question.id] = {GOLD: float(len(gold))}
        if speakers := {voices[key] for key in gold if voices.get(key)}:
            share = min(said[each] for each in speakers) / len(haystack.records)
            traits[question.id][SHARE] = share
    return traits


def group_of(trait: str, value: float) -> str:
    """The group that a question belongs to by a trait; groups are in order when sorted."""
    if trait == GOLD:
        return f"{value:.0f}" if value < _MANY else f"{_MANY} or more"
    ends = [0.0, *_SHARES, 1.0]
    low = max(end for end in ends[:-1] if end <= value)
    return f"{_written(low)} to {_written(ends[ends.index(low) + 1])}"


def _written(share: float) -> str:
    """As the field writes shares."""
    return f"{share:.2f}".removeprefix("0") if share < 1 else "1"


# What a run of a benchmark yields, question by question.
@dataclass(frozen=True, slots=True)
class Run:
    """Time, data set and machine of a run.

    Attributes:
        digest: SHA-256 of the data set's files, in hex.
        machine: ``remem.benchmarks.machine.describe()``, which names the commit too.
        problems: One sentence for each thing of the data set that was left out.
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
    return list(values_by_question(outcomes, metric).values())


def values_by_question(outcomes: Iterable[Outcome], metric: str) -> dict[str, float]:
    """A metric by the id of each question for which it is defined."""
    return {
        outcome.question.id: outcome.metrics[metric]
        for outcome in outcomes
        if metric in outcome.metrics
    }


def known_metrics(outcomes: Iterable[Outcome]) -> set[str]:
    """Names of the metrics that some question has."""
    return {name for outcome in outcomes for name in outcome.metrics}


def by_category(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each category of questions, categories sorted by name."""
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.question.category].append(outcome)
    return dict(sorted(groups.items()))


def without_rankings(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes with their metrics only: rankings of several data sets would fill memory."""
    return [replace(outcome, ranking=()) for outcome in outcomes]


# Which of the many metrics of a run stand in front: in tables, plots and comparisons. Pure.

HYGIENE = (
    "stale above fresh",
    "stale above fresh, same wording",
    "echo above fact",
    "echo above fact after 5",
    "as-of right",
    "newest first",
    "as-of first",
    "fact first",
    "named day first",
    "first or last right",
    "all times in 1,000 tokens",
    "answer in 1,000 tokens",
    "empty or marked for wrong person",
    "empty or marked for unanswerable",
    "empty or marked for stray word",
    "marked although answered",
    "empty for wrong person",
    "empty for unanswerable",
    "empty for stray word",
    "empty for small talk",
    "empty for code",
    "empty for log",
    "junk in 1,000 tokens",
)
"""Metrics of questions about an invented life; see ``remem.benchmarks.hygiene``."""

HEADLINE = (
    *("turn R@5", "turn R@10", "turn any@10"),
    *("session any@5", "session all@5", "session all@10"),
    *("passage R@10", "document R@10", "document nDCG@10"),
    EVIDENCE,
    *HYGIENE,
)
"""Metrics that a summary shows, where the data has them."""

_PRIMARY = ("turn R@10", "passage R@10", "session R@10", "document R@10")


def headline_metrics(metrics: Collection[str]) -> list[str]:
    """Those of the metrics that a summary shows, in its order."""
    return [metric for metric in HEADLINE if metric in metrics]


def primary_metric(metrics: Collection[str]) -> str | None:
    """The one metric by which systems are ranked: recall@10 of the smallest unit that has gold.

    None when the data has no gold at all.
    """
    return next((metric for metric in _PRIMARY if metric in metrics), None)


def cutoffs(metrics: Collection[str], name: str) -> dict[int, str]:
    """The metrics ``NAME@1``, ``NAME@5``, ... that there are, by their cutoff, lowest first."""
    found = {
        int(cutoff): metric
        for metric in metrics
        for stem, _, cutoff in [metric.rpartition("@")]
        if stem == name
    }
    return dict(sorted(found.items()))
