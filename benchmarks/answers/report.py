"""The answers with memory beside those without, for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from statistics import fmean, median

from rich.console import RenderableType
from rich.table import Table

from benchmarks.answers.asking import ARMS, WITH
from benchmarks.answers.file import Answer
from benchmarks.answers.judging import Verdict
from benchmarks.answers.scores import ADMITTED, CONTAINED, F1
from benchmarks.significance import PairedTest, paired_test
from memory.cli.screen import counted, table

__all__ = ["paired", "report"]

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
        "differences with their 95 % bootstrap intervals"
    )
    names = list(dict.fromkeys(name for pair in pairs for name in pair[WITH].scores))
    yield _scores("score", ((name, _test(pairs, name)) for name in names))
    categories = sorted({pair[WITH].question.category for pair in pairs})
    if len(categories) > 1:
        for name in filter(names.__contains__, _BY_CATEGORY):
            rows = ((each, _test(_of_category(pairs, each), name)) for each in categories)
            yield _scores(f"{name}, category", rows)
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


_BY_CATEGORY = (F1, CONTAINED, ADMITTED)


def _scores(heading: str, tests: Iterable[tuple[str, PairedTest | None]]) -> Table:
    rows = (_row(name, test) for name, test in tests if test is not None)
    return table([heading, "questions", *ARMS, "difference", "95 % interval", "p"], rows)


def _row(name: str, test: PairedTest) -> list[object]:
    change = test.difference
    return [
        *(name, change.count, f"{test.before:.3f}", f"{test.after:.3f}", f"{change.mean:+.3f}"),
        *(f"{change.low:+.3f} to {change.high:+.3f}", f"{test.p_value:.4f}"),
    ]


def _test(pairs: Iterable[Pair], name: str) -> PairedTest | None:
    """Over the questions for which both answers have the score."""
    scores = [[pair[arm].scores.get(name) for arm in ARMS] for pair in pairs]
    both = [(before, after) for before, after in scores if before is not None and after is not None]
    return paired_test([before for before, _ in both], [after for _, after in both])


def _of_category(pairs: Iterable[Pair], category: str) -> list[Pair]:
    return [pair for pair in pairs if pair[WITH].question.category == category]


def _of(pairs: Iterable[Pair], arm: str, measure: Callable[[Answer], float]) -> list[float]:
    return [measure(pair[arm]) for pair in pairs]


_seconds = attrgetter("seconds")
_tokens = attrgetter("prompt_tokens")
