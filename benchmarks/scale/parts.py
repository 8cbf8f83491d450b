"""What one process does: the parts of a measurement."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from remem.benchmarks.machine import peak_megabytes
from remem.benchmarks.running import check_empty
from remem.benchmarks.scale.figures import Figures
from remem.benchmarks.scale.making import MadeUp, Material, Multiplied, Source, encode, make
from remem.benchmarks.scale.measuring import Notes, ask, fill, fill_namespaces, open_at_random
from remem.benchmarks.scale.systems import System, chosen
from remem.encoders.opening import open_encoder
from remem.store import Batch, InvalidInput, Store, open_store
from remem.store.errors import UpstreamError
from remem.views import VIEWS


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


# Where remem's store is during the benchmark: on a server, or in a folder that goes again.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where to measure.

    Attributes:
        work: A folder for everything that is made on the way.
        url: Of the server's store; None: the embedded store, in the folder.
    """

    work: Path
    url: str | None = None


@contextmanager
def place_for(store: str | None) -> Iterator[Place]:
    """The place that ``--store`` names.

    Args:
        store: A folder to work in, the url of an empty store, or None: a temporary folder.

    Raises:
        InvalidInput: the store holds records, or is in the memory of one process.
        RememError: it cannot be opened.
    """
    if store == ":memory:":
        raise InvalidInput("':memory:' is gone with its process: give a folder or a server's url")
    if store is None or not ("://" in store or store.endswith(".db")):
        folder = Path(store).expanduser() if store else None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            yield Place(Path(work))
        return
    check_empty(store)
    with tempfile.TemporaryDirectory() as work:
        yield Place(Path(work), store)


def empty(url: str) -> None:
    """Delete all records of a store."""
    with open_store(url) as store:
        for namespace in store.namespaces():
            while keys := _some_keys(store, namespace):
                store.write(namespace, Batch(delete=keys))


def _some_keys(store: Store, namespace: str) -> list[str]:
    return [record.key for record in islice(store.scan(namespace), _BATCH)]


# Each part of a measurement in a process of its own, so that its peak of memory is its own.


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part found out.

    Attributes:
        figures: By name.
        notes: Name of a figure -> what to know about it.
        peak: Most memory of its process, in MB.
    """

    figures: Figures
    notes: dict[str, str]
    peak: float


def run(part: Part) -> Outcome:
    """Run a part in a process of its own.

    Raises:
        UpstreamError: it failed.
    """
    command = [sys.executable, "-m", "remem.benchmarks.scale", part.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        if len(said) > 1:  # more than a sentence, which is for whoever mends it
            sys.stderr.write(done.stderr)
        raise UpstreamError(f"{part.system or 'the benchmark'} failed to {part.name}: {said[-1]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def report(figures: Figures, notes: dict[str, str]) -> None:
    """Tell the process that waits for this one."""
    told = {"figures": figures, "notes": notes, "peak": own_peak_megabytes()}
    print(f"\n{json.dumps(told)}")


def own_peak_megabytes() -> float:
    """The most memory that this process has had, in MB.

    Not what ``getrusage`` says where Linux knows better: that begins with the peak of the process
    that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return peak_megabytes()
    peaks = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return next(peaks) * 1024 / 1e6
