"""``answers``: what memory is worth to a model, on a data set with gold answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn

from benchmarks.answers.asking import ARMS, Respondent, answer_all, with_gold
from benchmarks.answers.file import AnswerFile
from benchmarks.answers.report import paired, report
from benchmarks.datasets.base import Haystack, Question
from benchmarks.datasets.detect import detect
from benchmarks.digest import digest_of
from benchmarks.running import make_folder
from memory.attach.generators import open_generator
from memory.cli.options import budget_option
from memory.cli.screen import complain, counted, print_out, progress_bar
from memory.opening import open_encoder
from store import InvalidInput, RememError

__all__ = ["answers"]

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
