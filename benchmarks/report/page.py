"""The page: what the summaries and plots say, poured into the template. Pure but for reading runs.

The page forbids itself the network (a Content-Security-Policy), and runs no script but its own,
known by its SHA-256: words of the data are data, whatever they say.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchmarks.report import misses, plots
from benchmarks.report.summary import Standing, Summary, figure, summarise
from benchmarks.stored_run import StoredRun

__all__ = ["render"]

_MOST_DRAWN = 12  # systems in one plot
_MOST_BARS = 4
_COLOURS = 8  # muted ones, of the style sheet

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
    environment.filters |= {"share": _share, "number": _number, "plain_p": _p_value}
    return environment.get_template("report.html").render(
        sections=sections,
        figure=figure,
        depth=misses.DEPTH,
        with_texts=with_texts,
        style=Markup(_template_file("report.css")),
        script=Markup(script),
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=_embedded({"texts": with_texts, "depth": misses.DEPTH, "sets": browsers}),
    )


def _section(number: int, summary: Summary) -> _Section:
    colours = _colours(summary)
    drawn = _drawn(summary)
    left_out = len(summary.standings) - len(drawn)
    note = f"{left_out} more systems are in the table." if left_out else ""
    recall = f"{(summary.primary or '').partition('@')[0]}@k"
    found = [
        _curves(
            *("Recall against k", f"recall-{number}", drawn, colours),
            *(summary.recall, "k", recall, note),
        ),
        _curves(
            *("Evidence against the budget of the prompt", f"evidence-{number}", drawn, colours),
            *(summary.evidence, "tokens of the prompt", "gold that stands in the prompt", note),
        ),
        _bars(f"categories-{number}", summary, colours),
        _scatter(f"latency-{number}", summary, drawn, colours),
    ]
    columns = [
        name
        for name in _FIGURES
        if any(figure(each.figures, name) is not None for each in summary.standings)
    ]
    return _Section(summary, colours, [plot for plot in found if plot], _best(summary), columns)


def _colours(summary: Summary) -> dict[str, str]:
    """Ours stands out, the others take turns in muted tones, in the order of their names."""
    others = sorted(each.system for each in summary.standings if each.system != summary.ours)
    return {summary.ours: "ours"} | {
        system: f"other-{number % _COLOURS}" for number, system in enumerate(others)
    }


def _drawn(summary: Summary) -> list[Standing]:
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


def _curves(
    title: str,
    name: str,
    drawn: Sequence[Standing],
    colours: Mapping[str, str],
    metrics: Mapping[int, str],
    x_label: str,
    y_label: str,
    note: str,
) -> _Plot | None:
    lines = [
        plots.Line(
            each.system,
            colours[each.system],
            {x: each.means[metric] for x, metric in metrics.items() if metric in each.means},
        )
        for each in drawn
    ]
    lines = [line for line in lines if line.points]
    if not lines or len(metrics) < 2:
        return None
    return _Plot(Markup(plots.curves(name, lines, x_label, y_label)), title, note=note)


def _bars(name: str, summary: Summary, colours: Mapping[str, str]) -> _Plot | None:
    if len(summary.categories) < 2 or summary.primary is None:
        return None
    others = [each.system for each in summary.standings if each.system != summary.ours]
    shown = [summary.ours, *others[: _MOST_BARS - 1]]
    groups = {
        f"{category or 'other'} ({max(each.count for each in values.values()):,})": [
            (colours[system], values[system]) for system in shown if system in values
        ]
        for category, values in summary.categories.items()
    }
    svg = plots.bars(name, groups, summary.primary)
    legend = [(colours[system], system) for system in shown]
    note = f"{summary.ours} and the best of the others." if len(others) >= _MOST_BARS else ""
    return _Plot(Markup(svg), "Recall by category", legend, note)


def _scatter(
    name: str, summary: Summary, drawn: Sequence[Standing], colours: Mapping[str, str]
) -> _Plot | None:
    primary = summary.primary
    dots = [
        plots.Dot(each.system, colours[each.system], p50, p50 if p95 is None else p95, quality)
        for each in drawn
        for p50, p95 in [(figure(each.figures, "p50 ms"), figure(each.figures, "p95 ms"))]
        if p50 is not None and (quality := each.means.get(primary or ""))
    ]
    if not dots or primary is None:
        return None
    measured = next(key for each in drawn for key in each.figures if key.startswith("p50 ms"))
    svg = plots.scatter(name, dots, f"{measured}, line to p95", primary)
    return _Plot(Markup(svg), "Recall against latency")


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
    """ ".842", as the field writes shares."""
    return f"{value:.3f}".removeprefix("0")


def _number(value: float) -> str:
    """Three digits that matter: 0.62, 12.8, 1,204."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def _p_value(value: float) -> str:
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")
