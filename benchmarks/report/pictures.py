"""The plots of a data set: which there is something to draw for, and what is said below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle

from markupsafe import Markup

from remem.benchmarks.intervals import Interval
from remem.benchmarks.report import plots
from remem.benchmarks.report.plots import MUTED
from remem.benchmarks.report.summary import Groups, Standing, Summary, figure
from remem.benchmarks.trust.calibration import FIRST
from remem.benchmarks.trust.tally import CALIBRATION_ERROR, RELIABILITY, against_floor
from remem.recall.relevance import FLOOR

_MOST_DRAWN = 12  # systems in one plot
_MOST_BARS = 4
_FLOOR_TICKS = (0.0001, 0.001, 0.01, 0.1, 0.8)
_INSTANT = 0.1  # milliseconds; what takes less shows the same to every question


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, and what is said below it."""

    svg: Markup
    title: str
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""


def plots_of(number: int, summary: Summary, colours: Mapping[str, str]) -> Iterator[Plot]:
    """The plots for which there is something to draw; ``number`` makes their ids unique."""
    shown = _shown(summary)
    left_out = len(summary.standings) - len(shown)
    note = f"The table has {left_out} more." if left_out else ""
    primary = summary.primary or ""
    if lines := _lines(shown, colours, summary.recall):
        unit = primary.partition("@")[0]
        svg = plots.curves(f"recall-{number}", lines, "k", f"{unit}@k")
        yield Plot(Markup(svg), "Recall against k", note=note)
    if lines := _lines(shown, colours, summary.evidence):
        labels = ("tokens of the prompt", "gold that stands in the prompt")
        svg = plots.curves(f"evidence-{number}", lines, *labels)
        yield Plot(Markup(svg), "Evidence against the budget of the prompt", note=note)
    for name, title, groups in (
        ("categories", "Recall by category", summary.categories),
        *((_id(trait), f"Recall by {trait}", found) for trait, found in summary.traits.items()),
    ):
        if len(groups) > 1:
            yield _bars(f"{name}-{number}", title, summary, groups, colours)
    if dots := _dots(shown, colours, primary):
        measured = next(key for each in shown for key in each.figures if key.startswith("p50 ms"))
        svg = plots.scatter(f"latency-{number}", dots, f"{measured}, line to p95", primary)
        silent = ", ".join(each.system for each in shown if not _searches(each))
        note_on_dots = f"Not drawn, as they do not search: {silent}." if silent else ""
        yield Plot(Markup(svg), "Recall against latency", note=f"{note} {note_on_dots}".strip())
    yield from _of_trust(number, summary.standing(summary.ours))


def colours_of(summary: Summary) -> dict[str, str]:
    """Ours stands out, the others take turns in muted tones, in the order of their names."""
    others = sorted(each.system for each in summary.standings if each.system != summary.ours)
    return {summary.ours: "ours"} | dict(zip(others, cycle(MUTED), strict=False))


def _shown(summary: Summary) -> list[Standing]:
    """Ours and the best of the others, the best first."""
    kept = {summary.ours}
    kept |= {each.system for each in summary.standings[: _MOST_DRAWN - 1]}
    return [each for each in summary.standings if each.system in kept]


def _lines(
    shown: Sequence[Standing], colours: Mapping[str, str], metrics: Mapping[int, str]
) -> list[plots.Line]:
    """A line a system; none of a single point."""
    if len(metrics) < 2:
        return []
    points: list[dict[float, Interval]] = [
        {x: each.means[metric] for x, metric in metrics.items() if metric in each.means}
        for each in shown
    ]
    return [
        plots.Line(each.system, colours[each.system], found)
        for each, found in zip(shown, points, strict=True)
        if found
    ]


def _of_trust(number: int, ours: Standing | None) -> Iterator[Plot]:
    """The plots of how far the relevance of a system can be trusted, where it judges any."""
    if ours is None:
        return
    if diagram := ours.curves.get(RELIABILITY):
        labels = ("relevance that was given", "share that matters")
        svg = plots.diagonal(f"reliability-{number}", diagram, *labels)
        judged = sum(each.count for each in diagram.values())
        error = ours.figures.get(CALIBRATION_ERROR)
        of_error = "" if error is None else f"Expected calibration error {error:.3f}. "
        note = (
            f"{of_error}The first {FIRST} memories of each question, {judged:,} in all; a dot for "
            "each tenth of relevance, the larger the more memories it has."
        )
        yield Plot(Markup(svg), "Relevance against the gold", note=note)
    curves = {
        name.removesuffix(against_floor("")): curve
        for name, curve in ours.curves.items()
        if name.endswith(against_floor(""))
    }
    if curves:
        kinds = sorted(curves, key=lambda name: (name != "evidence", name))
        tones = dict(zip(kinds, chain(["ours"], cycle(MUTED)), strict=False))
        lines = [plots.Line(_kind(name), tones[name], curves[name]) for name in kinds]
        labels = ("floor of relevance", "evidence kept; other prompts kept empty")
        # A file of another version may not have tried what is the default today.
        marked = min(lines[0].points, key=lambda floor: abs(floor - FLOOR))
        svg = plots.curves(f"floor-{number}", lines, *labels, plots.Scale(_FLOOR_TICKS, marked))
        note = f"The figures are those at a floor of {marked:g}, the dotted line."
        yield Plot(Markup(svg), "What a floor keeps out", note=note)


def _kind(curve: str) -> str:
    """The kind of message that prompts stay empty for, in few words."""
    return curve.removeprefix("empty for ").removeprefix("questions about ")


def _bars(
    name: str, title: str, summary: Summary, groups: Groups, colours: Mapping[str, str]
) -> Plot:
    """Ours and the best of the others in each group of questions."""
    others = [each.system for each in summary.standings if each.system != summary.ours]
    best = [summary.ours, *others[: _MOST_BARS - 1]]
    svg = plots.bars(name, _grouped(groups, best, colours), summary.primary or "")
    legend = [(colours[system], system) for system in best]
    note = "The best of the others." if len(best) <= len(others) else ""
    return Plot(Markup(svg), title, legend, note)


def _grouped(
    groups: Groups, systems: Sequence[str], colours: Mapping[str, str]
) -> dict[str, list[tuple[str, Interval]]]:
    """The groups, with the number of their questions, and the bars of each."""
    return {
        f"{group or 'other'} ({max(each.count for each in values.values()):,})": [
            (colours[system], values[system]) for system in systems if system in values
        ]
        for group, values in groups.items()
    }


def _dots(shown: Sequence[Standing], colours: Mapping[str, str], metric: str) -> list[plots.Dot]:
    """The systems that search, and whose speed was measured."""
    return [
        plots.Dot(each.system, colours[each.system], p50, p50 if p95 is None else p95, quality)
        for each in filter(_searches, shown)
        for p50, p95 in [(figure(each.figures, "p50 ms"), figure(each.figures, "p95 ms"))]
        if p50 is not None and (quality := each.means.get(metric))
    ]


def _searches(standing: Standing) -> bool:
    """True if a system takes the time that a search takes."""
    p50 = figure(standing.figures, "p50 ms")
    return p50 is None or p50 >= _INSTANT


def _id(trait: str) -> str:
    return trait.replace(" ", "-")
