"""All sizes and systems, one after the other, each part in a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.scale.figures import FIGURES, Figures, Measured
from benchmarks.scale.making import MadeUp, Source, make
from benchmarks.scale.material import Material
from benchmarks.scale.measuring import Notes, ask, fill
from benchmarks.scale.noise import Multiplied, encode
from benchmarks.scale.processes import run
from benchmarks.scale.systems import chosen
from memory.cli.settings import open_encoder
from memory.recall.windows import VIEWS
from store import UpstreamError

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
        data: Paths of data sets; none: made-up records.
    """

    name: str
    work: Path
    records: int
    views: int
    system: str = ""
    url: str | None = None
    data: tuple[Path, ...] = ()

    @property
    def encoded(self) -> Path:
        """Where the encoded data lies, if there is any."""
        return self.work / "encoded"

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
        options = [text for name, value in given.items() if value for text in (name, str(value))]
        return options + [text for path in self.data for text in ("--data", str(path))]


def grow(like: Part, sizes: Sequence[int], systems: Sequence[str]) -> Iterator[list[Measured]]:
    """Measure all systems at one size after the other.

    Args:
        like: What all parts have in common. What they make in its folder is deleted as soon as it
            is not needed any more.
    """
    if like.data:
        run(replace(like, name="encode").options())
    for records in sizes:
        sized = replace(like, records=records)
        run(replace(sized, name="make").options())
        yield [_measured(replace(sized, system=name)) for name in systems]
        shutil.rmtree(sized.material)


def _measured(at: Part) -> Measured:
    at.folder.mkdir()
    figures: Figures = {}
    notes: Notes = {}
    for name, called in (("fill", "ingest"), ("ask", "search")):
        try:
            outcome = run(replace(at, name=name).options())
        except UpstreamError as error:  # the others are worth knowing all the same
            notes[FIGURES[0]] = str(error)
            break
        figures |= {**outcome.figures, f"peak memory, {called}, MB": outcome.peak}
        notes |= outcome.notes
    shutil.rmtree(at.folder)
    return Measured(at.system, at.records, figures, notes)


def _encode(part: Part) -> tuple[Figures, Notes]:
    encode(part.encoded, part.data, VIEWS[: part.views], open_encoder(None))
    return {}, {}


def _make(part: Part) -> tuple[Figures, Notes]:
    source: Source = Multiplied(part.encoded) if part.data else MadeUp()
    make(part.material, source, part.records, part.views)
    return {}, {}


def _fill(part: Part) -> tuple[Figures, Notes]:
    return fill(chosen(part.system, part.url), part.folder, Material(part.material))


def _ask(part: Part) -> tuple[Figures, Notes]:
    return ask(chosen(part.system, part.url), part.folder, Material(part.material))


PARTS = {"encode": _encode, "make": _make, "fill": _fill, "ask": _ask}
"""Name of a part -> what it does."""
