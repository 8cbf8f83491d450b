"""``answers``: what memory is worth to a model, on a data set with gold answers.

Each question is answered twice, with memory and without, by the same generator.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from statistics import fmean, median

import click
from rich.console import RenderableType
from rich.progress import MofNCompleteColumn
from rich.table import Table

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.answers.file import Answer, AnswerFile
from remem.benchmarks.answers.scores import (
    ABSTAINED,
    ADMITTED,
    CONTAINED,
    EXACT,
    F1,
    Verdict,
    judge_prompt,
    read_verdict,
    score_answer,
)
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.datasets.detect import detect
from remem.benchmarks.intervals import Interval, mean_interval
from remem.benchmarks.machine import timed
from remem.benchmarks.running import digest_of, make_folder
from remem.cli.options import budget_option
from remem.cli.screen import complain, counted, print_out, progress_bar, table
from remem.encoders.opening import open_encoder
from remem.encoders.sentence_transformer import Encoder
from remem.generators.opening import Generator, Prompt, open_generator
from remem.recall.prompt import Context
from remem.store import InvalidInput, RememError

WITHOUT = "without memory"
WITH = "with memory"
ARMS = (WITHOUT, WITH)

JUDGED = "right, says the judge"
JUDGED_ADMITTED = "admits it, says the judge"
AGREES = "judge agrees with the words"
"""Score of 1 if the judge and the words (``CONTAINED`` or ``ADMITTED``) agree, else 0."""

INSTRUCTIONS = "Answer in as few words as you can. If you do not know, say: I do not know."
"""The system message of both arms: gold answers are a few words, and abstaining must be allowed."""


@dataclass(frozen=True, slots=True)
class Respondent:
    """A generator that answers questions, and a judge of its answers.

    Attributes:
        budget: Most tokens of memories, as the generator counts them.
        judge: None: answers are scored by their words only.
    """

    generator: Generator
    encoder: Encoder
    budget: int
    judge: Generator | None = None

    def answer(self, question: Question, arm: str, context: Context | None) -> Answer:
        """One answer with its scores.

        Raises:
            UpstreamError: the generator or the judge failed.
        """
        prompt = Prompt(question.text, context, instructions=INSTRUCTIONS)
        messages = self.generator.layout(prompt)
        tokens = sum(self.generator.count_tokens(message.content) for message in messages)
        reply, seconds = timed(lambda: self.generator.generate(prompt).strip())
        scores = score_answer(question, reply)
        answer = Answer(question, arm, reply, seconds, tokens, scores)
        return answer if self.judge is None else _judged(answer, self.judge)


def with_gold(
    haystacks: Iterable[Haystack], limit: int | None, left_out: Callable[[Question], object]
) -> Iterator[Haystack]:
    """The haystacks with only their questions that can be scored, ``limit`` of all of them.

    Args:
        left_out: Called with each question that has no gold answer, though somebody said it.
    """
    for haystack in haystacks:
        questions: list[Question] = []
        for question in haystack.questions:
            if question.answer is None and question.answerable:
                left_out(question)
            elif limit is None or len(questions) < limit:
                questions.append(question)
        if questions:
            yield replace(haystack, questions=questions)
        if limit is not None:
            limit -= len(questions)
            if limit == 0:
                return


def answer_all(
    haystack: Haystack, respondent: Respondent, answered: set[tuple[str, str]]
) -> Iterator[Answer]:
    """Answer the questions of a haystack, each in both arms, through the shipped ``Memory``.

    Args:
        answered: Question id and arm of what need not be asked again.

    Raises:
        UpstreamError: the generator or the judge failed.
    """
    todo = [
        (question, arm)
        for question in haystack.questions
        for arm in ARMS
        if (question.id, arm) not in answered
    ]
    if not todo:
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory(folder, haystack.namespace, encoder=respondent.encoder) as memory,
    ):
        memory.add_records(haystack.records)
        for question, arm in todo:
            context = None
            if arm == WITH:
                context = memory.context(
                    question.text,
                    budget=respondent.budget,
                    count_tokens=respondent.generator.count_tokens,
                    now=question.asked_at,
                )
            yield respondent.answer(question, arm, context)


def _judged(answer: Answer, judge: Generator) -> Answer:
    verdict = read_verdict(judge.generate(judge_prompt(answer.question, answer.text)))
    if verdict is Verdict.UNREADABLE:
        return replace(answer, verdict=verdict)
    by_words, name = (
        (CONTAINED, JUDGED) if answer.question.answerable else (ADMITTED, JUDGED_ADMITTED)
    )
    right = float(verdict is Verdict.YES)
    judged = {name: right, AGREES: float(right == answer.scores[by_words])}
    return replace(answer, scores={**answer.scores, **judged}, verdict=verdict)


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
@options.limit
@budget_option("At most so many tokens of memories")
@options.encoder
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
    with AnswerFile.create(make_folder(out) / _FILE) as file:
        file.begin(settings)
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
