"""The results of a run for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.table import Table

from benchmarks.headline import headline_metrics
from benchmarks.intervals import Interval, by_category, mean_interval, metric_values
from benchmarks.metrics import BUDGETS
from benchmarks.outcome import Outcome
from benchmarks.tally import Tally

__all__ = ["category_table", "figure_table", "system_table"]

_BUDGETS = tuple(f"evidence@{budget}" for budget in BUDGETS)

_SPEED = ("p50 ms without encoding", "p95 ms without encoding", "records/s without encoding")


def system_table(title: str, tallies: Sequence[Tally]) -> Table:
    """A row for each system: the main metrics with 95 % intervals, speed, tokens of a prompt."""
    names = headline_metrics(_known(outcome for tally in tallies for outcome in tally.outcomes))
    table = _table(title, "system", names)
    for heading in ("p50 / p95 ms", "records/s", "tokens @1000"):
        table.add_column(heading.replace(" ", "\n", 1), justify="right")
    for tally in tallies:
        figures = tally.figures().figures
        p50, p95, rate = (figures.get(name) for name in _SPEED)
        times = "" if p50 is None or p95 is None else f"{p50:.1f} / {p95:.1f}"
        speed = (times, f"{rate:,.0f}" if rate else "", f"{figures.get('tokens@1000', 0):,.0f}")
        table.add_row(tally.system, *_cells(tally.outcomes, names), *speed)
    table.caption = "± half a 95 % interval; times are without the encoder's"
    return table


def category_table(tally: Tally) -> Table:
    """A row for each category of questions, of one system."""
    known = _known(tally.outcomes)
    names = list(dict.fromkeys([*headline_metrics(known), *(b for b in _BUDGETS if b in known)]))
    table = _table(f"{tally.system} by category", "category", names)
    for category, outcomes in by_category(tally.outcomes).items():
        table.add_row(f"{category or 'all'} ({len(outcomes):,})", *_cells(outcomes, names))
    return table


def figure_table(title: str, figures: Mapping[str, float]) -> Table:
    """A row for each figure."""
    table = _table(title, "figure", ())
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}" if value < 10 else f"{value:,.0f}")
    return table


def _table(title: str, first: str, metrics: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in metrics:
        table.add_column("\n".join(re.split(r" |(?=@\d{3})", name)), justify="right")
    return table


def _known(outcomes: Iterable[Outcome]) -> set[str]:
    return {name for outcome in outcomes for name in outcome.metrics}


def _cells(outcomes: Sequence[Outcome], names: Iterable[str]) -> list[str]:
    return [_cell(mean_interval(metric_values(outcomes, name))) for name in names]


def _cell(interval: Interval | None) -> str:
    """The mean above its margin, without the zeros that all have, so that many stand in a row."""
    if interval is None:
        return "-"
    mean, margin = (f"{value:.3f}".removeprefix("0") for value in (interval.mean, interval.margin))
    return f"{mean}\n±{margin}"
