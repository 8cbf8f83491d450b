"""The arrays that the indexes in memory exchange."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Halves", "Ids", "Mask", "Rows", "Scores"]

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
