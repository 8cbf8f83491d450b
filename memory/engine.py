"""``Memory``: the one class that an application needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from memory.encoder import Encoder
from memory.recall.prompt import Context, CountTokens
from memory.recall.ranking import Recollection
from store import Filter, Record, SourceInfo, Stats, Verification

__all__ = ["Added", "Memory"]


@dataclass(frozen=True, slots=True)
class Added:
    """What an ``add`` did: keys of new records, and of those that were stored already."""

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class Memory:
    """SKELETON while the engine is being written; the signatures stand."""

    def __init__(
        self,
        url: str | Path,
        namespace: str = "default",
        *,
        encoder: Encoder | None = None,      # None: the bundled all-MiniLM-L6-v2, loaded on first use
    ) -> None: ...

    url: str
    namespace: str
    encoder: Encoder

    def in_namespace(self, namespace: str) -> Memory:
        """Same store and encoder, another namespace; closing either closes both."""

    def namespaces(self) -> list[str]: ...

    def add(self, text: str, *, source: str = "notes", speaker: str | None = None, role: str | None = None,
            kind: str = "note", said_at: datetime | None = None, expires_at: datetime | None = None,
            metadata: Mapping[str, Any] | None = None, key: str | None = None) -> Record: ...

    def add_messages(self, messages: Sequence[Mapping[str, Any]], *, session: str = "chat",
                     start: int | None = None) -> Added:
        """OpenAI-style messages; optional per message: name/speaker, time (datetime or ISO), id, metadata.
        Without ``start`` the list continues the session: what it repeats of the session's end is recognised."""

    def add_document(self, document: str | Path, *, source: str | None = None,
                     metadata: Mapping[str, Any] | None = None) -> Added: ...

    def add_records(self, records: Iterable[Record]) -> Added:
        """Records as the importers yield them; streamed in batches; raises Conflict if a key holds another text."""

    def search(self, query: str, k: int = 10, *, where: Filter | Mapping[str, Any] | None = None,
               explain: bool = False) -> list[Recollection]: ...

    def context(self, query: str, *, budget: int = 1000, count_tokens: CountTokens | None = None, k: int = 20,
                where: Filter | Mapping[str, Any] | None = None) -> Context: ...

    def get(self, key: str) -> Record | None: ...
    def history(self, key: str) -> list[Record]:
        """All versions, oldest first, of the record that `key` is a version of."""
    def neighbors(self, key: str, radius: int = 2) -> list[Record]: ...
    def update(self, key: str, text: str) -> Record: ...
    def delete(self, *keys: str) -> int: ...
    def forget(self, where: Filter | Mapping[str, Any]) -> int: ...
    def scan(self, where: Filter | Mapping[str, Any] | None = None) -> Iterator[Record]: ...
    def sources(self) -> list[SourceInfo]: ...
    def count(self, where: Filter | Mapping[str, Any] | None = None) -> int: ...
    def export(self, target: str | Path | IO[str], *, namespaces: Sequence[str] | None = None) -> int:
        """JSON Lines; returns the number of records. namespaces None: this one only."""
    def import_(self, path: str | Path) -> Added:
        """Reads what export wrote; each record goes to the namespace it came from."""
    def stats(self) -> Stats: ...
    def verify(self) -> Verification: ...
    def rebuild(self) -> None: ...
    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None = None) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Memory: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None: ...
