"""Relevance against gold: of the memories said to matter with a probability of .3, three in ten
should. Pure.

The reliability diagram (M. H. DeGroot and S. E. Fienberg, "The Comparison and Evaluation of
Forecasters", The Statistician 32, 1983), and the mean distance from its diagonal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean

import numpy as np

from remem.benchmarks.datasets.base import gold_of
from remem.benchmarks.intervals import Interval, share_interval
from remem.benchmarks.metrics import Outcome
from remem.recall.ranking import Recollection

FIRST = 30
"""Memories of a ranking that are looked at: more do not fit into a prompt."""

_BINS = 10


@dataclass(frozen=True, slots=True)
class Judgement:
    """One memory that was recalled for one question.

    Attributes:
        relevance: How likely it was said to matter, in [0, 1].
        matters: Whether it is gold.
    """

    relevance: float
    matters: bool


def judgements(outcome: Outcome) -> Iterator[Judgement]:
    """The first memories of a ranking, each with the gold's word on it.

    Of a question without an answer nothing matters but what the data cites; one that has an answer
    and names no gold says nothing.
    """
    question = outcome.question
    evidence, sources = gold_of(question.evidence), gold_of(question.sources)
    if question.answerable and not (evidence or sources):
        return
    for one in islice(outcome.ranking, FIRST):
        gold = one.record.key in evidence if evidence else one.record.source in sources
        yield Judgement(one.relevance, gold)


def reliability(judged: Iterable[Judgement]) -> dict[float, Interval]:
    """The diagram: mean relevance of each tenth of [0, 1] -> the share of its memories that matter,
    with its interval. A tenth into which nothing falls is left out."""
    return {
        fmean(one.relevance for one in members): interval
        for members in _bins(judged).values()
        if (interval := share_interval(sum(one.matters for one in members), len(members)))
    }


def calibration_error(diagram: Mapping[float, Interval]) -> float | None:
    """The expected calibration error: the mean distance between relevance and share, each tenth by
    how many memories it has. None of an empty diagram."""
    total = sum(share.count for share in diagram.values())
    if not total:
        return None
    distances = (abs(said - share.mean) * share.count for said, share in diagram.items())
    return sum(distances) / total


def _bins(judged: Iterable[Judgement]) -> dict[int, Sequence[Judgement]]:
    bins: dict[int, list[Judgement]] = {}
    for one in judged:
        bins.setdefault(min(int(one.relevance * _BINS), _BINS - 1), []).append(one)
    return dict(sorted(bins.items()))


# Separation: how well a score tells two kinds of questions apart. Pure.


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The area under the ROC curve: how often a score that should be high is above one that should
    be low, ties being half. .5 is chance; None where either is empty."""
    if not higher or not lower:
        return None
    below = np.sort(np.asarray(lower, dtype=np.float64))
    scores = np.asarray(higher, dtype=np.float64)
    beaten = np.searchsorted(below, scores, "left") + np.searchsorted(below, scores, "right")
    return float(beaten.mean() / (2 * len(below)))


def top_relevance(ranking: Sequence[Recollection]) -> float:
    """The highest relevance that was given; 0 if nothing was recalled."""
    return max((one.relevance for one in ranking), default=0.0)
