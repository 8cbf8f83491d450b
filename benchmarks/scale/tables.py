"""The figures for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from benchmarks.scale.figures import FIGURES, Figures, Measured
from benchmarks.scale.targets import Targets
from benchmarks.tables import plain_table

__all__ = ["footnotes", "growth_table", "missed", "size_table"]


def size_table(measured: Sequence[Measured]) -> Table:
    """All systems at one size: a row for each figure, with the numbers of its footnotes."""
    marks = _marks(measured)
    rows = [
        [name, *(_cell(one, name, marks) for one in measured)]
        for name in FIGURES
        if any(name in one.figures or name in one.notes for one in measured)
    ]
    return plain_table(["", *(one.system for one in measured)], rows)


def footnotes(measured: Sequence[Measured]) -> list[str]:
    """What the numbers in ``size_table`` stand for."""
    return [f"[{number}] {note}" for note, number in _marks(measured).items()]


def missed(figures: Figures, targets: Targets, what: str = "") -> list[str]:
    """A line for each target that is missed.

    Args:
        what: Said behind the name of a figure.
    """
    return [
        f"missed: {name}{what} {_shown(name, figures[name])}, target {target}"
        for name, target in targets.items()
        if name in figures and not target.met(figures[name])
    ]


def growth_table(factors: Mapping[str, Figures]) -> Table:
    """By what each figure of each system is multiplied from one size to the next."""
    rows = [
        [name, *(f"{each[name]:.2f}" if name in each else "-" for each in factors.values())]
        for name in FIGURES
        if any(name in each for each in factors.values())
    ]
    return plain_table(["", *factors], rows)


def _marks(measured: Sequence[Measured]) -> dict[str, int]:
    notes = dict.fromkeys(
        f"{one.system}: {note}" for one in measured for note in one.notes.values()
    )
    return {note: number for number, note in enumerate(notes, 1)}


def _cell(one: Measured, name: str, marks: Mapping[str, int]) -> str:
    value = one.figures.get(name)
    shown = "-" if value is None else _shown(name, value)
    note = one.notes.get(name)
    return shown if note is None else f"{shown} [{marks[f'{one.system}: {note}']}]"


def _shown(name: str, value: float) -> str:
    if "recall" in name:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
