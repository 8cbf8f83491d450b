"""Plots as SVG that lives inside a page: its text is text, its colours are the page's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Line:
    """A system over cutoffs or budgets; ``colour`` is a name of the page's palette."""

    label: str
    colour: str
    points: Mapping[float, Interval]

    @property
    def ours(self) -> bool:
        """True if it is the one that the plot is about."""
        return self.colour == "ours"


@dataclass(frozen=True, slots=True)
class Dot:
    """A system by its speed and quality."""

    label: str
    colour: str
    milliseconds: float
    slow_milliseconds: float
    quality: Interval

    @property
    def ours(self) -> bool:
        """True if it is the one that the plot is about."""
        return self.colour == "ours"


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
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(HEIGHT)
        for line in lines:
            _draw_line(axes, line)
        places = sorted({x for line in lines for x in line.points})
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(scale.ticks or places))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x)))
        axes.set_xlim(places[0], places[-1])
        if scale.marked is not None:
            dots = (0, (2, 2))
            axes.axvline(scale.marked, color=PLACEHOLDERS["soft"], linewidth=1, linestyle=dots)
        quality_axis(axes, y_label)
        axes.set_xlabel(x_label)
        left, room = 0.09, 1 - _label_ends(axes, lines, scale.marked) / figure.bbox.width
        right = left + (room - left) / _LABELS_AT
        figure.subplots_adjust(left=left, right=right, bottom=0.15, top=0.9)
        return svg_of(figure, name)


def bars(name: str, groups: Mapping[str, Sequence[tuple[str, Interval]]], x_label: str) -> str:
    """Groups of horizontal bars with confidence intervals: group -> colour and value of each."""
    thick, gap = 0.15, 0.16  # inches
    most = max(map(len, groups.values()))
    step = most * thick + gap
    margins = 0.62
    height = len(groups) * step + margins
    with mpl.rc_context({**STYLE, "axes.grid.axis": "x", "axes.spines.bottom": False}):
        figure, axes = new_figure(height)
        for place, values in enumerate(groups.values()):
            for number, (colour, value) in enumerate(values):
                _draw_bar(axes, place * step + number * thick, thick, colour, value)
        middles = [place * step + (most - 1) * thick / 2 for place in range(len(groups))]
        axes.set_yticks(middles, list(groups))
        for label in axes.get_yticklabels():
            label.set_color(PLACEHOLDERS["ink"])
        axes.set_ylim(len(groups) * step - gap / 2, -gap / 2 - thick / 2)
        axes.set_xlim(0, 1.1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
        axes.tick_params(axis="x", length=0)
        axes.set_xlabel(x_label)
        figure.subplots_adjust(
            left=_share_of_labels(axes), right=0.98, bottom=0.5 / height, top=1 - 0.08 / height
        )
        return svg_of(figure, name)


def scatter(name: str, dots: Sequence[Dot], x_label: str, y_label: str) -> str:
    """Speed on a logarithmic axis against quality; whiskers to the slow end and over the interval.

    Args:
        dots: None of them took no time at all.
    """
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(HEIGHT)
        axes.set_xscale("log")
        for dot in dots:
            _draw_dot(axes, dot)
        low = min(dot.milliseconds for dot in dots)
        high = max(dot.slow_milliseconds for dot in dots)
        axes.set_xlim(low / 1.8, high * 3.2)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # powers of ten may all be outside
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        quality_axis(axes, y_label)
        axes.set_xlabel(x_label)
        figure.subplots_adjust(left=0.09, right=0.97, bottom=0.15, top=0.9)
        _label_dots(figure, axes, dots)
        return svg_of(figure, name)


def diagonal(name: str, points: Mapping[float, Interval], x_label: str, y_label: str) -> str:
    """Shares against what was said of them: on the diagonal what is said is so. The larger a dot,
    the more values are behind it; whiskers are over the interval."""
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(HEIGHT)
        axes.plot([0, 1], [0, 1], color=PLACEHOLDERS["soft"], linewidth=1, linestyle=(0, (4, 3)))
        most = max(value.count for value in points.values())
        axes.plot(
            list(points),
            [value.mean for value in points.values()],
            color=PLACEHOLDERS["ours"],
            linewidth=1.3,
        )
        for said, value in points.items():
            _draw_share(axes, said, value, most)
        axes.set_xlim(0, 1.02)
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", ".2", ".4", ".6", ".8", "1"])
        quality_axis(axes, y_label)
        axes.set_xlabel(x_label)
        figure.subplots_adjust(left=0.09, right=0.97, bottom=0.15, top=0.9)
        return svg_of(figure, name)


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


def _draw_line(axes: Axes, line: Line) -> None:
    colour = PLACEHOLDERS[line.colour]
    xs = list(line.points)
    intervals = list(line.points.values())
    axes.fill_between(
        xs,
        [each.low for each in intervals],
        [each.high for each in intervals],
        color=colour,
        alpha=0.18 if line.ours else 0.08,
        linewidth=0,
        zorder=3 if line.ours else 1,
    )
    axes.plot(
        xs,
        [each.mean for each in intervals],
        color=colour,
        linewidth=2.6 if line.ours else 1.3,
        marker="o",
        markersize=5 if line.ours else 3,
        markeredgewidth=0,
        zorder=4 if line.ours else 2,
        clip_on=False,
    )


def _label_ends(axes: Axes, lines: Sequence[Line], marked: float | None) -> float:
    """The name of each line to its right, moved apart where lines end together, and its value at
    the marked place or else at the end.

    Returns:
        Width of the widest label.
    """
    ends = [list(line.points.values())[-1].mean for line in lines]
    widest = 0.0
    for line, end, place in zip(lines, ends, spread(ends, 0.068, 0.0, 1.0), strict=True):
        colour = PLACEHOLDERS[line.colour]
        told = end if marked is None else line.points[marked].mean
        label = axes.annotate(
            f"{_short(told)} {_cut(line.label)}",
            xy=(1, end),
            xytext=(_LABELS_AT, place),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            color=colour,
            fontweight="bold" if line.ours else "normal",
            va="center_baseline",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 4,
                "relpos": (0, 0.5),
            },
        )
        widest = max(widest, Text.get_window_extent(label).width)  # without the line to it
    return widest


def _draw_bar(axes: Axes, y: float, thick: float, colour: str, value: Interval) -> None:
    axes.barh(
        y,
        value.mean,
        height=thick * 0.86,
        color=PLACEHOLDERS[colour],
        alpha=1 if colour == "ours" else 0.55,
        linewidth=0,
    )
    axes.plot(
        [value.low, value.high],
        [y, y],
        color=PLACEHOLDERS["ink"],
        linewidth=0.9,
        alpha=0.75,
        solid_capstyle="butt",
    )
    axes.text(
        max(value.high, value.mean) + 0.012,
        y,
        _short(value.mean),
        color=PLACEHOLDERS["ink" if colour == "ours" else "soft"],
        fontsize=8.5,
        fontweight="bold" if colour == "ours" else "normal",
        va="center_baseline",
    )


def _draw_dot(axes: Axes, dot: Dot) -> None:
    colour = PLACEHOLDERS[dot.colour]
    x, slow = dot.milliseconds, dot.slow_milliseconds
    value = dot.quality
    for xs, ys in (([x, slow], [value.mean] * 2), ([x, x], [value.low, value.high])):
        axes.plot(xs, ys, color=colour, linewidth=1, alpha=0.55, solid_capstyle="butt")
    axes.plot(
        x,
        value.mean,
        marker="o",
        markersize=10 if dot.ours else 6.5,
        color=colour,
        markeredgecolor=PLACEHOLDERS["paper"],
        markeredgewidth=1,
        clip_on=False,
        zorder=5 if dot.ours else 4,
    )


def _draw_share(axes: Axes, said: float, value: Interval, most: int) -> None:
    colour = PLACEHOLDERS["ours"]
    axes.plot([said, said], [value.low, value.high], color=colour, linewidth=1.3, alpha=0.7)
    axes.plot(
        said,
        value.mean,
        marker="o",
        # By the logarithm: nine memories in ten are said not to matter.
        markersize=3 + 7 * math.log1p(value.count) / math.log1p(most),
        color=colour,
        markeredgecolor=PLACEHOLDERS["paper"],
        markeredgewidth=1,
        clip_on=False,
        zorder=5,
    )


def _label_dots(figure: Figure, axes: Axes, dots: Sequence[Dot]) -> None:
    """A name beside each dot, at the first place where it covers no dot and no other name."""
    pixels = figure.dpi / 72
    centres = [axes.transData.transform((dot.milliseconds, dot.quality.mean)) for dot in dots]
    taken = [Bbox.from_bounds(x - 6, y - 6, 12, 12) for x, y in centres]
    for dot in sorted(dots, key=lambda dot: not dot.ours):
        text = axes.annotate(
            _cut(dot.label),
            xy=(dot.milliseconds, dot.quality.mean),
            xytext=(0, 0),
            textcoords="offset points",
            color=PLACEHOLDERS[dot.colour],
            fontweight="bold" if dot.ours else "normal",
            va="center_baseline",
            annotation_clip=False,
        )
        box = text.get_window_extent()
        wide = box.width / pixels
        beside = [(8, up) for up in (7, -8, 15, -16, 23, -24)]
        before = [(-8 - wide, up) for up in (7, -8, 15, -16, 23, -24)]
        offsets = [*beside, *before, (-wide / 2, 14), (-wide / 2, -14)]
        boxes = [box.translated(right * pixels, up * pixels) for right, up in offsets]
        free = (
            index
            for index, place in enumerate(boxes)
            if axes.bbox.x0 <= place.x0
            and place.x1 <= axes.bbox.x1
            and axes.bbox.y0 <= place.y0
            and not any(place.overlaps(other) for other in taken)
        )
        chosen = next(free, 0)
        text.set_position(offsets[chosen])
        taken.append(boxes[chosen])


def _share_of_labels(axes: Axes) -> float:
    """The share of the width that the labels of the vertical axis take."""
    widest = max(label.get_window_extent().width for label in axes.get_yticklabels())
    return float(min((widest + 8) / axes.figure.bbox.width, 0.5))


def _cut(name: str) -> str:
    """A name that leaves room for the plot; the table has it whole."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _tick(place: float) -> str:
    return f"{place:,.0f}" if place >= 1 else f"{place:g}".removeprefix("0")


def _short(value: float) -> str:
    """As the field writes shares: ".84"."""
    return f"{value:.2f}".removeprefix("0")


#     The surface that plots are drawn on: SVG that lives inside a page, in the page's own
# colours.
#
# Colours are drawn as placeholders and then exchanged for the page's CSS variables, so that one
# drawing serves a light and a dark page.

MUTED = tuple(f"other-{number}" for number in range(10))
"""The colours of the style sheet that are not remem's."""

_TOKENS = ("ink", "soft", "grid", "paper", "ours", *MUTED)
PLACEHOLDERS = {token: f"#0100{number:02x}" for number, token in enumerate(_TOKENS)}

_WIDTH, HEIGHT = 5.4, 3.7  # inches of 72 units; shown at 400 pixels, letters are 11 high
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "remem",  # the same plot is the same text
    "font.family": "DejaVu Sans",  # to measure with; the page shows its own
    "font.size": 10.5,
    "axes.edgecolor": PLACEHOLDERS["grid"],
    "axes.labelcolor": PLACEHOLDERS["soft"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": PLACEHOLDERS["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": PLACEHOLDERS["grid"],
    "ytick.color": PLACEHOLDERS["grid"],
    "xtick.labelcolor": PLACEHOLDERS["soft"],
    "ytick.labelcolor": PLACEHOLDERS["soft"],
    "ytick.major.size": 0,
    "lines.solid_capstyle": "round",
}


def new_figure(height: float) -> tuple[Figure, Axes]:
    """An empty drawing of this height, in inches, without a ground of its own."""
    figure = Figure(figsize=(_WIDTH, height))
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    return figure, axes


def quality_axis(axes: Axes, label: str) -> None:
    """From 0 to 1, named above the axis, where it is read."""
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", ".2", ".4", ".6", ".8", "1"])
    axes.set_title(label, loc="left", fontsize=10.5, color=PLACEHOLDERS["soft"], x=-0.07)


def svg_of(figure: Figure, name: str) -> str:
    """The drawing for inside a page: no header, no size of its own, ids that are this plot's."""
    target = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(target, format="svg", metadata=nothing)
    text = target.getvalue()
    text = text[text.index("<svg") :]
    # A style sheet in the drawing would reach the whole page, which has these rules itself.
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for token, placeholder in PLACEHOLDERS.items():
        text = text.replace(placeholder, f"var(--{token})")
    return text
