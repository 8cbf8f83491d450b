"""The arrays that the indexes in memory exchange."""

from __future__ import annotations

from typing import TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Halves", "Ids", "Mask", "Rows", "Scores", "extended"]

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
"""Which rows are meant, shape (n,)."""


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
    """Whether an array is the beginning of a buffer in which so many have room."""
    return (
        isinstance(room, np.ndarray)
        and room.dtype == array.dtype
        and room.ndim == 1
        and len(room) >= size
        and room.ctypes.data == array.ctypes.data
    )
