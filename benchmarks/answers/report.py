"""The answers with memory beside those without, for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean, median

from rich.console import RenderableType
from rich.table import Table

from benchmarks.answers.asking import AGREES, ARMS, JUDGED, JUDGED_ADMITTED, WITH
from benchmarks.answers.file import Answer
from benchmarks.answers.judging import Verdict
from benchmarks.answers.scores import ABSTAINED, ADMITTED, CONTAINED, EXACT, F1
from benchmarks.intervals import Interval, mean_interval
from memory.cli.screen import counted, table

__all__ = ["paired", "report"]


@dataclass(frozen=True, slots=True)
class _Paired:
    before: float
    after: float
    difference: Interval


Pair = Mapping[str, Answer]
"""Arm -> the answer to one question."""


def paired(answers: Iterable[Answer]) -> list[Pair]:
    """The answers question by question; a question that lacks one of the arms is left out."""
    questions: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        questions.setdefault(answer.question.id, {})[answer.arm] = answer
    return [arms for arms in questions.values() if len(arms) == len(ARMS)]


def report(pairs: Sequence[Pair]) -> Iterator[RenderableType]:
    """All scores, those that matter most by category, and what the answers cost."""
    unanswerable = sum(not pair[WITH].question.answerable for pair in pairs)
    yield (
        f"{counted(len(pairs), 'question')}, {unanswerable:,} of them to be left unanswered; "
        "differences with their 95 % bootstrap intervals\n"
    )
    yield _scores("score", ((name, _means(pairs, name)) for name in _ORDER))
    categories = sorted({pair[WITH].question.category for pair in pairs})
    for name in _BY_CATEGORY if len(categories) > 1 else ():
        found = [(each, _means(_of_category(pairs, each), name)) for each in categories]
        if any(means for _, means in found):
            yield f"\n{name}:"
            yield _scores("category", found)
    yield ""
    yield table(
        ["cost of an answer", *ARMS],
        [
            ["median seconds", *(f"{median(_of(pairs, arm, _seconds)):.2f}" for arm in ARMS)],
            ["mean prompt tokens", *(f"{fmean(_of(pairs, arm, _tokens)):,.0f}" for arm in ARMS)],
        ],
    )
    unreadable = sum(each.verdict is Verdict.UNREADABLE for pair in pairs for each in pair.values())
    if unreadable:
        yield (
            f"{counted(unreadable, 'verdict')} of the judge began with neither yes nor no and "
            "counted for nothing."
        )


_ORDER = (F1, EXACT, CONTAINED, JUDGED, ABSTAINED, ADMITTED, JUDGED_ADMITTED, AGREES)
_BY_CATEGORY = (F1, CONTAINED, ADMITTED)


def _scores(heading: str, means: Iterable[tuple[str, _Paired | None]]) -> Table:
    rows = (_row(name, found) for name, found in means if found is not None)
    return table([heading, "questions", *ARMS, "difference", "95 % interval"], rows)


def _row(name: str, values: _Paired) -> list[object]:
    change = values.difference
    return [
        *(name, change.count, f"{values.before:.3f}", f"{values.after:.3f}"),
        *(f"{change.mean:+.3f}", f"{change.low:+.3f} to {change.high:+.3f}"),
    ]


def _means(pairs: Iterable[Pair], name: str) -> _Paired | None:
    """Over the questions for which both answers have the score; None of no questions."""
    scores = [[pair[arm].scores.get(name) for arm in ARMS] for pair in pairs]
    both = [(before, after) for before, after in scores if before is not None and after is not None]
    difference = mean_interval([after - before for before, after in both])
    if difference is None:
        return None
    return _Paired(
        fmean(before for before, _ in both), fmean(after for _, after in both), difference
    )


def _of_category(pairs: Iterable[Pair], category: str) -> list[Pair]:
    return [pair for pair in pairs if pair[WITH].question.category == category]


def _of(pairs: Iterable[Pair], arm: str, measure: Callable[[Answer], float]) -> list[float]:
    return [measure(pair[arm]) for pair in pairs]


_seconds = attrgetter("seconds")
_tokens = attrgetter("prompt_tokens")
