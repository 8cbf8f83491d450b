"""All sizes and systems, one after the other, each part in a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from benchmarks.scale.figures import FIGURES, Figures, Measured
from benchmarks.scale.measuring import Notes
from benchmarks.scale.parts import Part
from benchmarks.scale.processes import run
from benchmarks.scale.systems import REMEM
from store import UpstreamError

__all__ = ["grow", "many_namespaces"]

Tell = Callable[[str], object]

_CALLED = {"fill": "ingest", "ask": "search"}


def grow(
    like: Part, sizes: Sequence[int], systems: Sequence[str], tell: Tell
) -> Iterator[list[Measured]]:
    """Measure all systems at one size after the other.

    Args:
        like: What all parts have in common. What they make in its folder is deleted as soon as it
            is not needed any more.
        tell: Called with what comes next.

    Raises:
        UpstreamError: the records could not be made.
    """
    if like.data and sizes:
        tell("the data is encoded")
        run(replace(like, name="encode"))
    for records in sizes:
        sized = replace(like, records=records)
        tell(f"{records:,} records are made")
        run(replace(sized, name="make"))
        yield [_measured(replace(sized, system=name), tell) for name in systems]
        shutil.rmtree(sized.material)


def many_namespaces(like: Part, namespaces: int, each: int, tell: Tell) -> Figures:
    """Fill so many namespaces of remem's store, and open them at random.

    Raises:
        UpstreamError: it failed.
    """
    wanted = replace(like, system=REMEM, namespaces=namespaces, records=each)
    figures: Figures = {}
    for name, called in _CALLED.items():
        tell(f"{called} of {namespaces:,} namespaces")
        outcome = run(replace(wanted, name=f"{name} namespaces"))
        figures |= {**outcome.figures, f"peak memory, {called}, MB": outcome.peak}
    _clean(wanted)
    return figures


def _measured(part: Part, tell: Tell) -> Measured:
    part.folder.mkdir()
    figures: Figures = {}
    notes: Notes = {}
    for name, called in _CALLED.items():
        tell(f"{part.system}: {called}")
        try:
            outcome = run(replace(part, name=name))
        except UpstreamError as error:  # the other systems are worth knowing all the same
            notes[FIGURES[0]] = str(error)
            break
        figures |= {**outcome.figures, f"peak memory, {called}, MB": outcome.peak}
        notes |= outcome.notes
    _clean(part)
    return Measured(part.system, part.records, figures, notes)


def _clean(part: Part) -> None:
    shutil.rmtree(part.folder, ignore_errors=True)
    if part.url and part.system == REMEM:
        run(replace(part, name="empty"))
