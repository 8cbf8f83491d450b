"""The effect of a floor of relevance on prompts: what it keeps out, wanted or not. Pure.

A floor is worth what it silences (small talk, code, questions about strangers) as long as it takes
no evidence away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from remem.benchmarks.intervals import Interval, mean_interval, share_interval
from remem.benchmarks.metrics import Outcome, gold_shown
from remem.benchmarks.systems.base import prompt_of
from remem.recall.relevance import FLOOR

BUDGET = 1000
"""Tokens of the prompts."""

FLOORS = tuple(sorted({0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, FLOOR}))
"""The floors that are tried, the default among them."""

Shown = Mapping[str, float | None]
"""Of one question: each piece of gold -> its relevance in a prompt without a floor, None where it
does not stand there."""

Curve = dict[float, Interval]


def unfloored(outcome: Outcome, texts: Mapping[str, str]) -> Shown:
    """The gold that a prompt shows when nothing is held back.

    Args:
        texts: Key -> text of each record of the haystack.
    """
    context = prompt_of(outcome.ranking, outcome.question, BUDGET)
    return gold_shown(outcome.question, context, texts)


def evidence_against_floor(shown: Iterable[Shown]) -> Curve:
    """Floor -> the share of the gold that prompts still show, the mean over questions.

    What a floor takes away leaves room for others, so that a little more may be shown than that.
    """
    of_questions = [list(gold.values()) for gold in shown if gold]
    means = {
        floor: mean_interval([_reach(floor, gold) for gold in of_questions]) for floor in FLOORS
    }
    return {floor: mean for floor, mean in means.items() if mean}


def silence_against_floor(relevances: Sequence[float]) -> Curve:
    """Floor -> the share of prompts that stay empty.

    Args:
        relevances: The highest of each message.
    """
    shares = {
        floor: share_interval(sum(one < floor for one in relevances), len(relevances))
        for floor in FLOORS
    }
    return {floor: share for floor, share in shares.items() if share}


def _reach(floor: float, gold: Sequence[float | None]) -> float:
    return sum(one is not None and one >= floor for one in gold) / len(gold)
