"""Accuracy over distance, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from remem.benchmarks.horizon.conversations import EDGES, GUESSING, Bucket
from remem.benchmarks.horizon.figures import ALONE, Curve

_COLOURS = ("#c2410c", "#1d4ed8", "#047857", "#7e22ce", "#57534e")


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Write a picture: a colour for each model, dashed where it is alone."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    models = list(dict.fromkeys(curve.model for curve in curves))
    for curve in curves:
        alone = curve.arm == ALONE
        colour = _COLOURS[models.index(curve.model) % len(_COLOURS)]
        places = [_middle(bucket) for bucket in curve.shares]
        shares = curve.shares.values()
        axes.fill_between(
            places,
            [share.low for share in shares],
            [share.high for share in shares],
            color=colour,
            alpha=0.12,
            linewidth=0,
        )
        axes.plot(
            places,
            [share.mean for share in shares],
            color=colour,
            linestyle="--" if alone else "-",
            linewidth=1.6 if alone else 2.4,
            marker="o",
            markersize=4,
            label=curve.name,
        )
    axes.axhline(GUESSING, color="#78716c", linewidth=1, linestyle=":", label="guessing")
    reached = [edge for edge in EDGES if edge <= max(bucket[1] for bucket in curves[0].shares)]
    axes.set_xscale("log")
    axes.set_xlim(reached[0], reached[-1])
    axes.xaxis.set_major_locator(FixedLocator(reached))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: f"{tokens:,.0f}"))
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("tokens between what was said and the question")
    axes.set_ylabel("right answers")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=150)


def _middle(bucket: Bucket) -> float:
    return float((bucket[0] * bucket[1]) ** 0.5)
