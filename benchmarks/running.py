"""Parts shared by the commands that put questions: a run's files, its progress, its last lines."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from importlib.resources import files
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import MofNCompleteColumn

from remem.benchmarks.datasets.base import Dataset, Haystack
from remem.benchmarks.machine import describe
from remem.benchmarks.measuring import Progress
from remem.benchmarks.metrics import Run
from remem.benchmarks.report import write_report
from remem.benchmarks.runs import RunDatabase, RunWriter
from remem.cli.screen import complain, print_out, progress_bar, safe
from remem.encoders.models import sha256
from remem.store import InvalidInput, open_store

SMOKE = Path(str(files("remem.benchmarks"))) / "data" / "smoke"
"""The data set that is measured where none is named."""

_RUNS = "run.sqlite"
_REPORT = "report.html"
_MOST_PROBLEMS = 5


def command_line(name: str, options: Mapping[str, object]) -> str:
    """The command line that measures the same again.

    Args:
        options: "--limit" -> its value. True stands for an option without one; what is None, 0,
            False or empty is left out. A tuple stands for an option that is repeated.
    """
    given = (
        [option] if value is True else [option, str(value)]
        for option, values in options.items()
        for value in (values if isinstance(values, tuple) else (values,))
        if value
    )
    return shlex.join(["remem", "bench", name, *chain.from_iterable(given)])


@contextmanager
def kept_runs(out: Path | None) -> Iterator[RunDatabase]:
    """A file of runs and, when all are in it, its report; kept for a while if nobody wants them.

    Raises:
        InvalidInput: the folder cannot be made.
    """
    with folder_for_a_run(out) as folder, RunDatabase.create(folder / _RUNS) as database:
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


@contextmanager
def folder_for_a_run(named: Path | None, option: str = "--out") -> Iterator[Path]:
    """The folder that somebody named with an option, or one that is gone afterwards.

    Raises:
        InvalidInput: it cannot be made.
    """
    if named:
        yield make_folder(named, option)
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


def make_folder(out: Path, option: str = "--out") -> Path:
    """The folder that somebody named with an option, made if it is not there.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{out} cannot be made ({error.strerror}); choose another folder for {option}"
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


# Which data was measured, whatever it is called.
def digest_of(path: Path) -> str:
    """SHA-256 in hex: of a file, or of the names and digests of a folder's files.

    Hidden files, which desktops leave behind, are no data.
    """
    if path.is_file():
        return sha256(path)
    names = sorted(
        name.as_posix()
        for file in path.rglob("*")
        if file.is_file()
        for name in [file.relative_to(path)]
        if not any(part.startswith(".") for part in name.parts)
    )
    listing = "".join(f"{sha256(path / name)} {name}\n" for name in names)
    return hashlib.sha256(listing.encode()).hexdigest()


# Stores that somebody names with ``--store``, to be measured.


def check_empty(url: str) -> str:
    """The url as it may be shown, without a password, of a store that holds nothing.

    Raises:
        InvalidInput: it holds records.
        RememError: it cannot be opened.
    """
    with open_store(url) as store:
        if store.namespaces():
            raise InvalidInput(
                "the store holds records already, which would be measured, too: give an empty one"
            )
        return store.url
