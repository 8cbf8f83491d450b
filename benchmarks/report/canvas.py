"""The surface that plots are drawn on: SVG that lives inside a page, in the page's own colours.

Colours are drawn as placeholders and then exchanged for the page's CSS variables, so that one
drawing serves a light and a dark page.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["HEIGHT", "MUTED", "PLACEHOLDERS", "STYLE", "new_figure", "quality_axis", "svg_of"]

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
