"""The arrays that the indexes in memory exchange."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, TypeAlias, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", bound=np.generic)

Halves = NDArray[np.float16]
"""Vectors in half precision, shape (n, dim)."""

Ids = NDArray[np.int64]
"""Ids of records, shape (n,)."""

Rows = NDArray[np.int64]
"""Places in an index, shape (n,)."""

Scores = NDArray[np.float32]
"""Cosines or BM25 scores, shape (n,); or one vector to ask with, shape (dim,)."""

Mask = NDArray[np.bool_]
"""Choice of rows: True for each row that is meant, shape (n,)."""


def extended(array: NDArray[_Number], more: NDArray[_Number]) -> NDArray[_Number]:
    """``array`` with ``more`` at its end, both of one dimension.

    Room is reserved ahead, because a row that is added to a million must not copy them. What is
    extended is given up for the result: extended again, it would overwrite what is behind it.
    """
    size = len(array) + len(more)
    room = array.base
    if not _holds(room, array, size):
        room = np.empty(size + size // 8, array.dtype)
        room[: len(array)] = array
    room[len(array) : size] = more
    result: NDArray[_Number] = room[:size]
    return result


def _holds(room: object, array: NDArray[_Number], size: int) -> TypeGuard[NDArray[_Number]]:
    """True if an array is the beginning of a buffer that has room for so many."""
    return (
        isinstance(room, np.ndarray)
        and room.dtype == array.dtype
        and room.ndim == 1
        and len(room) >= size
        and room.ctypes.data == array.ctypes.data
    )


# Arrays on their way into a file and back, a piece at a time.
#
# What an index holds may be half of all that is in memory: it is neither copied to be saved, nor
# read into arrays from which it is copied again.

_Place: TypeAlias = "tuple[int, np.dtype[Any], tuple[int, ...]]"


@dataclass(frozen=True, slots=True)
class Saved:
    """An array to be written.

    Attributes:
        kind: Its type, as NumPy writes it.
        shape: Of the whole.
        pieces: What it consists of, one after the other along the first dimension.
    """

    kind: str
    shape: tuple[int, ...]
    pieces: Iterable[NDArray[Any]]

    @classmethod
    def whole(cls, array: NDArray[Any]) -> Saved:
        """In one piece."""
        return cls(array.dtype.str, array.shape, [array])

    @property
    def chunks(self) -> Iterator[memoryview]:
        """Its bytes, a piece at a time."""
        return (np.ascontiguousarray(each).reshape(-1).view(np.uint8).data for each in self.pieces)


class Stored:
    """The arrays of a file, which follow each other in it.

    Args:
        file: Where they are.
        places: By name, where an array begins, its type and its shape.
    """

    def __init__(self, file: BufferedIOBase, places: Mapping[str, _Place]) -> None:
        self._file = file
        self._places = places

    @classmethod
    def behind(
        cls, file: BufferedIOBase, arrays: Iterable[tuple[str, str, Sequence[int]]]
    ) -> Stored:
        """The arrays that begin where the file is read next: name, type and shape of each."""
        places = dict[str, _Place]()
        start = file.tell()
        for name, kind, shape in arrays:
            places[name] = start, np.dtype(kind), tuple(shape)
            start += np.dtype(kind).itemsize * math.prod(shape)
        return cls(file, places)

    def under(self, prefix: str) -> Stored:
        """Those whose name begins with something, by the rest of their name."""
        return Stored(
            self._file,
            {
                name.removeprefix(prefix): place
                for name, place in self._places.items()
                if name.startswith(prefix)
            },
        )

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array."""
        return self._places[name][2]

    def read(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """An array, or its rows from ``first`` to before ``last``."""
        start, dtype, (rows, *rest) = self._places[name]
        array = np.empty((len(range(rows)[first:last]), *rest), dtype)
        self._file.seek(start + first * dtype.itemsize * math.prod(rest))
        self._file.readinto(array.reshape(-1).view(np.uint8).data)
        return array
