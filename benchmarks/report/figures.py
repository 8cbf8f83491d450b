"""A page of figures: sections of plots and tables that open without a network, and no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from remem.benchmarks.report.page import Plot, filled


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
