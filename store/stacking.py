"""Vectors that come one by one, as one array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from store.errors import DimensionMismatch, InvalidVector

__all__ = ["EPSILON", "are_unit", "stacked_rows"]

EPSILON = float(np.finfo(np.float16).eps)
"""What a length of 1, or its square, may differ from it by: half precision makes it so."""

_SINGLE = np.dtype(np.float32)

_AT_ONCE = 512
"""Vectors that are looked at together: a copy of so many stays in the cache."""


def stacked_rows(
    vectors: Sequence[ArrayLike], dim: int, name: Callable[[int], str]
) -> NDArray[np.float32]:
    """The vectors as rows of an array of their own, float32, shape (len(vectors), dim).

    Args:
        name: What vector ``i`` belongs to, for the message.

    Raises:
        InvalidVector, DimensionMismatch: one of them is no vector of ``dim`` real numbers.
    """
    if vectors and _are_rows(vectors, dim):  # as encoders return them
        return np.concatenate(vectors).reshape(len(vectors), dim)
    rows = np.empty((len(vectors), dim), np.float32)
    with np.errstate(over="ignore"):  # a value too large for float32 is infinite and reported so
        for row, vector in enumerate(vectors):
            rows[row] = _vector(vector, dim, row, name)
    return rows


def are_unit(vectors: Sequence[ArrayLike], dim: int) -> bool:
    """Whether all are arrays of float32 already, of shape (dim,) and length 1, as encoders return
    them. It may say no where it is so but for a rounding."""
    for start in range(0, len(vectors), _AT_ONCE):
        some = vectors[start : start + _AT_ONCE]
        if not _are_rows(some, dim):
            return False
        rows = np.concatenate(some).reshape(len(some), dim)
        squares = np.einsum("ij,ij->i", rows, rows)
        if not np.all(np.abs(squares - 1) <= EPSILON):  # nor where one is NaN
            return False
    return True


def _are_rows(vectors: Sequence[ArrayLike], dim: int) -> TypeGuard[Sequence[NDArray[np.float32]]]:
    return all(
        isinstance(vector, np.ndarray) and vector.dtype is _SINGLE and vector.shape == (dim,)
        for vector in vectors
    )


def _vector(vector: ArrayLike, dim: int, row: int, name: Callable[[int], str]) -> NDArray[Any]:
    try:
        array = np.asarray(vector)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu":
        raise InvalidVector(f"{name(row)}: the vector must be an array of real numbers")
    if array.shape != (dim,):
        raise DimensionMismatch(
            f"{name(row)}: the vector has shape {array.shape} but the store holds vectors of "
            f"{dim} dimensions; use the encoder that the store was made with"
        )
    return array
