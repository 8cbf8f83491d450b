"""What a ranking or a prompt is worth for one question. Pure.

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

from collections.abc import Mapping, Sequence

import ir_measures
from ir_measures import RR, Measure, R, Success, nDCG

from benchmarks.datasets.base import Haystack, Question, gold_of
from memory.recall.excerpts import excerpt, part_of
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection
from store import Record

__all__ = [
    "BUDGETS",
    "CUTOFFS",
    "DEPTH",
    "gold_ranks",
    "gold_shown",
    "prompt_metrics",
    "ranking_metrics",
]

DEPTH = 50
"""Records searched for; all metrics are cut from that list."""

CUTOFFS = (1, 3, 5, 10, 20, 50)
"""The k of the metrics."""

BUDGETS = (250, 500, 1000, 2000)
"""Tokens of the prompts in which evidence is looked for."""

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
        haystack: Its questions hold the gold.
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
        texts: See ``gold_shown``.
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
    """What to call a record and a source of a haystack."""
    read = all(record.kind == "passage" for record in records)
    return ("passage", "document") if read else ("turn", "session")


def _sources(ranking: Sequence[Recollection]) -> list[str]:
    """The sources of a ranking, each at the place of its first record."""
    return list(dict.fromkeys(found.record.source for found in ranking))
