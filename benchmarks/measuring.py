"""Put the questions of a haystack to a system, and keep what the tables need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.datasets.base import Haystack, Question
from benchmarks.encoding import RememberingEncoder
from benchmarks.metrics import (
    BUDGETS,
    evidence_in_prompt,
    gold_ranks,
    gold_units,
    ranking_metrics,
    sources_of,
)
from benchmarks.outcome import Outcome, SystemFigures
from benchmarks.systems.base import Searcher, System
from benchmarks.timing import timed
from memory.recall.ranking import Recollection

__all__ = ["Answers", "Tally", "ask_all", "enter_index"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a system had to say about one haystack.

    Attributes:
        outcomes: One a question, in the order of the questions.
        tokens: Budget -> length of each context that was built for it.
    """

    outcomes: tuple[Outcome, ...]
    tokens: Mapping[int, tuple[int, ...]]


@dataclass(slots=True)
class Tally:
    """What was measured of one system so far, without the rankings, which fill the memory."""

    system: str
    outcomes: list[Outcome] = field(default_factory=list)
    records: int = 0
    seconds: float = 0.0
    tokens: dict[int, list[int]] = field(default_factory=dict)

    def add(self, answers: Answers, records: int, indexing: float) -> None:
        """Add a haystack of so many records that took so many seconds to index."""
        self.outcomes += [replace(outcome, ranking=()) for outcome in answers.outcomes]
        self.records += records
        self.seconds += indexing
        for budget, tokens in answers.tokens.items():
            self.tokens.setdefault(budget, []).extend(tokens)

    def figures(self) -> SystemFigures:
        """Speed and length of the prompts; time is what the system took beside the encoder."""
        figures: dict[str, float] = {"records/s without encoding": self.records / self.seconds}
        if self.outcomes:
            times = [outcome.milliseconds for outcome in self.outcomes]
            p50, p95 = np.percentile(times, [50, 95])
            figures["p50 ms without encoding"] = float(p50)
            figures["p95 ms without encoding"] = float(p95)
        for budget, tokens in self.tokens.items():
            figures[f"tokens@{budget}"] = float(np.mean(tokens))
        return SystemFigures(self.system, figures)


def enter_index(
    stack: ExitStack, system: System, haystack: Haystack, encoder: RememberingEncoder, folder: Path
) -> tuple[Searcher, float]:
    """Index a haystack until ``stack`` closes.

    Returns:
        What searches it, and the seconds that indexing took beside the encoder.
    """
    return _beside(
        encoder, lambda: stack.enter_context(system.index(haystack, encoder, folder))
    )


def ask_all(
    searcher: Searcher,
    haystack: Haystack,
    encoder: RememberingEncoder,
    k: int,
    on_question: Callable[[], object],
) -> Answers:
    """Put all questions of a haystack: one search for k records, and a context of each budget.

    Args:
        on_question: Called after each, so that a progress bar can be drawn.
    """
    rankings: dict[str, Sequence[Recollection]] = {}
    milliseconds: dict[str, float] = {}
    evidence: dict[str, dict[str, float]] = {}
    tokens: dict[int, list[int]] = {budget: [] for budget in BUDGETS}
    texts = {record.key: record.text for record in haystack.records}
    for question in haystack.questions:
        ranking, spent = _beside(encoder, lambda: searcher.search(question, k))  # noqa: B023
        rankings[question.id] = ranking
        milliseconds[question.id] = 1000 * spent
        evidence[question.id] = {}
        for budget in BUDGETS:
            context = searcher.context(question, budget)
            tokens[budget].append(context.tokens)
            share = evidence_in_prompt(question, context, texts)
            if share is not None:
                evidence[question.id][f"evidence@{budget}"] = share
        on_question()
    metrics = _metrics(haystack, rankings)
    outcomes = (
        Outcome(
            namespace=haystack.namespace,
            question=question,
            ranking=rankings[question.id],
            gold=gold_ranks(question, rankings[question.id]),
            metrics=metrics[question.id] | evidence[question.id],
            milliseconds=milliseconds[question.id],
        )
        for question in haystack.questions
    )
    return Answers(tuple(outcomes), {budget: tuple(found) for budget, found in tokens.items()})


def _metrics(
    haystack: Haystack, rankings: Mapping[str, Sequence[Recollection]]
) -> dict[str, dict[str, float]]:
    """At the level of records and of sources, by question."""
    questions: Sequence[Question] = haystack.questions
    record_unit, source_unit = gold_units(haystack.records)
    of_records = ranking_metrics(
        record_unit,
        {question.id: question.evidence for question in questions},
        {id: [found.record.key for found in ranking] for id, ranking in rankings.items()},
    )
    of_sources = ranking_metrics(
        source_unit,
        {question.id: question.sources for question in questions},
        {id: sources_of(ranking) for id, ranking in rankings.items()},
    )
    return {
        question.id: of_records.get(question.id, {}) | of_sources.get(question.id, {})
        for question in questions
    }


def _beside(encoder: RememberingEncoder, call: Callable[[], T]) -> tuple[T, float]:
    """What a call returns, and the seconds it took less those spent in the encoder."""
    before = encoder.seconds
    result, spent = timed(call)
    return result, max(spent - (encoder.seconds - before), 0.0)
