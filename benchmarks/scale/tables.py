"""The figures for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from benchmarks.scale.figures import FIGURES, Figures, Measured
from benchmarks.tables import plain_table

__all__ = ["footnotes", "growth_table", "size_table"]


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


def growth_table(factors: Mapping[tuple[str, int, int], Figures]) -> Table:
    """By what each figure is multiplied from one size to the next."""
    rows = [
        [name, *(f"{each[name]:.2f}" if name in each else "-" for each in factors.values())]
        for name in FIGURES
        if any(name in each for each in factors.values())
    ]
    headings = [f"{system} {small:,}→{large:,}" for system, small, large in factors]
    return plain_table(["times", *headings], rows)


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
