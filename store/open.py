"""From a url to the store behind it; backends are imported when they are used."""

from __future__ import annotations

from pathlib import Path

from remem.store.errors import InvalidInput
from remem.store.store import Store


def open_store(url: str | Path, fingerprint: str | None = None) -> Store:
    """Open the store at ``url``, made if it does not exist.

    Args:
        url: A path is the folder of an embedded store (SQLite + FAISS);
            ``postgresql://user:password@host:port/database`` a database with pgvector (needs
            ``remem[postgres]``); ``milvus://host:19530`` or a file ``*.db`` a Milvus (needs
            ``remem[milvus]``); ``:memory:`` the exact reference store, which lasts as long as the
            process.
        fingerprint: Of the encoder that will be used with it, if one will.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
        InvalidInput: the url is of no known kind.
        CorruptStore, StoreReadOnly, StoreFull: the folder or database cannot be used.
        UpstreamError: no server answers, or it lacks what is needed.
        MissingDependency: the optional package of that kind of store is not installed.
    """
    text = str(url)
    if text == ":memory:":
        from remem.store.reference import ReferenceStore

        return ReferenceStore()
    if text.startswith(("milvus://", "milvus+https://")) or _is_lite(text):
        from remem.store.milvus import MilvusStore

        return MilvusStore(text, fingerprint)
    if text.startswith(("postgresql://", "postgres://")):
        from remem.store.postgres import PostgresStore

        return PostgresStore(text, fingerprint)
    if "://" in text:
        kind = text.partition("://")[0]
        raise InvalidInput(
            f"no store is called {kind}://; give a folder, postgresql://..., milvus://..., or "
            "':memory:' for one in memory"
        )
    from remem.store.embedded import EmbeddedStore

    return EmbeddedStore(_expanded(text), fingerprint)


def store_exists(url: str | Path) -> bool:
    """True if opening would make no new folder or file; always True of a server's URL."""
    text = str(url)
    if "://" in text:
        return True
    path = _expanded(text)
    if _is_lite(text):
        return path.exists()
    return path.is_file() or (path / "records.sqlite3").exists()


def folder_of(url: str | Path) -> Path | None:
    """The folder of an embedded store; None of any other store."""
    text = str(url)
    return None if "://" in text or text == ":memory:" or _is_lite(text) else _expanded(text)


def _is_lite(url: str) -> bool:
    return "://" not in url and url.endswith(".db")


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InvalidInput(
            f"there is no such user as in {path!r}; write the folder out, or './{path}' for a name "
            "that begins with ~"
        ) from None
