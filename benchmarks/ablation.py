"""What each part of the default retrieval is worth: the same questions without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import click

from benchmarks.compare import Comparison, compare_outcomes
from benchmarks.datasets.base import Dataset, Haystack
from benchmarks.datasets.detect import detect_all
from benchmarks.encoding import RememberingEncoder
from benchmarks.measuring import Progress, first_questions, outcomes_of, search_only
from benchmarks.outcome import Outcome
from benchmarks.running import command_line, kept_runs, new_run, show_problems
from benchmarks.runs import RunWriter
from benchmarks.systems.remem import Remem
from benchmarks.tables import plain_table
from memory import Retriever
from memory.cli.screen import counted, print_out
from memory.opening import open_encoder
from memory.recall.signals import SIGNALS
from memory.recall.weights import WEIGHTS

__all__ = ["VARIANTS", "ablate", "ablation", "rows"]

_LEGS = [name for name in WEIGHTS if name not in SIGNALS and name != "link"]


def _only(kind: str) -> Retriever:
    """The default's legs of which the name begins so, and no signals."""
    return Retriever({leg: WEIGHTS[leg] for leg in _LEGS if leg.startswith(kind)})


VARIANTS: Mapping[str, Retriever] = {
    "remem": Retriever(),
    **{f"without {name}": Retriever({**WEIGHTS, name: 0.0}) for name in WEIGHTS},
    "legs only": _only(""),
    "dense legs only": _only("dense"),
    "text legs only": _only("text"),
    "pools of 32": Retriever(pool=32),
    "pools of 128": Retriever(pool=128),
}
"""The default first; "only" is without the signals."""

_DEFAULT = next(iter(VARIANTS))
_SHOWN = (
    *("turn R@5", "turn R@10", "turn any@10", "session all@5"),
    *("passage R@10", "document R@10", "document nDCG@10"),
)
_KEPT = 10  # records of a ranking in the file: all of them would be hundreds of MB
_NOTE = "difference: of {metric}, to remem as it is, with its 95 % interval; * is significant"


def ablate(
    haystack: Haystack,
    encoder: RememberingEncoder,
    folder: Path,
    on_question: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Put the questions of a haystack to each variant.

    Args:
        folder: An empty one; all variants search the store that the first makes in it.
        on_question: Called after each question.

    Yields:
        Name of the variant, and what it recalled.
    """
    for name, retriever in VARIANTS.items():
        # Records that are known already are not added again, so only the first one indexes.
        with Remem(name, retriever).index(haystack, encoder, folder) as searcher:
            asked = []
            for question in haystack.questions:
                asked.append(search_only(searcher, question, encoder))
                on_question()
        yield name, outcomes_of(haystack, asked)


def rows(outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[str, list[str], list[list[str]]]:
    """The table of a data set.

    Args:
        outcomes: By variant, the default among them.

    Returns:
        The metric of the differences, the headings, and a row for each variant.

    Raises:
        InvalidInput: no question has gold.
    """
    against = {
        name: compare_outcomes(outcomes[_DEFAULT], found) for name, found in outcomes.items()
    }
    tests = against[_DEFAULT].tests
    shown = [metric for metric in _SHOWN if metric in tests]
    headings = ["variant", *shown, "difference", "interval"]
    return against[_DEFAULT].metric, headings, [_row(*item, shown) for item in against.items()]


def _row(name: str, comparison: Comparison, shown: Sequence[str]) -> list[str]:
    means = [f"{comparison.tests[metric].after:.3f}".removeprefix("0") for metric in shown]
    if name == _DEFAULT:
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
    """What each part of remem's retrieval is worth: the same questions without it."""
    remembering = RememberingEncoder(open_encoder(encoder))
    with kept_runs(out) as database:
        for dataset in detect_all(paths):
            options = {"--data": dataset.path, "--limit": limit, "--encoder": encoder}
            command = command_line("ablation", options)
            with new_run(database, dataset, command) as (writer, progress):
                found = _search(dataset, limit, remembering, writer, progress)
            title = f"{dataset.name}: {counted(len(found[_DEFAULT]), 'question')}"
            metric, headings, body = rows(found)
            note = _NOTE.format(metric=metric)
            print_out("", title, note, "", plain_table(headings, body), "")
            show_problems(dataset.problems)
            if markdown:
                markdown.write(f"{title} (`{command}`; {note})\n\n{_markdown(headings, body)}\n")


def _search(
    dataset: Dataset,
    limit: int | None,
    encoder: RememberingEncoder,
    writer: RunWriter,
    progress: Progress,
) -> dict[str, list[Outcome]]:
    """What each variant is worth on a data set, without the rankings, which would fill memory."""
    found: dict[str, list[Outcome]] = {name: [] for name in VARIANTS}
    for haystack in first_questions(dataset.haystacks(), limit):
        writer.add_haystack(haystack)
        on_question = progress(haystack, len(haystack.questions) * len(VARIANTS))
        with TemporaryDirectory() as folder:
            for name, outcomes in ablate(haystack, encoder, Path(folder), on_question):
                writer.add(name, [replace(each, ranking=each.ranking[:_KEPT]) for each in outcomes])
                found[name] += [replace(outcome, ranking=()) for outcome in outcomes]
    return found


def _markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """The table for a README, numbers to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
