"""The oracle that other stores are compared with, and what ``open_store(":memory:")`` returns."""

from remem.store.reference.store import ReferenceStore

__all__ = ["ReferenceStore"]
