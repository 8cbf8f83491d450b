"""What this process has just written, so that its indexes need not read it back.

Reading a record's texts and vectors takes as long as indexing them. This is a shortcut and nothing
else: an index takes what is kept here only where the log says that nothing came in between, and
reads whatever is not kept.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.embedded.arrays import Halves, Ids

__all__ = ["Addition", "Additions"]

_MOST = 32_768
"""Records kept at a time, over all namespaces: some 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """Records that one transaction added.

    Attributes:
        namespace: Id of theirs.
        generation: Of their vectors.
        first, last: The first and the last change that the log has of it; those in between too.
        ids: Shape (n,); without those of records that are history from the beginning.
        vectors: Unit vectors, float16, shape (n, views, dim).
        texts: For each view n texts.
    """

    namespace: int
    generation: int
    first: int
    last: int
    ids: Ids
    vectors: Halves
    texts: Mapping[str, Sequence[str]]


class Additions:
    """Those that are kept. Thread-safe."""

    def __init__(self) -> None:
        self._kept: dict[int, list[Addition]] = {}  # by namespace
        self._records = 0
        self._guard = threading.Lock()

    def keep(self, addition: Addition) -> None:
        """Keep one until it is taken; if there are too many, forget what was kept before."""
        with self._guard:
            if self._records + len(addition.ids) > _MOST:
                self._kept, self._records = {}, 0
            self._kept.setdefault(addition.namespace, []).append(addition)
            self._records += len(addition.ids)

    def take(self, namespace: int, through: int) -> list[Addition]:
        """A namespace's additions up to a change, oldest first, which are no longer kept."""
        with self._guard:
            kept = self._kept.pop(namespace, [])
            taken = [addition for addition in kept if addition.last <= through]
            if later := [addition for addition in kept if addition.last > through]:
                self._kept[namespace] = later
            self._records -= sum(len(addition.ids) for addition in taken)
        return sorted(taken, key=lambda addition: addition.first)
