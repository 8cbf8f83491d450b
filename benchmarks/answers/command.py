"""``answers``: what memory is worth to a model, on a data set with gold answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import fmean, median

import click
from rich.console import RenderableType
from rich.progress import MofNCompleteColumn
from rich.table import Table

from remem.benchmarks.answers.asking import (
    AGREES,
    ARMS,
    JUDGED,
    JUDGED_ADMITTED,
    WITH,
    Respondent,
    answer_all,
    with_gold,
)
from remem.benchmarks.answers.file import Answer, AnswerFile
from remem.benchmarks.answers.scores import ABSTAINED, ADMITTED, CONTAINED, EXACT, F1, Verdict
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.datasets.detect import detect
from remem.benchmarks.intervals import Interval, mean_interval
from remem.benchmarks.running import digest_of, make_folder
from remem.cli.options import budget_option
from remem.cli.screen import complain, counted, print_out, progress_bar, table
from remem.encoders.opening import open_encoder
from remem.generators.opening import open_generator
from remem.store import InvalidInput, RememError

_FILE = "answers.sqlite"


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="A data set with gold answers"
)
@click.option(
    "--generator",
    "spec",
    metavar="MODEL",
    default="bundled",
    show_default=True,
    help="What answers: a hub name, folder or GGUF file; openai:MODEL; URL#MODEL of a server",
)
@click.option("--judge", metavar="MODEL", help="Another model, which says what is right")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), help="Ask the first N questions only"
)
@budget_option("At most so many tokens of memories")
@click.option("--encoder", metavar="MODEL", help="A model instead of the bundled encoder")
@click.option(
    "--out",
    metavar="FOLDER",
    default="answers",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the answers are kept; the same command goes on where it stopped",
)
def answers(
    data: Path,
    spec: str,
    judge: str | None,
    limit: int | None,
    budget: int,
    encoder: str | None,
    out: Path,
) -> None:
    """Let a model answer each question with memory and without, and score both.

    Scores are token F1, exact match and containment of the gold answer; questions that nobody can
    answer count apart. Every answer is kept in FOLDER/answers.sqlite as it comes.
    """
    dataset = detect(data)
    generator, grader = open_generator(spec), open_generator(judge) if judge else None
    respondent = Respondent(generator, open_encoder(encoder), budget, grader)
    settings = {
        "data set": dataset.name,
        "data's SHA-256": digest_of(dataset.path),
        "generator": spec,
        "judge": judge or "none",
        "budget": str(budget),
        "encoder": respondent.encoder.fingerprint,
    }
    without_gold: list[Question] = []
    with AnswerFile(make_folder(out) / _FILE, settings) as file:
        haystacks = with_gold(dataset.haystacks(), limit, without_gold.append)
        asked = _answer(haystacks, respondent, file, limit)
        pairs = paired(each for each in file.answers() if each.question.id in asked)
    for problem in dataset.problems:
        complain(problem)
    if without_gold:
        complain(f"{counted(len(without_gold), 'question')} without a gold answer: not asked")
    if not pairs:
        raise InvalidInput(f"no question of {data} has a gold answer: choose another data set")
    print_out(f"{dataset.name}, answered by {spec}", *report(pairs), f"Kept in {out / _FILE}")


def _answer(
    haystacks: Iterable[Haystack], respondent: Respondent, file: AnswerFile, limit: int | None
) -> set[str]:
    """Answer what the file does not hold yet.

    Returns:
        The ids of all questions.

    Raises:
        RememError: a model failed; the message says how to go on.
    """
    answered = {(each.question.id, each.arm) for each in file.answers()}
    asked: set[str] = set()
    done = 0
    with progress_bar("Answers", MofNCompleteColumn()) as move:
        for haystack in haystacks:
            asked.update(question.id for question in haystack.questions)
            kept = sum((id, arm) in answered for id in asked for arm in ARMS)
            move(total=len(ARMS) * (limit or len(asked)), completed=done + kept)
            try:
                for answer in answer_all(haystack, respondent, answered):
                    file.add(answer)
                    done += 1
                    move(advance=1)
            except RememError as error:
                if not answered and not done:
                    raise
                raise RememError(
                    f"{error}; what was answered is in {file.path}, and the same command goes on "
                    "from there"
                ) from error
    return asked


# The answers with memory beside those without, for the terminal.


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
