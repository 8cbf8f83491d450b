"""Options that several commands have, and what they mean to all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import click
from click.decorators import FC

from remem.store import InvalidInput

FOLDER = click.Path(path_type=Path, file_okay=False)
SOME = click.IntRange(min=1)

data = click.option(
    "--data",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file or folder: LoCoMo, LongMemEval, BEIR, or your own; may be repeated "
    "[default: the smoke set that remem brings along]",
)
limit = click.option("--limit", type=SOME, help="Only so many questions of each data set")
encoder = click.option("--encoder", metavar="MODEL", help="Another model than the bundled one")
out = click.option("--out", type=FOLDER, help="Folder for run.sqlite and report.html")
markdown = click.option(
    "--markdown", type=click.File("w", "utf-8", lazy=False), help="Write the tables to a file, too"
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables")


def systems_named(
    names: str, known: Collection[str], groups: Mapping[str, Sequence[str]]
) -> list[str]:
    """The names in a list of names or groups with commas between them, each once, in order.

    Raises:
        InvalidInput: a name is unknown, or there is none.
    """
    parts = [part.strip() for part in names.split(",") if part.strip()]
    chosen = list(dict.fromkeys(name for part in parts for name in groups.get(part, [part])))
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        wrong = f"there is no system {unknown[0]!r}" if unknown else "no system is named"
        raise InvalidInput(f"{wrong}; choose from {', '.join([*groups, *known])}")
    return chosen


def plot(shown: str) -> Callable[[FC], FC]:
    """An option that takes the file of a picture; see ``pictures.can_write``."""
    return click.option(
        "--plot",
        "picture",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"Draw {shown} into a file: .svg, .png or .pdf",
    )


def count(name: str, default: int, help: str) -> Callable[[FC], FC]:
    """An option that takes a number of at least one."""
    return click.option(name, type=SOME, default=default, show_default=True, help=help)
