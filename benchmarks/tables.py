"""The results of a run for the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.table import Table

from remem.benchmarks.intervals import PairedTest, mean_interval, paired_values
from remem.benchmarks.machine import describe
from remem.benchmarks.measuring import Tally
from remem.benchmarks.metrics import (
    BUDGETS,
    EVIDENCE,
    Outcome,
    by_category,
    headline_metrics,
    known_metrics,
    metric_values,
    primary_metric,
    values_by_question,
)
from remem.cli.screen import print_json, print_out

_SPEED = ("p50 ms", "p95 ms", "records/s")


def system_table(tallies: Sequence[Tally]) -> Table:
    """A row for each system: the main metrics with 95 % intervals, speed, tokens of a prompt."""
    names = headline_metrics(
        known_metrics(outcome for tally in tallies for outcome in tally.outcomes)
    )
    table = _table("system", map(_heading, names))
    table.columns[0].max_width = 14  # a row has two lines anyway
    for heading in ("p50 ms\np95 ms", "records/s", "tokens\n@1000"):
        table.add_column(heading, justify="right")
    for tally in tallies:
        means = (_cell(tally.outcomes, name, "\n") for name in names)
        table.add_row(tally.system, *means, *_speed(tally.figures().figures))
    return table


def category_table(tally: Tally) -> Table:
    """A column for each category of questions, of one system."""
    known = known_metrics(tally.outcomes)
    budgets = [f"evidence@{budget}" for budget in BUDGETS if f"evidence@{budget}" in known]
    names = [*(name for name in headline_metrics(known) if name not in budgets), *budgets]
    categories = by_category(tally.outcomes)
    table = _table("metric", (f"{name or 'all'}\n{len(categories[name]):,}" for name in categories))
    for name in names:
        table.add_row(name, *(_cell(outcomes, name) for outcomes in categories.values()))
    return table


def plain_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Rows of text, all but the first column to the right; names of metrics in two lines."""
    table = _table(headings[0], map(_heading, headings[1:]))
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text for a README, all but the first column to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def print_rows(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    markdown: TextIO | None,
    written_title: str | None = None,
    *notes: str,
) -> None:
    """Print a table under its title and notes, and write it to a file, too, if there is one.

    Args:
        written_title: The title in the file, if it is another one.
    """
    print_out("", title, *notes, "", plain_table(headings, rows), "")
    if markdown:
        markdown.write(f"{written_title or title}\n\n{markdown_table(headings, rows)}\n")


def figure_table(figures: Mapping[str, float]) -> Table:
    """A row for each figure."""
    table = _table("figure", ())
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}" if value < 10 else f"{value:,.0f}")
    return table


# What was measured beside what it should be.

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound.

    Attributes:
        at_least: Whether smaller values miss it; otherwise larger ones do.
    """

    bound: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """True if a value is good enough."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


Targets = Mapping[str, Target]
"""Figure -> target."""


def print_figures(
    figures: Figures, targets: Targets, records: int, title: str, as_json: bool
) -> None:
    """Print figures with their targets, those in red that miss them; or all as one JSON object."""
    if as_json:
        print_json({"machine": describe(), "records": records, "figures": figures})
        return
    shown = Table("measured", box=box.SIMPLE_HEAD, show_edge=False, title=title)
    for heading in ("figure", "target"):
        shown.add_column(heading, justify="right")
    for name, value in figures.items():
        target = targets.get(name)
        met = target is None or target.met(value)
        row = (name, f"{value:,.1f}", str(target or ""))
        shown.add_row(*row, style=None if met else "bold red")
    print_out(shown, describe())


def _table(first: str, headings: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def _heading(metric: str) -> str:
    """A metric's name in two lines."""
    return "\n".join(re.split(r" |(?=@\d{3})", metric))


def _speed(figures: Mapping[str, float]) -> tuple[str, str, str]:
    p50, p95, rate = (figures.get(f"{name} without encoding", 0) for name in _SPEED)
    shown = f"{rate:,.0f}" if rate else "-"
    return f"{p50:.1f}\n{p95:.1f}", shown, f"{figures.get('tokens@1000', 0):,.0f}"


def _cell(outcomes: Sequence[Outcome], metric: str, separator: str = "") -> str:
    """The mean with its margin, without the zeros that all have."""
    interval = mean_interval(metric_values(outcomes, metric))
    if interval is None:
        return "-"
    mean, margin = (f"{value:.3f}".removeprefix("0") for value in (interval.mean, interval.margin))
    return f"{mean}{separator}±{margin}"


# One table over several data sets: a column for each, a row for each system or idea. Pure.
RECALL = "recall@10"
"""Of the smallest unit that a data set has gold for: turns, or else documents."""

Measured = Mapping[str, Mapping[str, Sequence[Outcome]]]
"""Data set -> row -> outcomes. All data sets have the same rows, ours first."""

Rows = list[list[str]]


def mean_rows(measured: Measured, metric: str) -> Rows:
    """A row for each system with its means; an asterisk where they differ by more than chance.

    Args:
        metric: ``RECALL``, or a metric by its name.
    """
    return _rows(measured, metric, lambda test: f"{_share(test.after)}{test.star}")


def difference_rows(measured: Measured, metric: str) -> Rows:
    """The means of our row, and of the others by how much they differ from them; an asterisk where
    that is more than chance.

    Args:
        metric: ``RECALL``, or a metric by its name.
    """
    return _rows(measured, metric, _signed)


def below_others(measured: Measured, metrics: Sequence[str] = (RECALL, EVIDENCE)) -> list[str]:
    """One sentence for each system that is above ours on some data set; none is what one wants."""
    return [
        f"{ours} is below {row} on {dataset} in {metric}: {_share(test.before)} against "
        f"{_share(test.after)}, {'significant' if test.significant else 'which may be chance'}."
        for metric in metrics
        for dataset, by_row in measured.items()
        for ours in [next(iter(by_row))]
        for row in by_row
        if (test := _against_ours(by_row, row, metric)) and round(test.difference.mean, 3) > 0
    ]


def _rows(measured: Measured, metric: str, cell: Callable[[PairedTest], str]) -> Rows:
    ours = next(iter(next(iter(measured.values()), {})), "")

    def shown(by_row: Mapping[str, Sequence[Outcome]], row: str) -> str:
        test = _against_ours(by_row, row, metric)
        return "-" if test is None else _share(test.after) if row == ours else cell(test)

    rows = next(iter(measured.values()), {})
    return [[row, *(shown(by_row, row) for by_row in measured.values())] for row in rows]


def _against_ours(
    by_row: Mapping[str, Sequence[Outcome]], row: str, metric: str
) -> PairedTest | None:
    """Ours before, the row after, over the questions that have the metric in both."""
    ours, theirs = by_row[next(iter(by_row))], by_row[row]
    name = (primary_metric(known_metrics(ours)) if metric == RECALL else None) or metric
    return paired_values(values_by_question(ours, name), values_by_question(theirs, name))


def _signed(test: PairedTest) -> str:
    change = f"{test.difference.mean:+.3f}".replace("0.", ".")
    return f"{change.replace('-.000', '+.000')}{test.star}"


def _share(value: float) -> str:
    """As the field writes shares: ".842"."""
    return f"{value:.3f}".removeprefix("0")
