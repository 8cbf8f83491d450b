"""The results of a run for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.table import Table

from benchmarks.headline import headline_metrics
from benchmarks.intervals import mean_interval
from benchmarks.metrics import BUDGETS
from benchmarks.outcome import Outcome, by_category, metric_values
from benchmarks.tally import Tally

__all__ = ["category_table", "figure_table", "markdown_table", "plain_table", "system_table"]

_SPEED = ("p50 ms", "p95 ms", "records/s")


def system_table(tallies: Sequence[Tally]) -> Table:
    """A row for each system: the main metrics with 95 % intervals, speed, tokens of a prompt."""
    names = headline_metrics(_known(outcome for tally in tallies for outcome in tally.outcomes))
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
    known = _known(tally.outcomes)
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


def figure_table(figures: Mapping[str, float]) -> Table:
    """A row for each figure."""
    table = _table("figure", ())
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}" if value < 10 else f"{value:,.0f}")
    return table


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


def _known(outcomes: Iterable[Outcome]) -> set[str]:
    return {name for outcome in outcomes for name in outcome.metrics}


def _cell(outcomes: Sequence[Outcome], metric: str, separator: str = "") -> str:
    """The mean with its margin, without the zeros that all have."""
    interval = mean_interval(metric_values(outcomes, metric))
    if interval is None:
        return "-"
    mean, margin = (f"{value:.3f}".removeprefix("0") for value in (interval.mean, interval.margin))
    return f"{mean}{separator}±{margin}"
