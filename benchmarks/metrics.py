"""What a ranking or a prompt is worth for one question. Pure.

Names of metrics are ``UNIT METRIC@K``, where the unit is what the gold labels name: "turn R@10",
"session all@5", "document nDCG@10".

* ``R@k``: share of the gold within the first k.
* ``any@k``, ``all@k``: 1 if any, or all, of the gold is within the first k, else 0.
* ``nDCG@10``: with linear gains, as trec_eval and BEIR compute it.
* ``MRR``: 1 / rank of the first that is gold; 0 if none was recalled.
* ``evidence@b``: share of the gold that stands whole in a prompt of b tokens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import ir_measures
from ir_measures import RR, Measure, R, Success, nDCG

from benchmarks.datasets.base import Question
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection
from store import Record

__all__ = [
    "BUDGETS",
    "CUTOFFS",
    "evidence_in_prompt",
    "gold_ranks",
    "gold_units",
    "ranking_metrics",
    "sources_of",
]

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


def gold_units(records: Sequence[Record]) -> tuple[str, str]:
    """What to call a record and a source of a haystack: turn and session, passage and document."""
    read = bool(records) and all(record.kind == "passage" for record in records)
    return ("passage", "document") if read else ("turn", "session")


def ranking_metrics(
    unit: str,
    gold: Mapping[str, Mapping[str, int]],
    rankings: Mapping[str, Sequence[str]],
) -> dict[str, dict[str, float]]:
    """All metrics of many rankings.

    Args:
        unit: What is ranked, for the metrics' names.
        gold: Question -> what answers it -> its grade. A question without gold has no metrics.
        rankings: Question -> what was recalled, best first, without repetitions.

    Returns:
        Question -> metric -> value in [0, 1].
    """
    qrels = {question: dict(graded) for question, graded in gold.items() if any(graded.values())}
    runs = {
        question: {item: -float(rank) for rank, item in enumerate(rankings.get(question, ()))}
        for question in qrels
    }
    metrics: dict[str, dict[str, float]] = {
        question: {
            f"{unit} all@{k}": float(_relevant(graded) <= set(rankings.get(question, ())[:k]))
            for k in CUTOFFS
        }
        for question, graded in qrels.items()
    }
    if qrels:
        for found in ir_measures.iter_calc(list(_NAMES), qrels, runs):
            metrics[found.query_id][f"{unit} {_NAMES[found.measure]}"] = float(found.value)
    return metrics


def sources_of(ranking: Iterable[Recollection]) -> list[str]:
    """The sources of a ranking, each at the place of its first record."""
    return list(dict.fromkeys(recollection.record.source for recollection in ranking))


def gold_ranks(question: Question, ranking: Sequence[Recollection]) -> dict[str, int | None]:
    """Rank (from 1) of each gold record, or of each gold source where no records are named."""
    if question.evidence:
        gold, ranked = question.evidence, [found.record.key for found in ranking]
    else:
        gold, ranked = question.sources, sources_of(ranking)
    ranks = {item: rank for rank, item in enumerate(ranked, start=1)}
    return {item: ranks.get(item) for item in _relevant(gold)}


def evidence_in_prompt(
    question: Question, context: Context, texts: Mapping[str, str]
) -> float | None:
    """Share of the gold that a model gets to see whole.

    Where the gold names no records, any whole record of a gold source counts for the source.

    Args:
        context: The prompt's block of memories.
        texts: Key -> text of each record of the haystack, to tell which were cut.

    Returns:
        None for a question without gold.
    """
    shown = [found.record for found in context.recollections]
    whole = [record for record in shown if texts.get(record.key) == record.text]
    if gold := _relevant(question.evidence):
        return _share(gold, {record.key for record in whole})
    if gold := _relevant(question.sources):
        return _share(gold, {record.source for record in whole})
    return None


def _relevant(graded: Mapping[str, int]) -> set[str]:
    return {item for item, grade in graded.items() if grade > 0}


def _share(gold: Collection[str], found: set[str]) -> float:
    return sum(item in found for item in gold) / len(gold)
