"""The default store: SQLite holds the truth, FAISS and a BM25 index follow it."""

from remem.store.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
