"""A page of figures: sections of plots and tables that open without a network, and no script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remem.benchmarks.report.page import Plot, filled
from remem.benchmarks.tables import plain_table
from remem.cli.screen import print_out


@dataclass(frozen=True, slots=True)
class Figures:
    """A table: its headings, and rows of text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        lead: What is found, in a sentence or two.
    """

    title: str
    lead: str
    plots: Sequence[Plot] = ()
    tables: Sequence[Figures] = ()


def figure_page(
    title: str, lead: str, sections: Iterable[Section], facts: Mapping[str, str]
) -> str:
    """The whole page as HTML.

    Args:
        facts: Name -> what is said of the machine, the command and the data.
    """
    return filled("figures.html", title=title, lead=lead, sections=list(sections), facts=facts)


def print_section(section: Section) -> None:
    """Print what is found, and the tables with their notes."""
    print_out(f"{section.title}: {section.lead}")
    for table in section.tables:
        print_out(table.title, plain_table(table.headings, table.rows))
        if table.note:
            print_out(table.note)


def write_figures(folder: Path, name: str, page: str, figures: Mapping[str, object]) -> None:
    """Write a page and its figures as JSON under one name, and say where they are."""
    html, data = folder / f"{name}.html", folder / f"{name}.json"
    html.write_text(page, "utf-8")
    data.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print_out(f"To look at: {html}; for programs: {data}")
