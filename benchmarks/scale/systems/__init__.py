"""The systems that are measured side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from remem.benchmarks.scale.system import System
from remem.benchmarks.scale.systems.qdrant import Qdrant
from remem.benchmarks.scale.systems.remem import Remem
from remem.benchmarks.scale.systems.sqlite_vec import SqliteVec
from remem.benchmarks.systems.peers.chroma import GrowingChroma
from remem.benchmarks.systems.peers.lancedb import GrowingLanceDB
from remem.benchmarks.systems.peers.txtai import GrowingTxtai
from remem.store import MissingDependency

__all__ = ["PEERS", "REMEM", "System", "chosen", "require"]

REMEM = Remem().name

PEERS: Mapping[str, System] = {
    peer.name: peer
    for peer in (GrowingChroma(), GrowingLanceDB(), GrowingTxtai(), Qdrant(), SqliteVec())
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
