"""LangGraph: a memory as the store of a graph.

::

    graph = builder.compile(store=RememStore(memory))

An item is a note. Its namespace is the source, and what of it is indexed is the text, so that it is
recalled on every other way to the memory too. An item that is not indexed is never recalled.
"""

from remem.attach.frameworks.langgraph.store import RememStore

__all__ = ["RememStore"]
