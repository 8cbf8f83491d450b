"""What an index saved, as it comes back from a file."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from remem.store.arrays import Saved, Stored

__all__ = ["stored"]


def stored(arrays: Mapping[str, Saved]) -> Stored:
    """The arrays, written and read again."""
    file = BytesIO(b"".join(chunk for array in arrays.values() for chunk in array.chunks))
    return Stored.behind(file, ((name, each.kind, each.shape) for name, each in arrays.items()))
