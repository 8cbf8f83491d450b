"""What one process does: the parts of a measurement."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.scale.figures import Figures
from benchmarks.scale.making import MadeUp, Source, make
from benchmarks.scale.material import Material
from benchmarks.scale.measuring import Notes, ask, fill
from benchmarks.scale.namespaces import fill_namespaces, open_at_random
from benchmarks.scale.noise import Multiplied, encode
from benchmarks.scale.place import empty
from benchmarks.scale.systems import System, chosen
from memory.opening import open_encoder
from memory.recall.windows import VIEWS

__all__ = ["PARTS", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does.

    Attributes:
        name: One of ``PARTS``.
        work: A folder for everything that is made on the way.
        views: How many each record has.
        url: Of remem's store, if it is a server's.
        data: Paths of data sets; none: made-up records.
        records: The size; in many namespaces, of each of them.
        system: Name of the one that is measured; "" where all are served.
        namespaces: How many.
    """

    name: str
    work: str
    views: int
    url: str | None = None
    data: tuple[str, ...] = ()
    records: int = 0
    system: str = ""
    namespaces: int = 0

    @property
    def encoded(self) -> Path:
        """Where the encoded data lies, if there is any."""
        return Path(self.work, "encoded")

    @property
    def material(self) -> Path:
        """Where the records of this size lie."""
        return Path(self.work, "material")

    @property
    def folder(self) -> Path:
        """Where the system keeps its data."""
        return Path(self.work, self.system)

    @property
    def measured(self) -> System:
        """The system."""
        return chosen(self.system, self.url)

    def here(self) -> tuple[Figures, Notes]:
        """Do it in this process.

        Raises:
            RememError: it cannot be done.
        """
        return PARTS[self.name](self)

    def to_json(self) -> str:
        """For the command line of another process."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Part:
        """From the command line."""
        stored: dict[str, Any] = json.loads(text)
        return Part(**{**stored, "data": tuple(stored["data"])})


def _encode(part: Part) -> tuple[Figures, Notes]:
    data = [Path(path) for path in part.data]
    encode(part.encoded, data, VIEWS[: part.views], open_encoder(None))
    return {}, {}


def _make(part: Part) -> tuple[Figures, Notes]:
    source: Source = Multiplied(part.encoded) if part.data else MadeUp()
    make(part.material, source, part.records, part.views)
    return {}, {}


def _fill(part: Part) -> tuple[Figures, Notes]:
    return fill(part.measured, part.folder, Material(part.material))


def _ask(part: Part) -> tuple[Figures, Notes]:
    return ask(part.measured, part.folder, Material(part.material))


def _fill_namespaces(part: Part) -> tuple[Figures, Notes]:
    where = part.url or part.folder
    return fill_namespaces(where, part.namespaces, part.records, VIEWS[: part.views]), {}


def _ask_namespaces(part: Part) -> tuple[Figures, Notes]:
    where = part.url or part.folder
    return open_at_random(where, part.namespaces, part.records, VIEWS[: part.views]), {}


def _empty(part: Part) -> tuple[Figures, Notes]:
    assert part.url
    empty(part.url)
    return {}, {}


PARTS = {
    "encode": _encode,
    "make": _make,
    "fill": _fill,
    "ask": _ask,
    "fill namespaces": _fill_namespaces,
    "ask namespaces": _ask_namespaces,
    "empty": _empty,
}
"""Name of a part -> what it does; returns figures, and notes on them."""
