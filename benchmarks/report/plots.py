"""Plots as SVG that lives inside a page: its text is text, its colours are the page's."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Bbox

from remem.benchmarks.intervals import Interval

_LABELS_AT = 1.06  # the plot's width is 1
_LONGEST_NAME = 24
_FIFTHS = ([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", ".2", ".4", ".6", ".8", "1"])

# Colours are drawn as placeholders and then exchanged for the page's CSS variables, so that one
# drawing serves a light and a dark page.
MUTED = tuple(f"other-{number}" for number in range(10))
"""The colours of the style sheet that are not remem's."""

_TOKENS = ("ink", "soft", "grid", "paper", "ours", *MUTED)
_COLOURS = {token: f"#0100{number:02x}" for number, token in enumerate(_TOKENS)}

_WIDTH, _HEIGHT = 5.4, 3.7  # inches of 72 units; shown at 400 pixels, letters are 11 high
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "remem",  # the same plot is the same text
    "font.family": "DejaVu Sans",  # to measure with; the page shows its own
    "font.size": 10.5,
    "axes.edgecolor": _COLOURS["grid"],
    "axes.labelcolor": _COLOURS["soft"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _COLOURS["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": _COLOURS["grid"],
    "ytick.color": _COLOURS["grid"],
    "xtick.labelcolor": _COLOURS["soft"],
    "ytick.labelcolor": _COLOURS["soft"],
    "ytick.major.size": 0,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A system over cutoffs or budgets; ``colour`` is a name of the page's palette."""

    label: str
    colour: str
    points: Mapping[float, Interval]


@dataclass(frozen=True, slots=True)
class Dot:
    """A system by its speed and quality."""

    label: str
    colour: str
    milliseconds: float
    slow_milliseconds: float
    quality: Interval


@dataclass(frozen=True, slots=True)
class Scale:
    """A horizontal axis of curves.

    Attributes:
        ticks: The places that are named; none: all that have a point.
        marked: A place of all lines that a dotted line shows, and for which the labels give the
            values; None: they give the last.
    """

    ticks: Sequence[float] = ()
    marked: float | None = None


def curves(
    name: str, lines: Sequence[Line], x_label: str, y_label: str, scale: Scale = Scale()
) -> str:
    """Lines with confidence bands over a logarithmic axis, each labelled where it ends."""
    with _drawing(name, x_label, y_label) as (axes, figure, svg):
        for line in lines:
            ours, colour = line.colour == "ours", _COLOURS[line.colour]
            xs, values = list(line.points), list(line.points.values())
            low, high = [each.low for each in values], [each.high for each in values]
            shade = 0.18 if ours else 0.08
            axes.fill_between(xs, low, high, color=colour, alpha=shade, lw=0, zorder=1 + 2 * ours)
            wide: dict[str, Any] = {"lw": 2.6, "ms": 5} if ours else {"lw": 1.3, "ms": 3}
            means = [each.mean for each in values]
            look: dict[str, Any] = {
                "marker": "o",
                "mew": 0,
                "clip_on": False,
                "zorder": 2 + 2 * ours,
            }
            axes.plot(xs, means, color=colour, **wide, **look)
        places = sorted({x for line in lines for x in line.points})
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(scale.ticks or places))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x)))
        axes.set_xlim(places[0], places[-1])
        if scale.marked is not None:
            axes.axvline(scale.marked, color=_COLOURS["soft"], lw=1, ls=(0, (2, 2)))
        left, room = 0.09, 1 - _label_ends(axes, lines, scale.marked) / figure.bbox.width
        figure.subplots_adjust(left=left, right=left + (room - left) / _LABELS_AT)
    return svg.text


def bars(name: str, groups: Mapping[str, Sequence[tuple[str, Interval]]], x_label: str) -> str:
    """Groups of horizontal bars with confidence intervals: group -> colour and value of each."""
    thick, gap, margins = 0.15, 0.16, 0.62  # inches
    most = max(map(len, groups.values()))
    step = most * thick + gap
    height = len(groups) * step + margins
    style = {"axes.grid.axis": "x", "axes.spines.bottom": False}
    with _drawing(name, x_label, None, height, style) as (axes, figure, svg):
        for place, values in enumerate(groups.values()):
            for number, (colour, value) in enumerate(values):
                _draw_bar(axes, place * step + number * thick, thick, colour, value)
        middles = [place * step + (most - 1) * thick / 2 for place in range(len(groups))]
        axes.set_yticks(middles, list(groups))
        axes.tick_params(axis="y", labelcolor=_COLOURS["ink"])
        axes.set_ylim(len(groups) * step - gap / 2, -gap / 2 - thick / 2)
        axes.set_xlim(0, 1.1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
        axes.tick_params(axis="x", length=0)
        widest = max(label.get_window_extent().width for label in axes.get_yticklabels())
        left = min((widest + 8) / figure.bbox.width, 0.5)
        figure.subplots_adjust(left, bottom=0.5 / height, right=0.98, top=1 - 0.08 / height)
    return svg.text


def scatter(name: str, dots: Sequence[Dot], x_label: str, y_label: str) -> str:
    """Speed on a logarithmic axis against quality; whiskers to the slow end and over the interval.

    Args:
        dots: None of them took no time at all.
    """
    with _drawing(name, x_label, y_label) as (axes, figure, svg):
        axes.set_xscale("log")
        for dot in dots:
            slower = dot.slow_milliseconds - dot.milliseconds
            size = 10 if dot.colour == "ours" else 6.5
            _draw_dot(axes, dot.milliseconds, dot.quality, size, dot.colour, slower)
        low = min(dot.milliseconds for dot in dots)
        axes.set_xlim(low / 1.8, max(dot.slow_milliseconds for dot in dots) * 3.2)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # powers of ten may all be outside
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        _label_dots(figure, axes, dots)
    return svg.text


def diagonal(name: str, points: Mapping[float, Interval], x_label: str, y_label: str) -> str:
    """Shares against what was said of them: on the diagonal what is said is so. The larger a dot,
    the more values are behind it; whiskers are over the interval."""
    with _drawing(name, x_label, y_label) as (axes, _, svg):
        axes.plot([0, 1], [0, 1], color=_COLOURS["soft"], lw=1, ls=(0, (4, 3)))
        means = [value.mean for value in points.values()]
        axes.plot(list(points), means, color=_COLOURS["ours"], lw=1.3)
        most = math.log1p(max(value.count for value in points.values()))
        for said, value in points.items():
            # By the logarithm: nine memories in ten are said not to matter.
            _draw_dot(axes, said, value, 3 + 7 * math.log1p(value.count) / most, "ours")
        axes.set_xlim(0, 1.02)
        axes.set_xticks(*_FIFTHS)
    return svg.text


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones, in their order, at least ``gap`` apart and within the ends.

    Where there is too little room, the ends give way upwards.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [wanted[index] for index in order]
    for index in range(len(places)):
        least = low if index == 0 else places[index - 1] + gap
        places[index] = max(places[index], least)
    top = max(high, low + gap * (len(places) - 1))
    for index in reversed(range(len(places))):
        most = top if index == len(places) - 1 else places[index + 1] - gap
        places[index] = min(places[index], most)
    return [place for _, place in sorted(zip(order, places, strict=True))]


@dataclass(slots=True)
class _Svg:
    text: str = ""


@contextmanager
def _drawing(
    name: str,
    x_label: str,
    y_label: str | None,
    height: float = _HEIGHT,
    style: Mapping[Any, Any] | None = None,
) -> Iterator[tuple[Axes, Figure, _Svg]]:
    """An empty drawing without a ground of its own, which becomes text when the block ends.

    Args:
        name: Makes the ids of the drawing unique on its page.
        y_label: Of an axis from 0 to 1, above it, where it is read; None: the caller's own axis.
    """
    with mpl.rc_context({**_STYLE, **(style or {})}):
        figure = Figure(figsize=(_WIDTH, height))
        figure.patch.set_alpha(0)
        figure.subplots_adjust(left=0.09, right=0.97, bottom=0.15, top=0.9)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.set_xlabel(x_label)
        if y_label is not None:
            axes.set_ylim(0, 1.02)
            axes.set_yticks(*_FIFTHS)
            axes.set_title(y_label, loc="left", fontsize=10.5, color=_COLOURS["soft"], x=-0.07)
        svg = _Svg()
        yield axes, figure, svg
        svg.text = _for_page(figure, name)


def _for_page(figure: Figure, name: str) -> str:
    """The drawing for inside a page: no header, no size of its own, ids that are this plot's."""
    target = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(target, format="svg", metadata=nothing)
    text = target.getvalue()
    text = text[text.index("<svg") :]
    # A style sheet in the drawing would reach the whole page, which has these rules itself.
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    for size in ("width", "height"):
        text = re.sub(rf'(<svg[^>]*?) {size}="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for token, placeholder in _COLOURS.items():
        text = text.replace(placeholder, f"var(--{token})")
    return text


def _label_ends(axes: Axes, lines: Sequence[Line], marked: float | None) -> float:
    """The name of each line to its right, moved apart where lines end together, and its value at
    the marked place or else at the end.

    Returns:
        Width of the widest label.
    """
    ends = [list(line.points.values())[-1].mean for line in lines]
    widest = 0.0
    for line, end, place in zip(lines, ends, spread(ends, 0.068, 0.0, 1.0), strict=True):
        told = end if marked is None else line.points[marked].mean
        ends_at: dict[str, Any] = {"shrinkA": 1, "shrinkB": 4, "relpos": (0, 0.5)}
        pointer = {"arrowstyle": "-", "color": _COLOURS[line.colour], "linewidth": 0.6, **ends_at}
        label = axes.annotate(
            f"{_short(told)} {_cut(line.label)}",
            xy=(1, end),
            xytext=(_LABELS_AT, place),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            arrowprops=pointer,
            **_label(line.colour),
        )
        widest = max(widest, Text.get_window_extent(label).width)  # without the line to it
    return widest


def _label_dots(figure: Figure, axes: Axes, dots: Sequence[Dot]) -> None:
    """A name beside each dot, at the first place where it covers no dot and no other name."""
    pixels = figure.dpi / 72
    centres = [axes.transData.transform((dot.milliseconds, dot.quality.mean)) for dot in dots]
    taken = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in centres]
    for dot in sorted(dots, key=lambda dot: dot.colour != "ours"):
        at = (dot.milliseconds, dot.quality.mean)
        text = axes.annotate(
            _cut(dot.label), xy=at, xytext=(0, 0), textcoords="offset points", **_label(dot.colour)
        )
        box = text.get_window_extent()
        wide = box.width / pixels
        sides = [(side, up) for side in (8, -8 - wide) for up in (7, -8, 15, -16, 23, -24)]
        offsets = [*sides, (-wide / 2, 14), (-wide / 2, -14)]
        boxes = [box.translated(right * pixels, up * pixels) for right, up in offsets]
        inside = axes.bbox
        free = (
            index
            for index, place in enumerate(boxes)
            if inside.x0 <= place.x0 and place.x1 <= inside.x1 and inside.y0 <= place.y0
            if not any(place.overlaps(other) for other in taken)
        )
        chosen = next(free, 0)
        text.set_position(offsets[chosen])
        taken.append(boxes[chosen])


def _label(colour: str) -> dict[str, Any]:
    weight = "bold" if colour == "ours" else "normal"
    here = {"va": "center_baseline", "annotation_clip": False}
    return {"color": _COLOURS[colour], "fontweight": weight, **here}


def _draw_bar(axes: Axes, y: float, thick: float, colour: str, value: Interval) -> None:
    ours = colour == "ours"
    solid = 1 if ours else 0.55
    axes.barh(y, value.mean, height=thick * 0.86, color=_COLOURS[colour], alpha=solid, lw=0)
    line: dict[str, Any] = {
        "color": _COLOURS["ink"],
        "lw": 0.9,
        "alpha": 0.75,
        "solid_capstyle": "butt",
    }
    axes.plot([value.low, value.high], [y, y], **line)
    weight, ink = ("bold", "ink") if ours else ("normal", "soft")
    look: dict[str, Any] = {"color": _COLOURS[ink], "fontsize": 8.5, "fontweight": weight}
    beside = max(value.high, value.mean) + 0.012
    axes.text(beside, y, _short(value.mean), va="center_baseline", **look)


def _draw_dot(
    axes: Axes, x: float, value: Interval, size: float, colour: str, slower: float = 0.0
) -> None:
    """A dot with whiskers over its interval, and to the right if it is sometimes slower."""
    axes.errorbar(
        x,
        value.mean,
        xerr=[[0.0], [slower]],
        yerr=[[max(value.mean - value.low, 0)], [max(value.high - value.mean, 0)]],
        fmt="o",
        color=_COLOURS[colour],
        elinewidth=1,
        markersize=size,
        markeredgecolor=_COLOURS["paper"],
        markeredgewidth=1,
        clip_on=False,
        zorder=5 if colour == "ours" else 4,
    )


def _cut(name: str) -> str:
    """A name that leaves room for the plot; the table has it whole."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _tick(place: float) -> str:
    return f"{place:,.0f}" if place >= 1 else f"{place:g}".removeprefix("0")


def _short(value: float) -> str:
    """As the field writes shares: ".84"."""
    return f"{value:.2f}".removeprefix("0")
