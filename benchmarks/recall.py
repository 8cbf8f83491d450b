"""How much of what was said is found again, by remem, the baselines and the peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

import click

from benchmarks.across import EVIDENCE, RECALL, Measured, below_others, mean_rows
from benchmarks.datasets.base import Dataset
from benchmarks.datasets.detect import OFFICIAL_READERS, READERS, detect_all
from benchmarks.datasets.offtopic import read_offtopic
from benchmarks.digest import digest_of
from benchmarks.encoding import RememberingEncoder
from benchmarks.expected import Expected, deviations, expected_scores
from benchmarks.measuring import Measurement, first_questions, measure
from benchmarks.offtopic import as_questions
from benchmarks.outcome import Outcome, without_rankings
from benchmarks.running import command_line, kept_runs, new_run, show_problems
from benchmarks.runs import RunDatabase
from benchmarks.stores import check_empty
from benchmarks.systems.base import System
from benchmarks.systems.choosing import GROUPS, UNASKED, choose
from benchmarks.systems.remem import Remem
from benchmarks.tables import (
    category_table,
    figure_table,
    markdown_table,
    plain_table,
    system_table,
)
from memory.cli.screen import complain, counted, print_out
from memory.opening import open_encoder

__all__ = ["SMOKE", "recall"]

SMOKE = Path(str(files("benchmarks"))) / "data" / "smoke"
_NOTE = "± is half of a 95 % interval; times and records/s are without the encoder's work"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be measured, as the options say."""

    systems: str
    limit: int | None
    official: bool
    encoder: str | None
    seed: int
    store: str | None

    @property
    def as_shipped(self) -> bool:
        """Whether the scores are those that are written down for a whole data set."""
        changed = self.limit or self.encoder or self.store
        return Remem() in choose(self.systems) and not changed

    def detect(self, paths: Sequence[Path]) -> list[Dataset]:
        """The data sets at the paths."""
        return detect_all(paths, OFFICIAL_READERS if self.official else READERS)

    def expected(self, dataset: Dataset) -> Mapping[str, Expected]:
        """The scores that are written down."""
        return expected_scores(digest_of(dataset.path), self.official)

    def measure(self, dataset: Dataset, database: RunDatabase) -> Measurement:
        """Measure all systems on a data set, with a progress bar."""
        with new_run(database, dataset, self._command(dataset.path)) as (writer, progress):
            return measure(
                first_questions(dataset.haystacks(), self.limit),
                self._chosen(),
                RememberingEncoder(open_encoder(self.encoder)),
                as_questions(read_offtopic("test")),
                writer,
                progress,
                self.seed,
            )

    def _chosen(self) -> list[System]:
        return [
            replace(system, store=self.store) if isinstance(system, Remem) else system
            for system in choose(self.systems)
        ]

    def _command(self, path: Path) -> str:
        options = {
            "--data": None if path == SMOKE else path,
            "--systems": self.systems,
            "--limit": self.limit,
            "--store": self.store and check_empty(self.store),
            "--encoder": self.encoder,
            "--seed": self.seed,
            "--official": self.official,
        }
        return command_line("recall", options)


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
    default="ours",
    show_default=True,
    help="Names with commas between them; groups are "
    + ", ".join(f"'{group}' ({', '.join(GROUPS[group])})" for group in ("ours", "legs", "peers"))
    + ", or 'all'",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only so many questions of each data set")
@click.option("--official", is_flag=True, help="By the protocol of the benchmark's authors")
@click.option("--encoder", help="Another model than the bundled one, for all systems")
@click.option(
    "--store", help="Where remem is to remember: any store that is empty [default: an embedded one]"
)
@click.option("--seed", default=0, show_default=True, help="Chooses samples of off-topic messages")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for run.sqlite and report.html",
)
@click.option(
    "--markdown",
    type=click.File("w", "utf-8", lazy=False),
    help="Write the tables of several data sets to a file, too",
)
@click.option("--check", is_flag=True, help="Fail unless remem scores as benchmarks/expected.toml")
def recall(
    paths: tuple[Path, ...],
    out: Path | None,
    markdown: TextIO | None,
    check: bool,
    **options: Any,
) -> int:
    """How much of what was said is found again: recall, evidence in the prompt, speed."""
    plan = _Plan(**options)
    if check and not plan.as_shipped:
        raise click.UsageError("--check is for remem as it is shipped, on whole data sets")
    datasets = plan.detect(paths or [SMOKE])
    # All of them first: what nothing is expected of need not be measured.
    expected = [plan.expected(dataset) if check else {} for dataset in datasets]
    wrong: list[str] = []
    outcomes: dict[str, dict[str, list[Outcome]]] = {}
    with kept_runs(out) as database:
        for dataset, scores in zip(datasets, expected, strict=True):
            measured = plan.measure(dataset, database)
            _show(dataset, measured)
            outcomes[dataset.name] = {
                each.system: without_rankings(each.outcomes) for each in measured.tallies
            }
            found = deviations(scores, measured.scores(Remem().name))
            wrong += [f"{dataset.name}: {sentence}" for sentence in found]
    if len(outcomes) > 1:
        _show_across(outcomes, markdown)
    for sentence in wrong:
        complain(sentence)
    return 1 if wrong else 0


def _show(dataset: Dataset, measured: Measurement) -> None:
    asked = counted(len(measured.tallies[0].outcomes), "question")
    print_out("", f"{dataset.name}: {asked}", _NOTE, "", system_table(measured.tallies))
    for tally in measured.tallies:
        if tally.system == Remem().name:
            print_out("", f"{tally.system} by category", "", category_table(tally))
    print_out("", "The encoder", "", figure_table(measured.encoder.figures().figures), "")
    if relevance := measured.relevance():
        print_out("What remem's relevance is worth; empty: share of off-topic prompts", "")
        print_out(figure_table(relevance), "")
    if measured.without_gold:
        print_out(
            f"{counted(measured.without_gold, 'question')} without gold: asked, but not scored."
        )
    show_problems(dataset.problems)


def _show_across(outcomes: Measured, markdown: TextIO | None) -> None:
    """The table of the systems on all data sets, and where remem is not the best."""
    first = next(iter(next(iter(outcomes.values()))))
    for metric in (RECALL, EVIDENCE):
        title = f"{metric}; * differs from {first} by more than chance"
        headings, body = ["system", *outcomes], mean_rows(outcomes, metric)
        print_out("", title, "", plain_table(headings, body), "")
        if markdown:
            markdown.write(f"{title}\n\n{markdown_table(headings, body)}\n")
    if first == Remem().name:
        asked = {
            dataset: {name: each for name, each in of_systems.items() if name not in UNASKED}
            for dataset, of_systems in outcomes.items()
        }
        for sentence in below_others(asked):
            print_out(sentence)
