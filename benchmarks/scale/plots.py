"""How the figures grow, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from remem.benchmarks.scale.figures import Measured
from remem.store import InvalidInput

SHOWN = (
    *("ingest, records/s", "dense p50, ms", "hybrid p50, ms"),
    *("filter keeps 10 % p50, ms", "filter keeps 1 % p50, ms", "filter keeps 0.01 % p50, ms"),
    *("add one and find it p50, ms", "delete 1 %, s", "open and answer, s"),
    *("peak memory, ingest, MB", "peak memory, search, MB", "bytes on disk a record"),
)
"""The figures that are drawn, row by row."""

_COLUMNS = 3


def can_write(path: Path) -> None:
    """See to it that a plot can be written there, before anything is measured.

    Raises:
        InvalidInput: the name does not end as a picture's, or the folder does not exist.
    """
    known = Figure().canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in known:
        raise InvalidInput(f"{path} is no picture: let its name end in .svg, .png or .pdf")
    if not path.parent.is_dir():
        raise InvalidInput(f"the folder of {path} does not exist: make it first")


def plot(measured: Sequence[Measured], path: Path) -> None:
    """Draw each figure over the number of records, both logarithmic: a line for each system.

    Args:
        path: Its ending says the format: .svg, .png, .pdf.
    """
    rows = -(-len(SHOWN) // _COLUMNS)
    figure = Figure(figsize=(4 * _COLUMNS, 2.8 * rows), layout="constrained")
    axes = figure.subplots(rows, _COLUMNS, sharex=True).flat
    systems = list(dict.fromkeys(one.system for one in measured))
    for name, each in zip(SHOWN, axes, strict=True):
        _panel(each, name, measured, systems)
    for each in list(axes)[-_COLUMNS:]:
        each.set_xlabel("records")
    lines, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path)


def _panel(axes: Axes, name: str, measured: Sequence[Measured], systems: Sequence[str]) -> None:
    axes.set_title(name, loc="left", fontsize=10)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted({one.records for one in measured})))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda records, _: f"{records:,.0f}"))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    for system in systems:
        points = [
            (one.records, one.figures[name])
            for one in measured
            if one.system == system and one.figures.get(name, 0) > 0
        ]
        ours = system == systems[0]
        axes.plot(
            [records for records, _ in points],
            [value for _, value in points],
            marker="o",
            markersize=5 if ours else 3,
            linewidth=2.6 if ours else 1.2,
            zorder=3 if ours else 2,
            label=system,
        )
