"""The systems that are measured side by side."""

from __future__ import annotations

from benchmarks.scale.systems.base import System
from benchmarks.scale.systems.remem import Remem

__all__ = ["PEERS", "chosen"]

PEERS: dict[str, System] = {}
"""By name, in the order in which they are shown."""


def chosen(name: str, url: str | None) -> System:
    """The system of a name; a url is for remem's."""
    remem = Remem(url)
    return remem if name == remem.name else PEERS[name]
