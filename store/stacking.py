"""Vectors that come one by one, as one array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from store.errors import DimensionMismatch, InvalidVector

__all__ = ["is_row", "stacked_rows"]

_SINGLE = np.dtype(np.float32)


def stacked_rows(
    vectors: Sequence[ArrayLike], dim: int, name: Callable[[int], str]
) -> NDArray[np.float32]:
    """The vectors as rows of an array of their own, float32, shape (len(vectors), dim).

    Args:
        name: What vector ``i`` belongs to, for the message.

    Raises:
        InvalidVector, DimensionMismatch: one of them is no vector of ``dim`` real numbers.
    """
    if vectors and all(is_row(vector, dim) for vector in vectors):  # as encoders return them
        return np.concatenate(vectors).reshape(len(vectors), dim)
    rows = np.empty((len(vectors), dim), np.float32)
    with np.errstate(over="ignore"):  # a value too large for float32 is infinite and reported so
        for row, vector in enumerate(vectors):
            rows[row] = _vector(vector, dim, row, name)
    return rows


def is_row(vector: ArrayLike, dim: int) -> TypeGuard[NDArray[np.float32]]:
    """Whether it is an array of float32 already, of shape (dim,)."""
    return isinstance(vector, np.ndarray) and vector.dtype is _SINGLE and vector.shape == (dim,)


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
