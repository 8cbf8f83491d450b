"""``remem bench scale``: how a store grows, beside other systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.datasets.detect import detect_all
from benchmarks.machine import describe
from benchmarks.scale.choices import as_namespaces, as_peers, as_sizes
from benchmarks.scale.figures import Measured, advantages, growth
from benchmarks.scale.growing import grow, many_namespaces
from benchmarks.scale.parts import Part
from benchmarks.scale.place import place_for
from benchmarks.scale.plots import can_write, plot
from benchmarks.scale.systems import PEERS, REMEM, require
from benchmarks.scale.tables import footnotes, growth_table, missed, size_table
from benchmarks.scale.targets import ADVANTAGES, GROWTH, NAMESPACES, targets_at
from benchmarks.tables import figure_table
from memory.cli.screen import counted, print_json, print_out

__all__ = ["scale"]

_SIZES = (10_000, 100_000)


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
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the growth into a file: .svg, .png or .pdf",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables")
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
    require(peers)
    detect_all(data)
    if picture:
        can_write(picture)
    measured: list[Measured] = []
    with place_for(store) as place:
        like = Part("", str(place.work), views, place.url, tuple(map(str, data)))
        for at_size in grow(like, sizes, [REMEM, *peers], _tell):
            measured += at_size
            if not as_json:
                _show(at_size, views, place.url)
        in_namespaces = many_namespaces(like, *namespaces, _tell) if namespaces else {}
    if picture:
        plot(measured, picture)
    if as_json:
        print_json(_everything(measured, in_namespaces))
        return
    for (small, large), factors in growth(measured).items():
        title = f"From {small:,} to {large:,} records each figure is multiplied by"
        print_out(title, "", growth_table(factors), "")
        print_out(*missed(factors.get(REMEM, {}), GROWTH.get((small, large), {})))
    if namespaces:
        number, each = namespaces
        print_out(f"{number:,} namespaces of {each:,} records", "", figure_table(in_namespaces), "")
        print_out(*missed(in_namespaces, NAMESPACES.get(namespaces, {})))
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
