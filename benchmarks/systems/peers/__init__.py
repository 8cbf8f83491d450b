"""Products of others, each used as its documentation recommends; extra ``remem[peers]``.

Every peer gets the same text of each record ("speaker: text") and the same vectors, in a folder of
its own for each haystack. Packages are imported when a peer first indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from remem.benchmarks.systems.base import System
from remem.benchmarks.systems.engine import Growing, Recalling
from remem.benchmarks.systems.peers.chroma import Chroma
from remem.benchmarks.systems.peers.lancedb import LanceDB
from remem.benchmarks.systems.peers.mem0 import Mem0
from remem.benchmarks.systems.peers.qdrant import Qdrant
from remem.benchmarks.systems.peers.sqlite_vec import SqliteVec
from remem.benchmarks.systems.peers.txtai import Txtai

__all__ = ["GROWING", "PEERS"]

PEERS: Mapping[str, Callable[[], System]] = {
    "chroma": partial(Recalling, "Chroma", Chroma()),
    "lancedb": partial(Recalling, "LanceDB hybrid", LanceDB()),
    "txtai": partial(Recalling, "txtai hybrid", Txtai()),
    "mem0": Mem0,
}
"""Those whose recall is measured."""

GROWING: Mapping[str, Growing] = {
    peer.name: peer for peer in (Chroma(), LanceDB(), Txtai(), Qdrant(), SqliteVec())
}
"""Those whose growth is measured, by name, in the order in which they are shown."""
