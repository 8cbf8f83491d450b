"""The page: what the summaries say and the plots show, poured into the template.

Pure but for reading runs. The page forbids itself the network (a Content-Security-Policy), and runs
no script but its own, known by its SHA-256: words of the data are data, whatever they say.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain, cycle

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import EVIDENCE
from remem.benchmarks.report import plots
from remem.benchmarks.report.summary import (
    DEPTH,
    Groups,
    Json,
    Standing,
    Summary,
    browsable,
    figure,
    summarise,
    without_texts,
)
from remem.benchmarks.runs import StoredRun
from remem.benchmarks.trust import CALIBRATION_ERROR, FIRST, RELIABILITY, against_floor
from remem.recall.relevance import FLOOR

_FIGURES = ("p50 ms", "p95 ms", "records/s", "tokens@1000")
"""Beginnings of the names of the figures that have a column of their own."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A data set on the page."""

    summary: Summary
    colours: Mapping[str, str]
    plots: Sequence[Plot]
    best: Mapping[str, float]
    columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A system over all data sets: of each its recall and its evidence, where it was measured."""

    system: str
    ours: bool
    cells: Sequence[tuple[Interval | None, Interval | None]]


def render(runs: Sequence[StoredRun], with_texts: bool = True) -> str:
    """The whole page as HTML.

    Args:
        with_texts: False: nothing that somebody wrote is on the page.
    """
    sections = [_section(number, summarise(run)) for number, run in enumerate(runs)]
    ours = [section.summary.ours for section in sections]
    browsers = [_browser(*each, with_texts) for each in zip(runs, ours, strict=True)]
    script = _template_file("browser.js")
    return filled(
        "report.html",
        sections=sections,
        across=_across([section.summary for section in sections]),
        depth=DEPTH,
        with_texts=with_texts,
        script=Markup(script),
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=_embedded({"texts": with_texts, "depth": DEPTH, "sets": browsers}),
    )


def _section(number: int, summary: Summary) -> _Section:
    colours = colours_of(summary)
    known = dict.fromkeys(name for each in summary.standings for name in each.figures)
    columns = [name for beginning in _FIGURES for name in known if name.startswith(beginning)]
    best = {
        metric: max(each.means[metric].mean for each in summary.standings if metric in each.means)
        for metric in summary.headline
    }
    return _Section(summary, colours, list(plots_of(number, summary, colours)), best, columns)


def _across(summaries: Sequence[Summary]) -> list[_Row]:
    """The table of all data sets, ours first; nothing of a single one."""
    if len(summaries) < 2:
        return []
    ours = {each.ours for each in summaries}
    systems = dict.fromkeys(one.system for each in summaries for one in each.standings)
    rows = [_Row(name, name in ours, [_cell(each, name) for each in summaries]) for name in systems]
    return sorted(rows, key=lambda row: not row.ours)


def _cell(summary: Summary, system: str) -> tuple[Interval | None, Interval | None]:
    standing = summary.standing(system)
    means = standing.means if standing else {}
    return means.get(summary.primary or ""), means.get(EVIDENCE)


def _browser(run: StoredRun, system: str, with_texts: bool) -> Json:
    found = browsable(run.outcomes(system), run.records(), run.first_gold_ranks())
    named = {"name": run.run.dataset, "system": system} | found
    return named if with_texts else without_texts(named)


def _embedded(data: object) -> Markup:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _template_file(name: str) -> str:
    return (files("remem.benchmarks.report") / "templates" / name).read_text("utf-8")


def filled(template: str, **values: object) -> str:
    """A page made of a template and the style sheet; what is filled in is text, not HTML."""
    environment = Environment(
        loader=PackageLoader("remem.benchmarks.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    filters = {"share": _share, "number": _number, "plain_p": _p_value, "heading": _heading}
    environment.filters |= filters
    style = Markup(_template_file("report.css"))
    return environment.get_template(template).render(style=style, **values)


def _share(value: float) -> str:
    """As the field writes shares: ".842"."""
    return f"{value:.3f}".removeprefix("0")


def _number(value: float) -> str:
    """Three digits that matter: 0.62, 12.8, 1,204."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def _heading(name: str) -> Markup:
    """The name of a metric, which may be broken before a long "@1000"."""
    return Markup(re.sub(r"(?=@\d{3})", "<wbr>", str(escape(name))))


def _p_value(value: float) -> str:
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")


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
    for by, groups in {"category": summary.categories, **summary.traits}.items():
        if len(groups) > 1:
            yield group_bars(number, by, summary, groups, colours)
    if dots := _dots(shown, colours, primary):
        measured = next(key for each in shown for key in each.figures if key.startswith("p50 ms"))
        svg = plots.scatter(f"latency-{number}", dots, f"{measured}, line to p95", primary)
        silent = ", ".join(each.system for each in shown if not _searches(each))
        note_on_dots = f"Not drawn, as they do not search: {silent}." if silent else ""
        yield Plot(Markup(svg), "Recall against latency", note=f"{note} {note_on_dots}".strip())
    yield from trust_plots(number, summary.standing(summary.ours))


def colours_of(summary: Summary) -> dict[str, str]:
    """Ours stands out, the others take turns in muted tones, in the order of their names."""
    others = sorted(each.system for each in summary.standings if each.system != summary.ours)
    return {summary.ours: "ours"} | dict(zip(others, cycle(plots.MUTED), strict=False))


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
    return [
        plots.Line(each.system, colours[each.system], points)
        for each in shown
        if (points := _points(each, metrics))
    ]


def _points(standing: Standing, metrics: Mapping[int, str]) -> dict[float, Interval]:
    return {x: standing.means[name] for x, name in metrics.items() if name in standing.means}


def trust_plots(number: int, ours: Standing | None) -> Iterator[Plot]:
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
        tones = dict(zip(kinds, chain(["ours"], cycle(plots.MUTED)), strict=False))
        # The kind of message that prompts stay empty for, in few words.
        few = {name: re.sub("^(empty for )?(questions about )?", "", name) for name in kinds}
        lines = [plots.Line(few[name], tones[name], curves[name]) for name in kinds]
        labels = ("floor of relevance", "evidence kept; other prompts kept empty")
        # A file of another version may not have tried what is the default today.
        marked = min(lines[0].points, key=lambda floor: abs(floor - FLOOR))
        svg = plots.curves(f"floor-{number}", lines, *labels, plots.Scale(_FLOOR_TICKS, marked))
        note = f"The figures are those at a floor of {marked:g}, the dotted line."
        yield Plot(Markup(svg), "What a floor keeps out", note=note)


def group_bars(
    number: int, by: str, summary: Summary, groups: Groups, colours: Mapping[str, str]
) -> Plot:
    """Ours and the best of the others in each group of questions.

    Args:
        number: Of the data set, which makes the id unique.
        by: The trait that the groups differ in.
    """
    others = [each.system for each in summary.standings if each.system != summary.ours]
    best = [summary.ours, *others[: _MOST_BARS - 1]]
    drawn = {
        f"{group or 'other'} ({max(each.count for each in values.values()):,})": [
            (colours[system], values[system]) for system in best if system in values
        ]
        for group, values in groups.items()
    }
    name = "categories" if by == "category" else by.replace(" ", "-")
    svg = plots.bars(f"{name}-{number}", drawn, summary.primary or "")
    note = "The best of the others." if len(best) <= len(others) else ""
    legend = [(colours[system], system) for system in best]
    return Plot(Markup(svg), f"Recall by {by}", legend, note)


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
