"""From a file of runs to a file of HTML."""

from __future__ import annotations

from pathlib import Path

import click

from remem.benchmarks.runs import RunDatabase
from remem.cli.screen import print_out
from remem.store import InvalidInput, MissingDependency


def write_report(run_database: Path, html_path: Path, with_texts: bool = True) -> None:
    """Write the newest run of each data set as one HTML file; the same runs, the same file.

    Args:
        with_texts: False: ids, ranks and scores only, for data whose words may not be published.

    Raises:
        InvalidInput: there are no runs in the file, or the page cannot be written there.
        CorruptStore: the file is of a newer format, or damaged.
        MissingDependency: the packages that draw and fill in the page are not installed.
    """
    try:
        from remem.benchmarks.report.page import render
    except ImportError as error:
        raise MissingDependency("the HTML report", "'remem[bench]'") from error

    with RunDatabase.open(run_database) as database:
        runs = list(database.latest().values())
        if not runs:
            raise InvalidInput(f"{run_database} holds no runs yet: measure one with 'bench recall'")
        page = render(runs, with_texts)
    try:
        html_path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{html_path} cannot be written ({error.strerror}): choose another place"
        ) from error


@click.command()
@click.argument("run", metavar="RUN.sqlite", type=click.Path(path_type=Path))
@click.argument("html", metavar="OUT.html", type=click.Path(path_type=Path))
@click.option(
    "--without-texts",
    is_flag=True,
    help="Ids, ranks and scores only: for data whose licence forbids publishing its words",
)
def report(run: Path, html: Path, without_texts: bool) -> None:
    """Write a run as one HTML page that opens without a network."""
    write_report(run, html, with_texts=not without_texts)
    print_out(f"{html}: {html.stat().st_size / 1e6:.1f} MB")
