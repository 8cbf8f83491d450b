"""The records and questions that all systems are given: made once, on disk, read by the batch.

Files rather than memory, because each system is measured in processes of its own, whose peak of
memory is to be the system's and not ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale.conditions import SHARES, Condition, Ranks, ranks

__all__ = ["Asked", "Material", "Rows", "Shape", "Vectors"]

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Records that follow each other; a record's number is its key.

    Attributes:
        numbers: Their numbers.
        texts: By view, the text of each.
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
            dict(zip(self.fields, values, strict=True))
            for values in zip(*self.fields.values(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what exact search over the first view answers.

    Attributes:
        text: Its words.
        vector: float32 of shape (dim,), length 1.
        conditions: By field, the condition to put with it.
        exact: Numbers of the nearest records, best first: by field, and "" for all records.
    """

    text: str
    vector: Vectors
    conditions: Mapping[str, Condition]
    exact: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a material holds.

    Attributes:
        records: To fill a system with.
        more: To add afterwards, one at a time.
        dim: Length of the vectors.
        views: Names of the views.
    """

    records: int
    more: int
    dim: int
    views: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """A folder of records and questions."""

    folder: Path

    @cached_property
    def shape(self) -> Shape:
        """What it holds."""
        stored = json.loads((self.folder / "shape.json").read_text("utf-8"))
        return Shape(**{**stored, "views": tuple(stored["views"])})

    @cached_property
    def ranks(self) -> Ranks:
        """The number of each record from which its metadata is derived."""
        return ranks(self.shape.records, self.shape.more)

    def batches(self, size: int) -> Iterator[Rows]:
        """The records to fill a system with."""
        return self._read(range(self.shape.records), size)

    def more(self) -> Iterator[Rows]:
        """Further records, one at a time."""
        shape = self.shape
        return self._read(range(shape.records, shape.records + shape.more), 1)

    def chosen(self, condition: Condition) -> list[int]:
        """The numbers of the records that a condition keeps, without those to add afterwards."""
        values = self.ranks[: self.shape.records] % SHARES[condition.field]
        return [int(number) for number in np.flatnonzero(values == condition.value)]

    def questions(self) -> list[Asked]:
        """All questions."""
        texts = json.loads((self.folder / "questions.json").read_text("utf-8"))
        with np.load(self.folder / "questions.npz") as stored:
            arrays = dict(stored)
        return [
            Asked(
                text,
                arrays["vectors"][i],
                {name: Condition(name, int(arrays[f"value {name}"][i])) for name in SHARES},
                {
                    name: [number for number in arrays[f"exact {name}"][i].tolist() if number >= 0]
                    for name in ("", *SHARES)
                },
            )
            for i, text in enumerate(texts)
        ]

    def vectors(self, view: str, numbers: range) -> Vectors:
        """The vectors of a view, float32 of shape (len(numbers), dim)."""
        dim = self.shape.dim
        flat = np.fromfile(
            self.vector_file(view),
            np.float32,
            count=len(numbers) * dim,
            offset=4 * dim * numbers.start,
        )
        return flat.reshape(-1, dim)

    def vector_file(self, view: str) -> Path:
        """Where the vectors of a view lie, one after the other."""
        return self.folder / f"{view}.float32"

    def text_file(self, view: str) -> Path:
        """Where the texts of a view lie, each a line of JSON."""
        return self.folder / f"{view}.jsonl"

    def write_shape(self, shape: Shape) -> None:
        """Say what the folder holds, before anything else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "shape.json").write_text(json.dumps(asdict(shape)), "utf-8")

    def _read(self, numbers: range, size: int) -> Iterator[Rows]:
        with ExitStack() as stack:
            lines = {
                view: islice(
                    stack.enter_context(self.text_file(view).open(encoding="utf-8")),
                    numbers.start,
                    numbers.stop,
                )
                for view in self.shape.views
            }
            for first in range(numbers.start, numbers.stop, size):
                batch = range(first, min(first + size, numbers.stop))
                yield Rows(
                    batch,
                    {
                        view: [json.loads(line) for line in islice(lines[view], len(batch))]
                        for view in lines
                    },
                    {view: self.vectors(view, batch) for view in lines},
                    {
                        name: (self.ranks[batch.start : batch.stop] % one_of).tolist()
                        for name, one_of in SHARES.items()
                    },
                )
