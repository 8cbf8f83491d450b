"""What every system under measurement does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remem.benchmarks.scale.figures import Condition
from remem.benchmarks.scale.making import Asked, Rows


class Unsupported(Exception):
    """The system has no such thing; the message is one sentence for a footnote."""


class Engine(Protocol):
    """A system's data in a folder, opened."""

    def fill(self, batches: Iterable[Rows]) -> None:
        """Store all records: durable and searchable, text included, when the call returns."""

    def dense(self, asked: Asked, k: int, where: Condition | None) -> list[int]:
        """Numbers of the nearest records, best first."""

    def hybrid(self, asked: Asked, k: int) -> list[int]:
        """Numbers of the best records by text and vector together, best first.

        Raises:
            Unsupported: the system cannot.
        """

    def add(self, rows: Rows) -> None:
        """Store one record: durable and visible when the call returns."""

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete records: durable and invisible when the call returns."""

    def bytes_on_disk(self) -> int:
        """What the data takes."""


class System(Protocol):
    """A way to store and to search."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in tables."""

    @property
    def packages(self) -> Sequence[str]:
        """What has to be imported, which is not measured."""

    @property
    def batch(self) -> int:
        """Records a batch, as its documentation advises."""

    def open(self, folder: Path) -> AbstractContextManager[Engine]:
        """Open or make the data in a folder; leaving the context closes everything."""


# What all systems that keep their data in a folder have in common.
@dataclass(slots=True)
class FolderEngine:
    """All data lies in the folder."""

    folder: Path

    def bytes_on_disk(self) -> int:
        """Length of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


# Rankings of text and vectors become one, for systems that leave that to their user. Pure.

_CONSTANT = 60  # as in the paper, and everywhere since


def fused(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """The k best by reciprocal rank fusion, best first; ties by number."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (_CONSTANT + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))[:k]
