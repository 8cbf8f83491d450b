"""Long-term memory for language models: verbatim, local, measured.

>>> from memory import Memory
>>> from memory.testing import HashEncoder
>>> with Memory(":memory:", encoder=HashEncoder()) as memory:
...     record = memory.add("The spare key is under the blue pot.", speaker="Ana")
...     memory.search("Where is the spare key?")[0].record.text
'The spare key is under the blue pot.'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memory.aio import AsyncMemory
    from memory.bundled import BundledEncoder
    from memory.encoder import Encoder, SentenceTransformerEncoder
    from memory.engine import Memory
    from memory.recall.expectation import Expected
    from memory.recall.prompt import Context
    from memory.recall.ranking import Recollection
    from memory.recall.retriever import Retriever
    from memory.recorder import Added
    from store import F, Record, RememError

__all__ = [
    "Added",
    "AsyncMemory",
    "BundledEncoder",
    "Context",
    "Encoder",
    "Expected",
    "F",
    "Memory",
    "Recollection",
    "Record",
    "RememError",
    "Retriever",
    "SentenceTransformerEncoder",
]

_HOMES = {
    "Added": "memory.recorder",
    "AsyncMemory": "memory.aio",
    "BundledEncoder": "memory.bundled",
    "Context": "memory.recall.prompt",
    "Encoder": "memory.encoder",
    "Expected": "memory.recall.expectation",
    "F": "store",
    "Memory": "memory.engine",
    "Recollection": "memory.recall.ranking",
    "Record": "store",
    "RememError": "store",
    "Retriever": "memory.recall.retriever",
    "SentenceTransformerEncoder": "memory.encoder",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
