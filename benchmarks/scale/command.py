"""``remem bench scale``: how a store grows, beside other systems."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmarks.machine import describe
from benchmarks.scale.figures import Measured, growth
from benchmarks.scale.growing import PARTS, Part, grow
from benchmarks.scale.processes import report
from benchmarks.scale.systems import PEERS, require
from benchmarks.scale.tables import footnotes, growth_table, size_table
from memory.cli.screen import print_out

__all__ = ["scale"]


class _Sizes(click.ParamType[tuple[int, ...]]):
    """Numbers with commas between them."""

    name = "NUMBERS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """From what was typed, smallest first."""
        if isinstance(value, tuple):
            return value
        try:
            sizes = tuple(sorted({int(each) for each in value.split(",")}))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers with commas between them", param, ctx)
        if sizes[0] < 1:
            self.fail("a store has at least one record", param, ctx)
        return sizes


class _Peers(click.ParamType[tuple[str, ...]]):
    """Names of systems with commas between them."""

    name = "NAMES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """From what was typed, in the order of ``PEERS``."""
        if isinstance(value, tuple):
            return value
        names = {each.strip() for each in value.split(",") if each.strip()}
        if names == {"all"}:
            return tuple(PEERS)
        unknown = sorted(names - PEERS.keys())
        if unknown:
            self.fail(f"there is no peer {unknown[0]!r}: {', '.join(PEERS)}, all", param, ctx)
        return tuple(name for name in PEERS if name in names)


@click.command()
@click.option(
    "--records",
    "sizes",
    type=_Sizes(),
    default="10000,100000",
    show_default=True,
    help="Sizes to measure, with commas between them",
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
    type=_Peers(),
    default="",
    help=f"Other systems to measure beside remem, with commas between them, or 'all': "
    f"{', '.join(PEERS)}",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables")
@click.option("--part", hidden=True, type=click.Choice(list(PARTS)))
@click.option("--work", hidden=True, type=click.Path(path_type=Path))
@click.option("--system", hidden=True, default="remem")
@click.option("--url", hidden=True)
def scale(
    sizes: tuple[int, ...],
    views: int,
    data: tuple[Path, ...],
    peers: tuple[str, ...],
    as_json: bool,
    part: str | None,
    work: Path | None,
    system: str,
    url: str | None,
) -> None:
    """Ingest, search, filters, deletion, opening, memory and disk as a store grows."""
    if part and work:
        report(*Part(part, work, sizes[0], views, system, url, data).here())
        return
    require(peers)
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as name:
        like = Part("", Path(name), 0, views, url=url, data=data)
        for at_size in grow(like, sizes, ["remem", *peers]):
            measured += at_size
            if not as_json:
                _show(at_size)
    if as_json:
        print(json.dumps({"machine": describe(), "measured": [asdict(one) for one in measured]}))
        return
    factors = growth(measured)
    if factors:
        print_out("Growth", "", growth_table(factors), "")
    print_out(describe())


def _show(measured: Sequence[Measured]) -> None:
    print_out(f"{measured[0].records:,} records", "", size_table(measured), "")
    print_out(*footnotes(measured), "")
