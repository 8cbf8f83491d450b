"""Two runs, question by question: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from remem.benchmarks.datasets.base import Question
from remem.benchmarks.intervals import PairedTest, paired_values
from remem.benchmarks.metrics import Outcome, headline_metrics, primary_metric, values_by_question
from remem.benchmarks.runs import RunDatabase, StoredRun
from remem.cli.screen import counted, print_out, table
from remem.store import InvalidInput

Ranks = Mapping[str, int | None]
"""Key of a gold record -> its rank, None where it was not recalled."""


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose metric is not what it was, with the ranks of its gold."""

    question: Question
    before: float
    after: float
    ranks_before: Ranks
    ranks_after: Ranks

    @property
    def gained(self) -> float:
        """Rise of the metric; negative if it fell."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems over the questions that both were asked.

    Attributes:
        tests: Of each metric, over the questions for which both have it.
        changes: The greatest gain first, the greatest loss last.
        only_before: How many only the first was asked; they count nowhere. ``only_after`` likewise.
    """

    metric: str
    tests: Mapping[str, PairedTest]
    changes: Sequence[Change]
    shared: int
    only_before: int
    only_after: int


def compare_outcomes(
    before: Sequence[Outcome], after: Sequence[Outcome], metric: str | None = None
) -> Comparison:
    """Compare two systems on the same data. Pure.

    Args:
        metric: What decides which questions changed; recall@10 unless given.

    Raises:
        InvalidInput: no question was put to both, or none of them has the metric.
    """
    first = {outcome.question.id: outcome for outcome in before}
    second = {outcome.question.id: outcome for outcome in after}
    pairs = [(first[id], second[id]) for id in first if id in second]
    if not pairs:
        raise InvalidInput("no question was put to both: compare runs of the same questions")
    known = {name for a, b in pairs for name in a.metrics.keys() & b.metrics.keys()}
    decisive = metric or primary_metric(known)
    if decisive is None or decisive not in known:
        choice = ", ".join(sorted(known)) or "none"
        raise InvalidInput(f"no question has {metric or 'recall@10'} in both: there is {choice}")
    tests = {
        name: test
        for name in dict.fromkeys([decisive, *headline_metrics(known)])
        if (test := paired_values(*(values_by_question(each, name) for each in (before, after))))
    }
    return Comparison(
        decisive,
        tests,
        sorted(_changes(pairs, decisive), key=lambda change: (-change.gained, change.question.id)),
        len(pairs),
        len(first) - len(pairs),
        len(second) - len(pairs),
    )


def verdict(comparison: Comparison) -> str:
    """One sentence: how much the decisive metric changed, and whether that is significant."""
    metric, test = comparison.metric, comparison.tests[comparison.metric]
    if not comparison.changes:
        return f"{metric} is {test.after:.3f} in both, the same for each question."
    change = test.difference
    direction = "rose" if change.mean > 0 else "fell" if change.mean < 0 else "stayed"
    judged = "significant" if test.significant else "not significant, it may be chance"
    return (
        f"{metric} {direction} from {test.before:.3f} to {test.after:.3f} ({change.mean:+.3f}, "
        f"95 % interval {change.low:+.3f} to {change.high:+.3f}, p = {test.p_value:.4f}): {judged}."
    )


@click.command()
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option("--system", default="remem", show_default=True, help="The system to compare")
@click.option("--against", help="Its name in B, if it is another one there")
@click.option("--metric", help="By which questions are told to have changed [default: recall@10]")
@click.option("--data", help="One data set only, by its name in the tables")
@click.option("--show", default=20, show_default=True, help="Most changed questions to list")
def compare(
    before: Path,
    after: Path,
    system: str,
    against: str | None,
    metric: str | None,
    data: str | None,
    show: int,
) -> None:
    """Say which questions changed from run A to run B, and whether that is significant.

    A and B are .sqlite files that 'recall' has written. Only questions in both count.
    """
    with RunDatabase.open(before) as first, RunDatabase.open(after) as second:
        for name, old, new in _pair(first, second, data):
            comparison = compare_outcomes(
                _outcomes(old, before, system), _outcomes(new, after, against or system), metric
            )
            _print(name, comparison, show)


def _pair(
    first: RunDatabase, second: RunDatabase, data: str | None
) -> Iterator[tuple[str, StoredRun, StoredRun]]:
    """The newest run of each data set that is in both files."""
    ours, theirs = first.latest(), second.latest()
    shared = [name for name in ours if name in theirs and data in (None, name)]
    if not shared:
        raise InvalidInput(
            f"no data set {'' if data is None else repr(data) + ' '}is in both: {first.path} has "
            f"{', '.join(ours) or 'none'}, {second.path} has {', '.join(theirs) or 'none'}"
        )
    for name in shared:
        if ours[name].run.digest != theirs[name].run.digest:
            raise InvalidInput(
                f"the two runs measured different data under the name {name!r} "
                "(their SHA-256 differ): measure both on the same files"
            )
    if data is None:
        for name in sorted(ours.keys() ^ theirs.keys()):
            print_out(f"{name}: only in {first.path if name in ours else second.path}, left out.")
    return ((name, ours[name], theirs[name]) for name in shared)


def _outcomes(run: StoredRun, path: Path, system: str) -> list[Outcome]:
    if system not in (systems := run.systems()):
        raise InvalidInput(
            f"{path} has no system {system!r} for {run.run.dataset}: "
            f"choose from {', '.join(systems) or 'none'}"
        )
    return list(run.outcomes(system))


def _changes(pairs: Sequence[tuple[Outcome, Outcome]], metric: str) -> Iterator[Change]:
    for before, after in pairs:
        old, new = before.metrics.get(metric), after.metrics.get(metric)
        if old is not None and new is not None and old != new:
            yield Change(before.question, old, new, before.gold, after.gold)


def _print(name: str, comparison: Comparison, show: int) -> None:
    only = (("A", comparison.only_before), ("B", comparison.only_after))
    left_out = ", ".join(f"{counted(n, 'question')} only in {run}" for run, n in only if n)
    title = f"\n{name}: {counted(comparison.shared, 'question')} in both"
    print_out(f"{title}; left out: {left_out}" if left_out else title, "")
    headings = ["metric", "A", "B", "difference", "95 % interval", "p"]
    print_out(table(headings, [_test_row(*item) for item in comparison.tests.items()]), "")
    changes = comparison.changes
    gained = sum(change.gained > 0 for change in changes)
    print_out(f"{comparison.metric}: {gained:,} gained, {len(changes) - gained:,} lost")
    listed = _ends(changes, show)
    if listed:
        columns = ["question", "category", comparison.metric, "gold: rank in A > B", "text"]
        print_out("", table(columns, map(_change_row, listed)))
    if len(listed) < len(changes):
        print_out(f"... and {len(changes) - len(listed):,} more: --show lists them")
    print_out("", verdict(comparison))


def _ends(changes: Sequence[Change], most: int) -> Sequence[Change]:
    """The greatest gains and the greatest losses, as many of either as there is room for."""
    if len(changes) <= most:
        return changes
    head = (most + 1) // 2
    tail = most - head
    return [*changes[:head], *changes[len(changes) - tail :]]


def _test_row(metric: str, test: PairedTest) -> list[str]:
    change = test.difference
    means = [metric, f"{test.before:.3f}", f"{test.after:.3f}", f"{change.mean:+.3f}"]
    return [*means, f"{change.low:+.3f} .. {change.high:+.3f}", f"{test.p_value:.4f}{test.star}"]


def _change_row(change: Change) -> list[str]:
    question, sides = change.question, (change.ranks_before, change.ranks_after)
    keys = dict.fromkeys(key for side in sides for key in side)
    ranks = (f"{key}: {' > '.join(str(side.get(key) or '-') for side in sides)}" for key in keys)
    value = f"{change.before:.2f} > {change.after:.2f}"
    return [question.id, question.category, value, "\n".join(ranks), question.text]
