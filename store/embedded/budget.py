"""Which of the things in memory to let go of when they are too many: the least recently used."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Budget"]


class Budget:
    """Sizes of things by name, in the order of their last use. Not thread-safe.

    Their sum is kept and not added up when it is asked for: of ten thousand partitions that took
    as long as to load one.

    Args:
        most: Bytes that they may take together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._sizes: OrderedDict[str, int] = OrderedDict()  # the least recently used one first

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def hold(self, name: str, size: int) -> None:
        """One has this size now, and was just used."""
        self._total += size - self._sizes.get(name, 0)
        self._sizes[name] = size
        self._sizes.move_to_end(name)

    def drop(self, name: str) -> None:
        """One is no longer held."""
        self._total -= self._sizes.pop(name, 0)

    def clear(self) -> None:
        """None is held."""
        self._sizes.clear()
        self._total = 0

    def excess(self, keep: str) -> str | None:
        """The one to let go of, least recently used, if they are too many; never ``keep``."""
        if self._total <= self._most:
            return None
        oldest = next(iter(self._sizes))
        return None if oldest == keep else oldest
