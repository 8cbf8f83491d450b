"""The page: what the summaries and plots say, poured into the template. Pure but for reading runs.

The page forbids itself the network (a Content-Security-Policy), and runs no script but its own,
known by its SHA-256: words of the data are data, whatever they say.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmarks.intervals import Interval
from benchmarks.report import misses, plots
from benchmarks.report.summary import Standing, Summary, figure, summarise
from benchmarks.stored_run import StoredRun

__all__ = ["render"]

_MOST_DRAWN = 12  # systems in one plot
_MOST_BARS = 4
_INSTANT = 0.1  # milliseconds; what takes less shows the same to every question

_FIGURES = ("p50 ms", "p95 ms", "records/s", "tokens@1000")
"""Beginnings of the names of the figures that have a column of their own."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """A drawing, and what is said below it."""

    svg: Markup
    title: str
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    """A data set on the page."""

    summary: Summary
    colours: Mapping[str, str]
    plots: Sequence[_Plot]
    best: Mapping[str, float]
    columns: Sequence[str]


def render(runs: Sequence[StoredRun], with_texts: bool = True) -> str:
    """The whole page as HTML.

    Args:
        runs: One a data set.
        with_texts: False: nothing that somebody wrote is on the page.
    """
    sections = [_section(number, summarise(run)) for number, run in enumerate(runs)]
    browsers = [
        _browser(run, section.summary.ours, with_texts)
        for run, section in zip(runs, sections, strict=True)
    ]
    script = _template_file("browser.js")
    environment = Environment(
        loader=PackageLoader("benchmarks.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "share": _share,
        "number": _number,
        "plain_p": _p_value,
        "heading": _heading,
    }
    return environment.get_template("report.html").render(
        sections=sections,
        depth=misses.DEPTH,
        with_texts=with_texts,
        style=Markup(_template_file("report.css")),
        script=Markup(script),
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=_embedded({"texts": with_texts, "depth": misses.DEPTH, "sets": browsers}),
    )


def _section(number: int, summary: Summary) -> _Section:
    colours = _colours(summary)
    known = dict.fromkeys(name for each in summary.standings for name in each.figures)
    columns = [name for beginning in _FIGURES for name in known if name.startswith(beginning)]
    drawn = list(_plots(number, summary, colours))
    return _Section(summary, colours, drawn, _best(summary), columns)


def _plots(number: int, summary: Summary, colours: Mapping[str, str]) -> Iterator[_Plot]:
    """The plots for which there is something to draw; ``number`` makes their ids unique."""
    shown = _shown(summary)
    left_out = len(summary.standings) - len(shown)
    note = f"The table has {left_out} more." if left_out else ""
    primary = summary.primary or ""
    if lines := _lines(shown, colours, summary.recall):
        unit = primary.partition("@")[0]
        svg = plots.curves(f"recall-{number}", lines, "k", f"{unit}@k")
        yield _Plot(Markup(svg), "Recall against k", note=note)
    if lines := _lines(shown, colours, summary.evidence):
        labels = ("tokens of the prompt", "gold that stands in the prompt")
        svg = plots.curves(f"evidence-{number}", lines, *labels)
        yield _Plot(Markup(svg), "Evidence against the budget of the prompt", note=note)
    if len(summary.categories) > 1:
        others = [each.system for each in summary.standings if each.system != summary.ours]
        best = [summary.ours, *others[: _MOST_BARS - 1]]
        svg = plots.bars(f"categories-{number}", _groups(summary, best, colours), primary)
        legend = [(colours[system], system) for system in best]
        note_on_bars = "The best of the others." if len(best) <= len(others) else ""
        yield _Plot(Markup(svg), "Recall by category", legend, note_on_bars)
    if dots := _dots(shown, colours, primary):
        measured = next(key for each in shown for key in each.figures if key.startswith("p50 ms"))
        svg = plots.scatter(f"latency-{number}", dots, f"{measured}, line to p95", primary)
        silent = ", ".join(each.system for each in shown if not _searches(each))
        note_on_dots = f"Not drawn, as they do not search: {silent}." if silent else ""
        yield _Plot(Markup(svg), "Recall against latency", note=f"{note} {note_on_dots}".strip())


def _colours(summary: Summary) -> dict[str, str]:
    """Ours stands out, the others take turns in muted tones, in the order of their names."""
    others = sorted(each.system for each in summary.standings if each.system != summary.ours)
    return {summary.ours: "ours"} | dict(zip(others, cycle(plots.MUTED), strict=False))


def _shown(summary: Summary) -> list[Standing]:
    """Ours and the best of the others, the best first."""
    kept = {summary.ours}
    kept |= {each.system for each in summary.standings[: _MOST_DRAWN - 1]}
    return [each for each in summary.standings if each.system in kept]


def _best(summary: Summary) -> dict[str, float]:
    """The highest mean of each metric of the table."""
    return {
        metric: max(each.means[metric].mean for each in summary.standings if metric in each.means)
        for metric in summary.headline
    }


def _lines(
    shown: Sequence[Standing], colours: Mapping[str, str], metrics: Mapping[int, str]
) -> list[plots.Line]:
    """A line a system; none of a single point."""
    if len(metrics) < 2:
        return []
    points = [
        {x: each.means[metric] for x, metric in metrics.items() if metric in each.means}
        for each in shown
    ]
    return [
        plots.Line(each.system, colours[each.system], found)
        for each, found in zip(shown, points, strict=True)
        if found
    ]


def _groups(
    summary: Summary, systems: Sequence[str], colours: Mapping[str, str]
) -> dict[str, list[tuple[str, Interval]]]:
    """The categories, with the number of their questions, and the bars of each."""
    return {
        f"{category or 'other'} ({max(each.count for each in values.values()):,})": [
            (colours[system], values[system]) for system in systems if system in values
        ]
        for category, values in summary.categories.items()
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
    """Whether it takes the time that a search takes."""
    p50 = figure(standing.figures, "p50 ms")
    return p50 is None or p50 >= _INSTANT


def _browser(run: StoredRun, system: str, with_texts: bool) -> misses.Json:
    found = misses.browsable(run.outcomes(system), run.records(), run.first_gold_ranks())
    named = {"name": run.run.dataset, "system": system} | found
    return named if with_texts else misses.without_texts(named)


def _embedded(data: object) -> Markup:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _template_file(name: str) -> str:
    return (files("benchmarks.report") / "templates" / name).read_text("utf-8")


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
