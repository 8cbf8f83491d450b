"""From a url to the store behind it; backends are imported when they are used."""

from __future__ import annotations

from pathlib import Path

from store.base import Store
from store.errors import InvalidInput

__all__ = ["open_store"]


def open_store(url: str | Path, fingerprint: str | None = None) -> Store:
    """Open the store at ``url``, made if it does not exist.

    Args:
        url: A path is the folder of an embedded store (SQLite + FAISS); ``:memory:`` is the exact
            reference store, which lasts as long as the process.
        fingerprint: Of the encoder that will be used with it, if one will.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
        InvalidInput: the url is of no known kind.
        CorruptStore, StoreReadOnly, StoreFull: the folder cannot be used.
    """
    text = str(url)
    if text == ":memory:":
        from store.reference import ReferenceStore

        return ReferenceStore()
    if text.startswith(("milvus://", "milvus+https://")) or text.endswith(".db"):
        from store.milvus import MilvusStore

        return MilvusStore(text, fingerprint)
    if "://" in text:
        raise InvalidInput(f"no store for {text!r}; give a folder, or ':memory:' for one in memory")
    from store.embedded import EmbeddedStore

    return EmbeddedStore(Path(text).expanduser(), fingerprint)
