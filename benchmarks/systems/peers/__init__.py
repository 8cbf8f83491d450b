"""What people would use instead, each as its documentation recommends; extra ``remem[peers]``.

Every peer gets the same text of each record ("speaker: text") and the same vectors, in a folder of
its own for each haystack. Packages are imported when a peer first indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from remem.benchmarks.systems.base import System
from remem.benchmarks.systems.peers.chroma import Chroma
from remem.benchmarks.systems.peers.lancedb import LanceDB
from remem.benchmarks.systems.peers.mem0 import Mem0
from remem.benchmarks.systems.peers.txtai import Txtai

__all__ = ["PEERS"]

PEERS: Mapping[str, Callable[[], System]] = {
    "chroma": Chroma,
    "lancedb": LanceDB,
    "txtai": Txtai,
    "mem0": Mem0,
}
