"""How much of what was said is found again, by remem, the baselines and the peers."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from importlib.resources import files
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn

from benchmarks.datasets.base import Dataset, Haystack
from benchmarks.datasets.detect import OFFICIAL_READERS, READERS, detect
from benchmarks.datasets.offtopic import read_offtopic
from benchmarks.digest import digest_of
from benchmarks.encoding import RememberingEncoder
from benchmarks.expected import deviations, expected_scores
from benchmarks.machine import describe
from benchmarks.measuring import Measurement, first_questions, measure
from benchmarks.offtopic import as_questions
from benchmarks.outcome import Run
from benchmarks.report import write_report
from benchmarks.runs import RunDatabase, RunWriter
from benchmarks.systems.base import System
from benchmarks.systems.choosing import GROUPS, choose
from benchmarks.systems.remem import Remem
from benchmarks.tables import category_table, figure_table, system_table
from memory.cli.screen import complain, counted, print_out, progress_bar, safe
from memory.cli.settings import open_encoder
from store import InvalidInput

__all__ = ["recall"]

_RUN = "run.sqlite"
_REPORT = "report.html"
_MOST_PROBLEMS = 5
_NOTE = "± is half of a 95 % interval; times and records/s are without the encoder's work"


@click.command()
@click.option(
    "--data",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file or folder: LoCoMo, LongMemEval, BEIR, or your own; may be repeated "
    "[default: the smoke set that remem brings along]",
)
@click.option(
    "--systems",
    "names",
    default="ours",
    show_default=True,
    help="Names with commas between them; groups are "
    + "; ".join(f"{group}: {', '.join(names)}" for group, names in GROUPS.items()),
)
@click.option("--limit", type=click.IntRange(min=1), help="Only so many questions of each data set")
@click.option("--official", is_flag=True, help="By the protocol of the benchmark's authors")
@click.option("--encoder", "model", help="Another model than the bundled one, for all systems")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for run.sqlite and report.html",
)
@click.option("--seed", default=0, show_default=True, help="Chooses samples of off-topic messages")
@click.option("--check", is_flag=True, help="Fail unless remem scores as benchmarks/expected.toml")
def recall(
    paths: tuple[Path, ...],
    names: str,
    limit: int | None,
    official: bool,
    model: str | None,
    out: Path | None,
    seed: int,
    check: bool,
) -> int:
    """How much of what was said is found again: recall, evidence in the prompt, speed."""
    systems = choose(names)
    if check and (limit or model or Remem() not in systems):
        raise click.UsageError("--check is for remem as it is shipped, on whole data sets")
    readers = OFFICIAL_READERS if official else READERS
    datasets = [detect(path, readers) for path in paths or [_smoke()]]
    digests = [digest_of(dataset.path) for dataset in datasets]
    expected = [expected_scores(digest, official) for digest in digests] if check else []
    encoder = RememberingEncoder(open_encoder(model))
    measured: list[Measurement] = []
    with _run_file(out) as file, RunDatabase.create(file) as database:
        for dataset, digest in zip(datasets, digests, strict=True):
            command = _command(dataset.path if paths else None, names, limit, official, model, seed)
            run = Run(_now(), dataset.name, digest, describe(), command=command)
            found = _measure(dataset, database.start(run), systems, encoder, limit, seed)
            _show(dataset, found, encoder)
            measured.append(found)
    print_out(describe())
    if out:
        write_report(out / _RUN, out / _REPORT)
        print_out(f"Question by question: {out / _RUN}; to look at: {out / _REPORT}")
    wrong = [
        f"{dataset.name}: {sentence}"
        for dataset, found, scores in zip(datasets, measured, expected, strict=False)
        for sentence in deviations(scores, found.scores(Remem().name))
    ]
    for sentence in wrong:
        complain(sentence)
    return 1 if wrong else 0


def _smoke() -> Path:
    """The small data set that remem brings along; it lies in the package's folder."""
    return Path(str(files("benchmarks"))) / "data" / "smoke"


@contextmanager
def _run_file(out: Path | None) -> Iterator[Path]:
    """Where the run is written: for a while, if nobody wants to keep it."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                f"{out} cannot be made ({error.strerror}); choose another folder for --out"
            ) from error
        yield out / _RUN
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / _RUN


def _measure(
    dataset: Dataset,
    writer: RunWriter,
    systems: Sequence[System],
    encoder: RememberingEncoder,
    limit: int | None,
    seed: int,
) -> Measurement:
    with progress_bar(dataset.name, MofNCompleteColumn()) as move:

        def follow(haystack: Haystack, questions: int) -> Callable[[], object]:
            title = safe(f"{dataset.name}, {haystack.namespace}")
            move(description=title, total=questions, completed=0)
            return partial(move, advance=1)

        haystacks = first_questions(dataset.haystacks(), limit)
        off_topic = as_questions(read_offtopic("test"))
        measured = measure(haystacks, systems, encoder, off_topic, writer, follow, seed)
    writer.finish(dataset.problems)
    return measured


def _show(dataset: Dataset, measured: Measurement, encoder: RememberingEncoder) -> None:
    asked = counted(len(measured.tallies[0].outcomes), "question")
    print_out("", f"{dataset.name}: {asked}", _NOTE, "", system_table(measured.tallies))
    for tally in measured.tallies:
        if tally.system == Remem().name:
            print_out("", f"{tally.system} by category", "", category_table(tally))
    figures = {**encoder.figures().figures, **measured.quiet.figures()}
    print_out("", "The encoder, and what remem keeps quiet about", "", figure_table(figures), "")
    if measured.without_gold:
        print_out(
            f"{counted(measured.without_gold, 'question')} without gold: asked, but not scored."
        )
    for problem in dataset.problems[:_MOST_PROBLEMS]:
        complain(problem)
    if len(dataset.problems) > _MOST_PROBLEMS:
        complain(f"... and {len(dataset.problems) - _MOST_PROBLEMS:,} more, all in run.sqlite")


def _command(
    path: Path | None, names: str, limit: int | None, official: bool, model: str | None, seed: int
) -> str:
    """The command line that measures the same again."""
    options = {"--data": path, "--systems": names, "--limit": limit, "--encoder": model}
    given = [part for name, value in options.items() if value for part in (name, str(value))]
    protocol = ["--official"] if official else []
    return shlex.join(["remem", "bench", "recall", *given, *protocol, "--seed", str(seed)])


def _now() -> datetime:
    return datetime.now(timezone.utc)
