"""One table over several data sets: a column for each, a row for each system or idea. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.headline import primary_metric
from benchmarks.outcome import Outcome
from benchmarks.significance import PairedTest, paired_test
from benchmarks.trust.floors import BUDGET

__all__ = ["EVIDENCE", "RECALL", "Measured", "below_others", "difference_rows", "mean_rows"]

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
