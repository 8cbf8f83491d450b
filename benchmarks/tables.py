"""The results of a run for the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from rich import box
from rich.table import Table

from remem.benchmarks.intervals import PairedTest, mean_interval, paired_test
from remem.benchmarks.metrics import (
    BUDGETS,
    Outcome,
    SystemFigures,
    by_category,
    headline_metrics,
    metric_values,
    primary_metric,
)
from remem.benchmarks.trust.floors import BUDGET

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


# One table over several data sets: a column for each, a row for each system or idea. Pure.
RECALL = "recall@10"
"""Of the smallest unit that a data set has gold for: turns, or else documents."""

EVIDENCE = f"evidence@{BUDGET}"

Measured = Mapping[str, Mapping[str, Sequence[Outcome]]]
"""Data set -> row -> outcomes. All data sets have the same rows, ours first."""

Rows = list[list[str]]


def mean_rows(measured: Measured, metric: str) -> Rows:
    """A row for each system with its means; an asterisk where they differ by more than chance.

    Args:
        metric: ``RECALL``, or a metric by its name.
    """
    return _rows(measured, metric, lambda test: f"{_share(test.after)}{_star(test)}")


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
    return [
        [row, *_cells(measured, row, metric, cell)] for row in next(iter(measured.values()), {})
    ]


def _cells(
    measured: Measured, row: str, metric: str, cell: Callable[[PairedTest], str]
) -> Iterator[str]:
    for by_row in measured.values():
        test = _against_ours(by_row, row, metric)
        if test is None:
            yield "-"
        else:
            yield _share(test.after) if row == next(iter(by_row)) else cell(test)


def _against_ours(
    by_row: Mapping[str, Sequence[Outcome]], row: str, metric: str
) -> PairedTest | None:
    """Ours before, the row after, over the questions that have the metric in both."""
    ours, theirs = by_row[next(iter(by_row))], by_row[row]
    name = _name(metric, ours)
    before, after = (
        {each.question.id: each.metrics[name] for each in outcomes if name in each.metrics}
        for outcomes in (ours, theirs)
    )
    shared = [id for id in before if id in after]
    return paired_test([before[id] for id in shared], [after[id] for id in shared])


def _name(metric: str, outcomes: Sequence[Outcome]) -> str:
    if metric != RECALL:
        return metric
    return primary_metric({name for outcome in outcomes for name in outcome.metrics}) or metric


def _signed(test: PairedTest) -> str:
    change = f"{test.difference.mean:+.3f}".replace("0.", ".")
    return f"{change.replace('-.000', '+.000')}{_star(test)}"


def _star(test: PairedTest) -> str:
    return " *" if test.significant else ""


def _share(value: float) -> str:
    """As the field writes shares: ".842"."""
    return f"{value:.3f}".removeprefix("0")


# What is kept of a run for the tables, as it grows.

_INSTANT = 200_000  # records/s of a system that indexes nothing, which is no speed at all


@dataclass(frozen=True, slots=True)
class HaystackResult:
    """What a system recalled from one haystack.

    Attributes:
        outcomes: One a question, in the order of the questions.
        tokens: Budget -> length of each context that was built for it.
    """

    outcomes: tuple[Outcome, ...]
    tokens: Mapping[int, tuple[int, ...]]


@dataclass(slots=True)
class Tally:
    """What was measured of one system so far, without the rankings, which would fill the memory."""

    system: str
    outcomes: list[Outcome] = field(default_factory=list)
    records: int = 0
    seconds: float = 0.0
    tokens: dict[int, list[int]] = field(default_factory=dict)

    def add(self, result: HaystackResult, records: int, indexing: float) -> None:
        """Add a haystack of so many records that took so many seconds to index."""
        self.outcomes += [replace(outcome, ranking=()) for outcome in result.outcomes]
        self.records += records
        self.seconds += indexing
        for budget, tokens in result.tokens.items():
            self.tokens.setdefault(budget, []).extend(tokens)

    def figures(self) -> SystemFigures:
        """Speed, and length of the prompts; times are what the system took beside the encoder."""
        figures: dict[str, float] = {}
        if self.seconds and self.records / self.seconds < _INSTANT:
            figures["records/s without encoding"] = self.records / self.seconds
        if self.outcomes:
            times = [outcome.milliseconds for outcome in self.outcomes]
            p50, p95 = np.percentile(times, [50, 95])
            figures["p50 ms without encoding"] = float(p50)
            figures["p95 ms without encoding"] = float(p95)
        for budget, tokens in self.tokens.items():
            if tokens:
                figures[f"tokens@{budget}"] = float(np.mean(tokens))
        return SystemFigures(self.system, figures)
