"""All sizes and systems, one after the other, each part in a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.scale.figures import Figures, Measured
from benchmarks.scale.making import MadeUp, make
from benchmarks.scale.material import Material
from benchmarks.scale.measuring import Notes, ask, fill
from benchmarks.scale.processes import run
from benchmarks.scale.systems import chosen

__all__ = ["PARTS", "Part", "grow"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does.

    Attributes:
        name: One of ``PARTS``.
        work: A folder for everything that is made on the way.
        records: The size.
        views: Of each record.
        system: Name of the one that is measured.
        url: Of remem's store, if a server's.
    """

    name: str
    work: Path
    records: int
    views: int
    system: str = ""
    url: str | None = None

    @property
    def material(self) -> Path:
        """Where the records of this size lie."""
        return self.work / "material"

    @property
    def folder(self) -> Path:
        """Where the system keeps its data."""
        return self.work / self.system

    def here(self) -> tuple[Figures, Notes]:
        """Do it in this process."""
        return PARTS[self.name](self)

    def options(self) -> list[str]:
        """The hidden command line that does it in another process."""
        given = {
            "--part": self.name,
            "--work": self.work,
            "--records": self.records,
            "--views": self.views,
            "--system": self.system,
            "--url": self.url,
        }
        return [text for name, value in given.items() if value for text in (name, str(value))]


def grow(
    work: Path, sizes: Sequence[int], views: int, systems: Sequence[str], url: str | None
) -> Iterator[list[Measured]]:
    """Measure all systems at one size after the other.

    Args:
        work: A folder; what is made in it is deleted as soon as it is not needed any more.
    """
    for records in sizes:
        run(Part("make", work, records, views).options())
        yield [_measured(Part("", work, records, views, name, url)) for name in systems]
        shutil.rmtree(work / "material")


def _measured(at: Part) -> Measured:
    at.folder.mkdir()
    figures: Figures = {}
    notes: Notes = {}
    for name, called in (("fill", "ingest"), ("ask", "search")):
        outcome = run(replace(at, name=name).options())
        figures |= {**outcome.figures, f"peak memory, {called}, MB": outcome.peak}
        notes |= outcome.notes
    shutil.rmtree(at.folder)
    return Measured(at.system, at.records, figures, notes)


def _make(part: Part) -> tuple[Figures, Notes]:
    make(part.material, MadeUp(), part.records, part.views)
    return {}, {}


def _fill(part: Part) -> tuple[Figures, Notes]:
    return fill(chosen(part.system, part.url), part.folder, Material(part.material))


def _ask(part: Part) -> tuple[Figures, Notes]:
    return ask(chosen(part.system, part.url), part.folder, Material(part.material))


PARTS = {"make": _make, "fill": _fill, "ask": _ask}
"""Name of a part -> what it does."""
