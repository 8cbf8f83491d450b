"""What the commands that put questions share: the files of a run, its progress, its last lines."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import MofNCompleteColumn

from benchmarks.datasets.base import Dataset, Haystack
from benchmarks.digest import digest_of
from benchmarks.machine import describe
from benchmarks.measuring import Progress
from benchmarks.outcome import Run
from benchmarks.report import write_report
from benchmarks.runs import RunDatabase, RunWriter
from memory.cli.screen import complain, print_out, progress_bar, safe
from store import InvalidInput

__all__ = ["command_line", "kept_runs", "make_folder", "new_run", "show_problems"]

_RUNS = "run.sqlite"
_REPORT = "report.html"
_MOST_PROBLEMS = 5


def command_line(name: str, options: Mapping[str, object]) -> str:
    """The command line that measures the same again.

    Args:
        name: Of the command.
        options: "--limit" -> its value. True stands for an option without one; what is None, 0,
            False or empty is left out.
    """
    given = (
        [option] if value is True else [option, str(value)]
        for option, value in options.items()
        if value
    )
    return shlex.join(["remem", "bench", name, *chain.from_iterable(given)])


@contextmanager
def kept_runs(out: Path | None) -> Iterator[RunDatabase]:
    """A file of runs and, when all are in it, its report; kept for a while if nobody wants them.

    Raises:
        InvalidInput: the folder cannot be made.
    """
    with ExitStack() as stack:
        folder = make_folder(out) if out else Path(stack.enter_context(TemporaryDirectory()))
        with RunDatabase.create(folder / _RUNS) as database:
            yield database
    print_out(describe())
    if out:
        write_report(out / _RUNS, out / _REPORT)
        print_out(f"Question by question: {out / _RUNS}; to look at: {out / _REPORT}")


@contextmanager
def new_run(
    database: RunDatabase, dataset: Dataset, command: str
) -> Iterator[tuple[RunWriter, Progress]]:
    """One run of a data set, with a progress bar; it is unfinished if an error ends it."""
    digest = digest_of(dataset.path)
    run = Run(datetime.now(timezone.utc), dataset.name, digest, describe(), command=command)
    writer = database.start(run)
    with _questions_bar(dataset.name) as progress:
        yield writer, progress
    writer.finish(dataset.problems)


def show_problems(problems: Sequence[str]) -> None:
    """Say what of the data was left out, unless it is too much to be read."""
    for problem in problems[:_MOST_PROBLEMS]:
        complain(problem)
    if len(problems) > _MOST_PROBLEMS:
        complain(f"... and {len(problems) - _MOST_PROBLEMS:,} more; with --out, {_RUNS} has all")


def make_folder(out: Path) -> Path:
    """The folder that somebody named with --out, made if it is not there.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{out} cannot be made ({error.strerror}); choose another folder for --out"
        ) from error
    return out


@contextmanager
def _questions_bar(dataset: str) -> Iterator[Progress]:
    """A progress bar over the questions of one haystack after the other."""
    with progress_bar(dataset, MofNCompleteColumn()) as move:

        def follow(haystack: Haystack, questions: int) -> Callable[[], object]:
            title = safe(f"{dataset}, {haystack.namespace}")
            move(description=title, total=questions, completed=0)
            return partial(move, advance=1)

        yield follow
