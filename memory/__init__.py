"""Long-term memory for language models: verbatim, local, measured.

>>> from remem import Memory
>>> from remem.encoders.opening import HashEncoder
>>> with Memory(":memory:", encoder=HashEncoder()) as memory:
...     record = memory.add("The spare key is under the blue pot.", speaker="Ana")
...     memory.search("Where is the spare key?")[0].record.text
'The spare key is under the blue pot.'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remem.aio import AsyncMemory
    from remem.configuration import open_memory, settings_given
    from remem.encoders.bundled import BundledEncoder
    from remem.encoders.sentence_transformer import Encoder, SentenceTransformerEncoder
    from remem.generators.opening import open_generator
    from remem.memory import Memory
    from remem.recall.expectation import Expected
    from remem.recall.prompt import Context
    from remem.recall.quotes import Quote
    from remem.recall.recollection import Recollection
    from remem.recall.retriever import Retriever
    from remem.store import F, Record, RememError
    from remem.writer import Added

__version__: str

__all__ = [
    "Added",
    "AsyncMemory",
    "BundledEncoder",
    "Context",
    "Encoder",
    "Expected",
    "F",
    "Memory",
    "Quote",
    "Recollection",
    "Record",
    "RememError",
    "Retriever",
    "SentenceTransformerEncoder",
    "__version__",
    "open_generator",
    "open_memory",
    "settings_given",
]

_HOMES = {
    "Added": "remem.writer",
    "AsyncMemory": "remem.aio",
    "BundledEncoder": "remem.encoders.bundled",
    "Context": "remem.recall.prompt",
    "Encoder": "remem.encoders.sentence_transformer",
    "Expected": "remem.recall.expectation",
    "F": "remem.store",
    "Memory": "remem.memory",
    "Quote": "remem.recall.quotes",
    "Recollection": "remem.recall.recollection",
    "Record": "remem.store",
    "RememError": "remem.store",
    "Retriever": "remem.recall.retriever",
    "SentenceTransformerEncoder": "remem.encoders.sentence_transformer",
    "open_generator": "remem.generators.opening",
    "open_memory": "remem.configuration",
    "settings_given": "remem.configuration",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts at once."""
    if name == "__version__":
        from importlib.metadata import version  # as slow to import as all the rest here

        return version("remem")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
