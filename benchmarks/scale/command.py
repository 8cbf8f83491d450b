"""``remem bench scale``: how a store grows, beside other systems."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from rich.table import Table

from remem.benchmarks import options
from remem.benchmarks.datasets.detect import detect_all
from remem.benchmarks.machine import describe
from remem.benchmarks.pictures import can_write
from remem.benchmarks.scale import parts
from remem.benchmarks.scale.figures import (
    ADVANTAGES,
    FIGURES,
    GROWTH,
    NAMESPACES,
    Figures,
    Measured,
    advantages,
    growth,
    targets_at,
)
from remem.benchmarks.scale.making import MadeUp, Material, Multiplied, make
from remem.benchmarks.systems.peers import GROWING as PEERS
from remem.benchmarks.tables import Targets, figure_table, plain_table
from remem.cli.screen import counted, print_json, print_out
from remem.store import UpstreamError
from remem.views import VIEWS

_SIZES = (10_000, 100_000)

# The callbacks of options: click passes its context, the option, and what was given for it.


def as_sizes(*args: Any) -> tuple[int, ...] | None:
    """Numbers of records with commas between them, smallest first; None if none were given."""
    if (value := args[-1]) is None:
        return None
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", value):
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 10000,100000")
    return tuple(sorted({int(each) for each in value.split(",")}))


def as_peers(*args: Any) -> tuple[str, ...]:
    """Names of systems with commas between them, in the order of ``PEERS``."""
    names = {each.strip() for each in args[-1].split(",") if each.strip()}
    if "all" in names:
        return tuple(PEERS)
    if unknown := sorted(names - PEERS.keys()):
        known = ", ".join([*PEERS, "all"])
        raise click.BadParameter(f"there is no peer {unknown[0]!r}; choose from {known}")
    return tuple(name for name in PEERS if name in names)


def as_namespaces(*args: Any) -> tuple[int, int] | None:
    """Number of namespaces, and of records in each; None if the option was not given."""
    if (value := args[-1]) is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
    if not found:
        raise click.BadParameter(f"{value!r} is not of the form 10000x100")
    return int(found[1]), int(found[2])


@click.command()
@click.option(
    "--records",
    "sizes",
    metavar="NUMBERS",
    callback=as_sizes,
    help="Sizes to measure, with commas between them  [default: 10000,100000, or none with "
    "--namespaces]",
)
@click.option(
    "--namespaces",
    metavar="NxM",
    callback=as_namespaces,
    help="So many namespaces of so many records each, opened at random",
)
@click.option(
    "--views", default=1, show_default=True, type=click.IntRange(1, 2), help="Of remem's records"
)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A data set as in 'bench recall', encoded and then multiplied with noise; may be repeated "
    "[default: made-up records]",
)
@click.option(
    "--peers",
    metavar="NAMES",
    callback=as_peers,
    default="",
    help=f"Other systems to measure beside remem, with commas between them, or 'all': "
    f"{', '.join(PEERS)}",
)
@click.option(
    "--store",
    metavar="PATH",
    help="A folder to work in, or the url of an empty store on a server, for remem",
)
@options.plot("the growth")
@options.as_json
def scale(
    sizes: tuple[int, ...] | None,
    namespaces: tuple[int, int] | None,
    views: int,
    data: tuple[Path, ...],
    peers: tuple[str, ...],
    store: str | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Ingest, search, filters, deletion, opening, memory and disk as a store grows.

    Every system is filled in one process and asked in another, with the same texts and vectors.
    """
    if sizes is None:
        sizes = () if namespaces else _SIZES
    if picture and not sizes:
        raise click.UsageError("--plot draws how sizes grow: name them with --records")
    parts.require(peers)
    detect_all(data)
    if picture:
        can_write(picture)
    measured: list[Measured] = []
    with parts.place_for(store) as place:
        for at_size in grow(place, data, views, sizes, [parts.REMEM, *peers], _tell):
            measured += at_size
            if not as_json:
                _show(at_size, views, place.url)
        opened = many_namespaces(place, views, *namespaces, _tell) if namespaces else {}
    if picture:
        plot(measured, picture)
    if as_json:
        print_json(_everything(measured, opened))
        return
    for (small, large), factors in growth(measured).items():
        title = f"From {small:,} to {large:,} records each figure is multiplied by"
        print_out(title, "", growth_table(factors), "")
        print_out(*missed(factors.get(parts.REMEM, {}), GROWTH.get((small, large), {})))
    if namespaces:
        number, each = namespaces
        print_out(f"{number:,} namespaces of {each:,} records", "", figure_table(opened), "")
        print_out(*missed(opened, NAMESPACES.get(namespaces, {})))
    print_out(describe())


def _tell(what: str) -> None:
    """Say what is going on, for whoever waits."""
    click.echo(f"{datetime.now():%H:%M:%S} {what}", err=True)


def _show(measured: Sequence[Measured], views: int, url: str | None) -> None:
    title = f"{measured[0].records:,} records, {counted(views, 'view')} of each in remem"
    print_out(title, "", size_table(measured), "")
    first = measured[0]
    short = missed(first.figures, targets_at(first.records, views, url))
    if (first.records, views, url) == (100_000, 1, None):
        for peer, factors in advantages(measured).items():
            short += missed(factors, ADVANTAGES.get(peer, {}), f", times better than {peer}")
    if notes := [*footnotes(measured), *short]:
        print_out(*notes, "")


def _everything(measured: Sequence[Measured], in_namespaces: dict[str, float]) -> dict[str, Any]:
    return {
        "machine": describe(),
        "measured": [asdict(one) for one in measured],
        "growth": [
            {"from": small, "to": large, "factors": factors}
            for (small, large), factors in growth(measured).items()
        ],
        "namespaces": in_namespaces,
    }


# The figures for the terminal.
def size_table(measured: Sequence[Measured]) -> Table:
    """All systems at one size: a row for each figure, with the numbers of its footnotes."""
    marks = _marks(measured)
    rows = [
        [name, *(_cell(one, name, marks) for one in measured)]
        for name in FIGURES
        if any(name in one.figures or name in one.notes for one in measured)
    ]
    return plain_table(["", *(one.system for one in measured)], rows)


def footnotes(measured: Sequence[Measured]) -> list[str]:
    """Notes that the numbers in brackets in ``size_table`` stand for."""
    return [f"[{number}] {note}" for note, number in _marks(measured).items()]


def missed(figures: Figures, targets: Targets, what: str = "") -> list[str]:
    """A line for each target that is missed.

    Args:
        what: Said behind the name of a figure.
    """
    return [
        f"missed: {name}{what} {_shown(name, figures[name])}, target {target}"
        for name, target in targets.items()
        if name in figures and not target.met(figures[name])
    ]


def growth_table(factors: Mapping[str, Figures]) -> Table:
    """By what each figure of each system is multiplied from one size to the next."""
    rows = [
        [name, *(f"{each[name]:.2f}" if name in each else "-" for each in factors.values())]
        for name in FIGURES
        if any(name in each for each in factors.values())
    ]
    return plain_table(["", *factors], rows)


def _marks(measured: Sequence[Measured]) -> dict[str, int]:
    notes = dict.fromkeys(
        f"{one.system}: {note}" for one in measured for note in one.notes.values()
    )
    return {note: number for number, note in enumerate(notes, 1)}


def _cell(one: Measured, name: str, marks: Mapping[str, int]) -> str:
    value = one.figures.get(name)
    shown = "-" if value is None else _shown(name, value)
    note = one.notes.get(name)
    return shown if note is None else f"{shown} [{marks[f'{one.system}: {note}']}]"


def _shown(name: str, value: float) -> str:
    if "recall" in name:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


# All sizes and systems, one after the other, each part in a process of its own.

Tell = Callable[[str], object]

_OURS = "the benchmark"
"""The maker of what all systems are given."""


def grow(
    place: parts.Place,
    data: Sequence[Path],
    views: int,
    sizes: Sequence[int],
    systems: Sequence[str],
    tell: Tell,
) -> Iterator[list[Measured]]:
    """Measure all systems at one size after the other.

    Args:
        place: What is made in its folder is deleted as soon as it is not needed any more.
        data: Paths of data sets; none: made-up records.

    Raises:
        UpstreamError: the records could not be made.
    """
    encoded, folder = place.work / "encoded", place.work / "material"
    if data and sizes:
        tell("the data is encoded")
        parts.run(_OURS, parts.encode_all, encoded, data, VIEWS[:views])
    for records in sizes:
        tell(f"{records:,} records are made")
        parts.run(_OURS, make, folder, Multiplied(encoded) if data else MadeUp(), records, views)
        yield [_measured(name, place, Material(folder), records, tell) for name in systems]
        shutil.rmtree(folder)


def many_namespaces(
    place: parts.Place, views: int, namespaces: int, each: int, tell: Tell
) -> Figures:
    """Fill so many namespaces of remem's store, and open them at random.

    Raises:
        UpstreamError: it failed.
    """
    where = place.url or place.work / parts.REMEM
    figures: Figures = {}
    for measure, called in ((parts.fill_namespaces, "ingest"), (parts.open_at_random, "search")):
        tell(f"{called} of {namespaces:,} namespaces")
        found, peak = parts.run(parts.REMEM, measure, where, namespaces, each, VIEWS[:views])
        figures |= {**found, f"peak memory, {called}, MB": peak}
    _clean(parts.REMEM, place)
    return figures


def _measured(
    name: str, place: parts.Place, material: Material, records: int, tell: Tell
) -> Measured:
    folder, system = place.work / name, parts.chosen(name, place.url)
    folder.mkdir()
    figures: Figures = {}
    notes: parts.Notes = {}
    for measure, called in ((parts.fill, "ingest"), (parts.ask, "search")):
        tell(f"{name}: {called}")
        try:
            (found, said), peak = parts.run(name, measure, system, folder, material)
        except UpstreamError as error:  # the other systems are worth knowing all the same
            notes[FIGURES[0]] = str(error)
            break
        figures |= {**found, f"peak memory, {called}, MB": peak}
        notes |= said
    _clean(name, place)
    return Measured(name, records, figures, notes)


def _clean(name: str, place: parts.Place) -> None:
    shutil.rmtree(place.work / name, ignore_errors=True)
    if place.url and name == parts.REMEM:
        parts.empty(place.url)


SHOWN = (
    *("ingest, records/s", "dense p50, ms", "hybrid p50, ms"),
    *("filter keeps 10 % p50, ms", "filter keeps 1 % p50, ms", "filter keeps 0.01 % p50, ms"),
    *("add one and find it p50, ms", "delete 1 %, s", "open and answer, s"),
    *("peak memory, ingest, MB", "peak memory, search, MB", "bytes on disk a record"),
)
"""The figures that are drawn, row by row."""

_COLUMNS = 3


def plot(measured: Sequence[Measured], path: Path) -> None:
    """Draw each figure over the number of records, both logarithmic: a line for each system."""
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
