"""The page: what the summaries and plots say, poured into the template. Pure but for reading runs.

The page forbids itself the network (a Content-Security-Policy), and runs no script but its own,
known by its SHA-256: words of the data are data, whatever they say.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from remem.benchmarks.intervals import Interval
from remem.benchmarks.report.pictures import Plot, colours_of, plots_of
from remem.benchmarks.report.summary import (
    DEPTH,
    Json,
    Summary,
    browsable,
    summarise,
    without_texts,
)
from remem.benchmarks.runs import StoredRun
from remem.benchmarks.tables import EVIDENCE

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
        loader=PackageLoader("remem.benchmarks.report"),
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
        across=_across([section.summary for section in sections]),
        depth=DEPTH,
        with_texts=with_texts,
        style=Markup(_template_file("report.css")),
        script=Markup(script),
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=_embedded({"texts": with_texts, "depth": DEPTH, "sets": browsers}),
    )


def _section(number: int, summary: Summary) -> _Section:
    colours = colours_of(summary)
    known = dict.fromkeys(name for each in summary.standings for name in each.figures)
    columns = [name for beginning in _FIGURES for name in known if name.startswith(beginning)]
    drawn = list(plots_of(number, summary, colours))
    return _Section(summary, colours, drawn, _best(summary), columns)


def _best(summary: Summary) -> dict[str, float]:
    """The highest mean of each metric of the table."""
    return {
        metric: max(each.means[metric].mean for each in summary.standings if metric in each.means)
        for metric in summary.headline
    }


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
