"""Long-term memory for language models: verbatim, local, measured.

>>> from memory import Memory
>>> from memory.testing import HashEncoder
>>> with Memory(":memory:", encoder=HashEncoder()) as memory:
...     record = memory.add("The spare key is under the blue pot.", speaker="Ana")
...     memory.search("Where is the spare key?")[0].record.text
'The spare key is under the blue pot.'
"""

from memory.aio import AsyncMemory
from memory.encoder import Encoder, SentenceTransformerEncoder
from memory.engine import Memory
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection
from memory.recall.retriever import Retriever
from memory.recorder import Added
from store import F, Record, RememError

__all__ = [
    "Added",
    "AsyncMemory",
    "Context",
    "Encoder",
    "F",
    "Memory",
    "Recollection",
    "Record",
    "RememError",
    "Retriever",
    "SentenceTransformerEncoder",
]
