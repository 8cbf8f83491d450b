"""Worth of each part of the default retrieval, and of what it lacks: questions asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import click

from benchmarks.across import EVIDENCE, RECALL, Measured, difference_rows
from benchmarks.compare import Comparison, compare_outcomes
from benchmarks.datasets.base import Dataset, Haystack
from benchmarks.datasets.detect import detect_all
from benchmarks.encoding import RememberingEncoder
from benchmarks.ideas import DEFAULT, IDEAS
from benchmarks.measuring import Progress, first_questions, outcomes_of, search_only
from benchmarks.metrics import prompt_metrics
from benchmarks.outcome import Outcome, without_rankings
from benchmarks.running import command_line, kept_runs, new_run, show_problems
from benchmarks.runs import RunWriter
from benchmarks.systems.remem import MemorySearcher, Remem
from benchmarks.tables import markdown_table, plain_table
from benchmarks.trust.floors import BUDGET
from memory.cli.screen import counted, print_out
from memory.opening import open_encoder

__all__ = ["ablate", "ablation", "across_rows", "rows"]

_SHOWN = (
    *("turn R@5", "turn R@10", "turn any@10", "session all@5"),
    *("passage R@10", "document R@10", "document nDCG@10"),
    EVIDENCE,
)
_KEPT = 10  # records of a ranking in the file: all of them would be hundreds of MB
_NOTE = "difference: of {metric}, to remem as it is, with its 95 % interval; * is significant"
_ACROSS = (
    "{metric}: remem as it is, and how far the others are from that; * is significant. Kept ideas "
    "are taken away, the others added"
)


def ablate(
    haystack: Haystack,
    encoder: RememberingEncoder,
    folder: Path,
    on_question: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Put the questions of a haystack to each idea.

    Args:
        folder: An empty one, for the store that all ideas search.
        on_question: Called after each question.

    Yields:
        Name of the idea, and what it recalled.
    """
    texts = {record.key: record.text for record in haystack.records}
    with Remem().index(haystack, encoder, folder) as searcher:
        for idea in IDEAS:
            changed = MemorySearcher(searcher.memory.searched_by(idea.retriever))
            asked = []
            for question in haystack.questions:
                found = search_only(changed, question, encoder)
                prompts = {BUDGET: idea.prompt(found.ranking, question, BUDGET)}
                shown = prompt_metrics(question, prompts, texts)
                asked.append(replace(found, prompt_metrics=shown))
                on_question()
            yield idea.name, outcomes_of(haystack, asked)


def rows(outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[str, list[str], list[list[str]]]:
    """The table of a data set.

    Args:
        outcomes: By idea, the default among them.

    Returns:
        The metric of the differences, the headings, and a row for each idea.

    Raises:
        InvalidInput: no question has gold.
    """
    against = {name: compare_outcomes(outcomes[DEFAULT], found) for name, found in outcomes.items()}
    tests = against[DEFAULT].tests
    shown = [metric for metric in _SHOWN if metric in tests]
    headings = ["idea", *shown, "difference", "interval"]
    return against[DEFAULT].metric, headings, [_row(*item, shown) for item in against.items()]


def across_rows(measured: Measured, metric: str) -> tuple[list[str], list[list[str]]]:
    """The table of several data sets: a column for each, a row for each idea, kept or not.

    Args:
        metric: As ``benchmarks.across`` names it.
    """
    kept = {idea.name: idea.kept for idea in IDEAS}
    said = {None: "", True: "yes", False: "no"}
    body = difference_rows(measured, metric)
    return ["idea", "kept", *measured], [[row[0], said[kept[row[0]]], *row[1:]] for row in body]


def _row(name: str, comparison: Comparison, shown: Sequence[str]) -> list[str]:
    means = [f"{comparison.tests[metric].after:.3f}".removeprefix("0") for metric in shown]
    if name == DEFAULT:
        return [name, *means, "", ""]
    test = comparison.tests[comparison.metric]
    star = " *" if test.significant else ""
    change = test.difference
    return [name, *means, f"{change.mean:+.3f}{star}", f"{change.low:+.3f} to {change.high:+.3f}"]


@click.command()
@click.option(
    "--data",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A file or folder, as for 'recall'; may be repeated",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only so many questions of each data set")
@click.option("--encoder", help="Another model than the bundled one")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for run.sqlite and report.html, with a system for each variant",
)
@click.option(
    "--markdown", type=click.File("w", "utf-8", lazy=False), help="Write the tables to a file, too"
)
def ablation(
    paths: tuple[Path, ...],
    limit: int | None,
    encoder: str | None,
    out: Path | None,
    markdown: TextIO | None,
) -> None:
    """Measure each part of remem's retrieval, and each idea that it lacks: the same questions
    without the one and with the other, on each data set and across them."""
    remembering = RememberingEncoder(open_encoder(encoder))
    measured: dict[str, dict[str, list[Outcome]]] = {}
    with kept_runs(out) as database:
        for dataset in detect_all(paths):
            options = {"--data": dataset.path, "--limit": limit, "--encoder": encoder}
            command = command_line("ablation", options)
            with new_run(database, dataset, command) as (writer, progress):
                found = _search(dataset, limit, remembering, writer, progress)
            measured[dataset.name] = found
            title = f"{dataset.name}: {counted(len(found[DEFAULT]), 'question')}"
            metric, headings, body = rows(found)
            note = _NOTE.format(metric=metric)
            print_out("", title, note, "", plain_table(headings, body), "")
            show_problems(dataset.problems)
            if markdown:
                note = f"`{command}`; {note}"
                markdown.write(f"{title} ({note})\n\n{markdown_table(headings, body)}\n")
    if len(measured) > 1:
        for metric in (RECALL, EVIDENCE):
            headings, body = across_rows(measured, metric)
            title = _ACROSS.format(metric=metric)
            print_out("", title, "", plain_table(headings, body), "")
            if markdown:
                markdown.write(f"{title}\n\n{markdown_table(headings, body)}\n")


def _search(
    dataset: Dataset,
    limit: int | None,
    encoder: RememberingEncoder,
    writer: RunWriter,
    progress: Progress,
) -> dict[str, list[Outcome]]:
    """The outcomes of each idea on a data set, without the rankings."""
    found: dict[str, list[Outcome]] = {idea.name: [] for idea in IDEAS}
    for haystack in first_questions(dataset.haystacks(), limit):
        writer.add_haystack(haystack)
        on_question = progress(haystack, len(haystack.questions) * len(IDEAS))
        with TemporaryDirectory() as folder:
            for name, outcomes in ablate(haystack, encoder, Path(folder), on_question):
                writer.add(name, [replace(each, ranking=each.ranking[:_KEPT]) for each in outcomes])
                found[name] += without_rankings(outcomes)
    return found
