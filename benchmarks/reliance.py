"""``trust``: how far remem's word can be trusted, and where it knows little, on one page.

The relevance that it gives beside what matters; what a floor keeps out and takes away; recall by
how much the person said from whom the evidence is, and by how many pieces of evidence there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from remem.benchmarks import options
from remem.benchmarks.datasets.abstention import abstention_messages
from remem.benchmarks.datasets.detect import READERS, detect_all
from remem.benchmarks.intervals import Interval
from remem.benchmarks.measuring import RememberingEncoder, first_questions, measure
from remem.benchmarks.report.figures import (
    Figures,
    Section,
    figure_page,
    print_section,
    write_figures,
)
from remem.benchmarks.report.page import colours_of, group_bars, trust_plots
from remem.benchmarks.report.summary import Groups, Standing, Summary, summarise
from remem.benchmarks.running import SMOKE, command_line, make_folder, new_run, show_problems
from remem.benchmarks.runs import RunDatabase, StoredRun
from remem.benchmarks.systems.remem import Remem
from remem.benchmarks.trust import CALIBRATION_ERROR, as_questions
from remem.encoders.opening import open_encoder
from remem.store import InvalidInput

_RUNS = "trust.sqlite"


@click.command()
@options.data
@options.limit
@options.encoder
@click.option(
    "--out",
    type=options.FOLDER,
    required=True,
    help="Folder for trust.html, trust.json and trust.sqlite",
)
def trust(paths: tuple[Path, ...], limit: int | None, encoder: str | None, out: Path) -> None:
    """Measure how far relevance can be trusted, and where sparse knowledge hurts."""
    folder = make_folder(out)
    datasets = detect_all(paths or (SMOKE,), READERS)
    remembering = RememberingEncoder(open_encoder(encoder))
    with RunDatabase.create(folder / _RUNS) as database:
        for dataset in datasets:
            given = {"--data": dataset.path.name, "--limit": limit, "--encoder": encoder}
            with new_run(database, dataset, command_line("trust", given)) as (writer, progress):
                measure(
                    first_questions(dataset.haystacks(), limit),
                    [Remem()],
                    remembering,
                    as_questions(abstention_messages("test")),
                    writer,
                    progress,
                    0,
                )
            show_problems(dataset.problems)
    write(folder / _RUNS, folder)


def write(run_database: Path, folder: Path) -> None:
    """Write the page and the figures of the newest run of each data set.

    Raises:
        InvalidInput: the file holds no run in which remem was measured.
    """
    with RunDatabase.open(run_database) as database:
        runs = list(database.latest().values())
        summaries = [summarise(run) for run in runs]
        if not any(one.standing(Remem().name) for one in summaries):
            raise InvalidInput(f"{run_database} holds no run of remem: measure one first")
        sections = [_section(at, one) for at, one in enumerate(summaries)]
        facts = {name: value for run in runs for name, value in _facts(run)}
    for section in sections:
        print_section(section)
    page = figure_page(
        "How far memory can be trusted",
        "What remem says of its own memories beside what is true of them, and how well it does "
        "where little was said.",
        sections,
        facts,
    )
    figures = {one.run.dataset: _figures(one) for one in summaries}
    write_figures(folder, "trust", page, {**facts, **figures})


def _section(number: int, summary: Summary) -> Section:
    ours = summary.standing(summary.ours)
    traits = {name: groups for name, groups in summary.traits.items() if len(groups) > 1}
    colours = colours_of(summary)
    bars = [group_bars(number, name, summary, groups, colours) for name, groups in traits.items()]
    return Section(
        summary.run.dataset,
        _lead(ours, summary),
        [*trust_plots(number, ours), *bars],
        [_trait_table(name, groups, summary) for name, groups in traits.items()],
    )


def _lead(ours: Standing | None, summary: Summary) -> str:
    parts = [f"{summary.questions:,} questions."]
    if ours and (error := ours.figures.get(CALIBRATION_ERROR)) is not None:
        parts.append(f"Relevance is off by {error:.3f} in the mean (expected calibration error).")
    areas = [
        f"{name.removeprefix('AUROC ')} {value:.3f}"
        for name, value in sorted(ours.figures.items() if ours else ())
        if name.startswith("AUROC")
    ]
    if areas:
        parts.append(f"It tells apart (area under the ROC curve): {', '.join(areas)}.")
    return " ".join(parts)


def _trait_table(name: str, groups: Groups, summary: Summary) -> Figures:
    rows = [
        [group or "other", f"{value.count:,}", f"{value.mean:.3f}", f"± {value.margin:.3f}"]
        for group, value in _of_ours(groups, summary.ours)
    ]
    headings = [name, "questions", summary.primary or "recall", "95 % interval"]
    return Figures(f"Recall by {name}", headings, rows)


def _of_ours(groups: Groups, ours: str) -> Iterator[tuple[str, Interval]]:
    return ((group, values[ours]) for group, values in groups.items() if ours in values)


def _figures(summary: Summary) -> Mapping[str, object]:
    ours = summary.standing(summary.ours)
    return {
        "questions": summary.questions,
        "figures": dict(ours.figures) if ours else {},
        "curves": {name: _points(curve) for name, curve in (ours.curves if ours else {}).items()},
        **{
            name: {group: [v.mean, v.count] for group, v in _of_ours(groups, summary.ours)}
            for name, groups in summary.traits.items()
        },
    }


def _points(curve: Mapping[float, Interval]) -> Sequence[Sequence[float]]:
    return [[place, value.mean, value.count] for place, value in curve.items()]


def _facts(run: StoredRun) -> Iterator[tuple[str, str]]:
    yield f"{run.run.dataset}, command", run.run.command
    yield f"{run.run.dataset}, SHA-256", run.run.digest
    yield "Machine", run.run.machine
