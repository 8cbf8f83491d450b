"""The systems that are measured side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from benchmarks.scale.systems.base import System
from benchmarks.scale.systems.chroma import Chroma
from benchmarks.scale.systems.lancedb import LanceDB
from benchmarks.scale.systems.qdrant import Qdrant
from benchmarks.scale.systems.remem import Remem
from benchmarks.scale.systems.sqlite_vec import SqliteVec
from benchmarks.scale.systems.txtai import Txtai
from store import MissingDependency

__all__ = ["PEERS", "REMEM", "System", "chosen", "require"]

REMEM = Remem().name

PEERS: Mapping[str, System] = {
    peer.name: peer for peer in (Chroma(), LanceDB(), Txtai(), Qdrant(), SqliteVec())
}
"""By name, in the order in which they are shown."""


def chosen(name: str, url: str | None) -> System:
    """The system of a name; a url is for remem's."""
    return Remem(url) if name == REMEM else PEERS[name]


def require(peers: Iterable[str]) -> None:
    """See to it that all packages are there, before anything is measured.

    Raises:
        MissingDependency: one is not.
    """
    for name in peers:
        for needed in PEERS[name].packages:
            if find_spec(needed.partition(".")[0]) is None:
                raise MissingDependency(f"the peer {name}", "'remem[peers]'")
