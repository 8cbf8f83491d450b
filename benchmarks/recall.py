"""Recall of what was said, measured for remem, the baselines and the peers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

import click

from remem.benchmarks import options
from remem.benchmarks.datasets.abstention import abstention_messages
from remem.benchmarks.datasets.base import Dataset
from remem.benchmarks.datasets.detect import OFFICIAL_READERS, READERS, detect_all
from remem.benchmarks.measuring import Measurement, RememberingEncoder, first_questions, measure
from remem.benchmarks.metrics import EVIDENCE, Outcome, without_rankings
from remem.benchmarks.running import (
    SMOKE,
    check_empty,
    command_line,
    digest_of,
    kept_runs,
    new_run,
    show_problems,
)
from remem.benchmarks.runs import RunDatabase
from remem.benchmarks.systems.base import System
from remem.benchmarks.systems.baselines import BASELINES, Unasked
from remem.benchmarks.systems.peers import PEERS
from remem.benchmarks.systems.remem import LEGS, Remem
from remem.benchmarks.tables import (
    RECALL,
    Measured,
    below_others,
    category_table,
    figure_table,
    mean_rows,
    print_rows,
    system_table,
)
from remem.benchmarks.trust import as_questions
from remem.cli.screen import complain, counted, print_out
from remem.encoders.opening import open_encoder
from remem.store import InvalidInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NOTE = "± is half of a 95 % interval; times and records/s are without the encoder's work"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Measurements to make, as the options say."""

    systems: str
    limit: int | None
    official: bool
    encoder: str | None
    seed: int
    store: str | None

    @property
    def as_shipped(self) -> bool:
        """True if remem is measured as shipped, on whole data sets, like the expected scores."""
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
                as_questions(abstention_messages("test")),
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
        given = {
            "--data": None if path == SMOKE else path,
            "--systems": self.systems,
            "--limit": self.limit,
            "--store": self.store and check_empty(self.store),
            "--encoder": self.encoder,
            "--seed": self.seed,
            "--official": self.official,
        }
        return command_line("recall", given)


# Names to systems.

_SYSTEMS: dict[str, System] = {
    **{system.name: system for system in (Remem(), *BASELINES, *LEGS)},
    **{name: peer() for name, peer in PEERS.items()},
}

GROUPS = {
    "ours": [Remem().name, *(system.name for system in BASELINES)],
    "legs": [system.name for system in LEGS],
    "peers": list(PEERS),
    "all": list(_SYSTEMS),
}
"""Names of several systems: remem and the baselines, each of remem's legs alone, the peers, all."""

UNASKED = frozenset(system.name for system in BASELINES if isinstance(system, Unasked))
"""Those that show the same whatever is asked, one of them everything: nobody has to beat these."""


def choose(names: str) -> list[System]:
    """The systems of a list of names or groups with commas between them, each once, in order.

    Raises:
        InvalidInput: a name is unknown, or there is none.
    """
    return [_SYSTEMS[name] for name in options.systems_named(names, _SYSTEMS, GROUPS)]


@click.command()
@options.data
@click.option(
    "--systems",
    default="ours",
    show_default=True,
    help="Names with commas between them; groups are "
    + ", ".join(f"'{group}' ({', '.join(GROUPS[group])})" for group in ("ours", "legs", "peers"))
    + ", or 'all'",
)
@options.limit
@click.option("--official", is_flag=True, help="By the protocol of the benchmark's authors")
@options.encoder
@click.option(
    "--store", help="Where remem is to remember: any store that is empty [default: an embedded one]"
)
@click.option("--seed", default=0, show_default=True, help="Chooses samples of off-topic messages")
@options.out
@options.markdown
@click.option("--check", is_flag=True, help="Fail unless remem scores as benchmarks/expected.toml")
def recall(
    paths: tuple[Path, ...],
    out: Path | None,
    markdown: TextIO | None,
    check: bool,
    **chosen: Any,
) -> int:
    """Measure the share of what was said that is found again, evidence in the prompt, and speed."""
    plan = _Plan(**chosen)
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
        print_rows(title, ["system", *outcomes], mean_rows(outcomes, metric), markdown)
    if first == Remem().name:
        asked = {
            dataset: {name: each for name, each in of_systems.items() if name not in UNASKED}
            for dataset, of_systems in outcomes.items()
        }
        for sentence in below_others(asked):
            print_out(sentence)


# The scores that the default configuration must reach again: ``expected.toml``.
#
# ::
#
#     [[expected]]
#     dataset = "smoke"          # for people
#     digest = "1f5a..."         # SHA-256 of the data, as a run prints it
#     official = false           # whether by the protocol of the benchmark's authors
#     [expected.scores]
#     "turn R@10" = [0.842, 0.005]    # score, and how far off it may be on another machine
#     "empty for code" = [0.99, 0.01]


@dataclass(frozen=True, slots=True)
class Expected:
    """A score of remem, and how far from it another run may be."""

    score: float
    tolerance: float


def expected_scores(digest: str, official: bool) -> dict[str, Expected]:
    """Metric -> what is expected of it on a data set.

    Args:
        digest: SHA-256 of the data, as ``digest_of`` computes it.

    Raises:
        InvalidInput: nothing is expected on this data.
    """
    text = files("remem.benchmarks").joinpath("expected.toml").read_text("utf-8")
    for entry in tomllib.loads(text).get("expected", []):
        if entry["digest"] == digest and entry.get("official", False) == official:
            return {
                metric: Expected(float(score), float(tolerance))
                for metric, (score, tolerance) in entry["scores"].items()
            }
    raise InvalidInput(
        f"benchmarks/expected.toml has no scores for the data with the digest {digest}: measure it "
        "without --check, and write them down there"
    )


def deviations(expected: Mapping[str, Expected], measured: Mapping[str, float]) -> list[str]:
    """One sentence for each score that is not as expected; better than expected is one too,
    because what has been won is to be kept."""
    sentences = (_deviation(name, score, measured.get(name)) for name, score in expected.items())
    return [sentence for sentence in sentences if sentence]


def _deviation(name: str, expected: Expected, score: float | None) -> str | None:
    wanted = f"expected is {expected.score:.4f} ± {expected.tolerance:.4f}"
    if score is None:
        return f"{name} was not measured, {wanted}."
    # Written with as many digits as are shown, so that what looks equal is.
    if round(abs(score - expected.score), 4) <= expected.tolerance:
        return None
    side = "above" if score > expected.score else "below"
    return f"{name} is {score:.4f}, {side} what it should be: {wanted}."
