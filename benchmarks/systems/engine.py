"""A store of vectors and texts, filled and asked by the number of each record.

It is what the growth of remem and its peers is measured with, and what a peer recalls with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.systems.base import Searcher, by_keys
from remem.encoders.sentence_transformer import Encoder
from remem.views import TURN, line

Vectors = NDArray[np.float32]

SHARES = {"tenth": 10, "hundredth": 100, "myriad": 10_000}
"""Metadata field -> of how many records one has a given value."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Keeps the records whose metadata field has a value."""

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Records that follow each other; a record's number is its key.

    Attributes:
        vectors: By view, float32 of shape (len(numbers), dim), rows of length 1.
        fields: Metadata: by field, the value of each.
    """

    numbers: range
    texts: Mapping[str, Sequence[str]]
    vectors: Mapping[str, Vectors]
    fields: Mapping[str, Sequence[int]]

    @property
    def text(self) -> Sequence[str]:
        """The texts of the first view, which is all that most systems know."""
        return next(iter(self.texts.values()))

    @property
    def vector(self) -> Vectors:
        """The vectors of the first view."""
        return next(iter(self.vectors.values()))

    @property
    def metadata(self) -> list[dict[str, int]]:
        """The metadata of each record."""
        return [
            {name: values[place] for name, values in self.fields.items()}
            for place in range(len(self.numbers))
        ]


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and what exact search over the first view answers.

    Attributes:
        vector: float32 of shape (dim,), length 1.
        conditions: By field, the condition to put with it.
        exact: Numbers of the nearest records, best first: by field, and "" for all records.
    """

    text: str
    vector: Vectors
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    exact: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Unsupported(Exception):
    """The system has no such thing; the message is one sentence for a footnote."""


class Engine(Protocol):
    """A system's data in a folder, opened."""

    def fill(self, batches: Iterable[Rows]) -> None:
        """Store all records: durable and searchable, text included, when the call returns."""

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        """Numbers of the nearest records, best first."""

    def hybrid(self, asked: Query, k: int) -> list[int]:
        """Numbers of the best records by text and vector together, best first.

        Raises:
            Unsupported: the system cannot.
        """

    def add(self, rows: Rows) -> None:
        """Store one record: durable and visible when the call returns."""

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete records: durable and invisible when the call returns."""

    def bytes_on_disk(self) -> int:
        """Size of the data on disk, in bytes."""


@runtime_checkable
class Forgetting(Protocol):
    """An engine that can also remove all traces of a record from its files."""

    def forget(self, number: int) -> None:
        """Forget a record: when the call returns, none of its words or numbers is on disk."""


class Growing(Protocol):
    """A system whose growth is measured.

    Attributes:
        name: What it is called on the command line and in tables.
        packages: What has to be imported, which is not measured.
        batch: Records a batch, as its documentation advises.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def packages(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def batch(self) -> int: ...  # noqa: D102

    def open(self, folder: Path) -> AbstractContextManager[Engine]:
        """Open or make the data in a folder; leaving the context closes everything."""


@dataclass(slots=True)
class FolderEngine:
    """Base of the engines that keep all their data in a folder."""

    folder: Path

    def fill(self, batches: Iterable[Rows]) -> None:
        """Store one batch after the other."""
        for rows in batches:
            self.add(rows)

    def add(self, rows: Rows) -> None:
        """See ``Engine.add``."""
        raise NotImplementedError

    def bytes_on_disk(self) -> int:
        """Length of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Scoring(Protocol):
    """An engine that also gives the scores of its best search."""

    def fill(self, batches: Iterable[Rows]) -> None: ...  # noqa: D102

    def best(self, asked: Query, k: int) -> Iterable[tuple[int, float]]:
        """Number and score of the best records by all that the system offers, best first."""


class Peer(Protocol):
    """A system that is measured as a memory, too; ``batch`` as in ``Growing``."""

    @property
    def batch(self) -> int: ...  # noqa: D102

    def open(self, folder: Path) -> AbstractContextManager[Scoring]:
        """Open or make the data in a folder; leaving the context closes everything."""


@dataclass(frozen=True, slots=True)
class Recalling:
    """A peer that is measured as a memory: a haystack is one store, "speaker: text" each record."""

    name: str
    peer: Peer

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A store in the folder."""
        records = {str(number): record for number, record in enumerate(haystack.records)}
        with self.peer.open(folder) as engine:
            engine.fill(_batches(haystack, encoder, self.peer.batch))

            def find(text: str, k: int) -> Iterator[tuple[str, float]]:
                for number, score in engine.best(Query(text, encoder.encode_query(text)), k):
                    yield str(number), score

            yield by_keys(records, find)


def _batches(haystack: Haystack, encoder: Encoder, size: int) -> Iterator[Rows]:
    lines = [line(record) for record in haystack.records]
    vectors = encoder.encode_documents(lines)
    for start in range(0, len(lines), size):
        numbers = range(start, min(start + size, len(lines)))
        part = slice(numbers.start, numbers.stop)
        yield Rows(numbers, {TURN: lines[part]}, {TURN: vectors[part]}, {})


_CONSTANT = 60  # as in the paper, and everywhere since


def fused(rankings: Sequence[Sequence[int]], k: int) -> list[int]:
    """The k best by reciprocal rank fusion, for systems that leave it to their user; best first,
    ties by number."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (_CONSTANT + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))[:k]
