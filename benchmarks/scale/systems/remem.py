"""remem's own stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol, runtime_checkable

from remem.benchmarks.scale.figures import Condition
from remem.benchmarks.scale.making import Asked, Rows
from remem.benchmarks.scale.system import Engine, fused
from remem.store import (
    Batch,
    Dense,
    Entry,
    F,
    Filter,
    Leg,
    Record,
    Space,
    Store,
    Text,
    View,
    open_store,
)

NAMESPACE = "scale"
_SESSION = 50
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Remem:
    """A store of remem: embedded in the folder, or at a url.

    Attributes:
        url: Of a server's store; None: the embedded one.
    """

    url: str | None = None
    name: str = "remem"
    batch: int = 5000

    @property
    def packages(self) -> Sequence[str]:
        """That of the store."""
        kind = (self.url or "").partition(":")[0]
        engine = {"postgres": "postgres", "postgresql": "postgres"}.get(kind, "milvus")
        return (f"remem.store.{engine}" if self.url else "remem.store.embedded",)

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """The store; a server that is at work in the background may finish before it is closed."""
        with open_store(self.url or folder / "store") as store:
            yield _Engine(store)
            if isinstance(store, _Waiting):
                store.wait()


@runtime_checkable
class _Waiting(Protocol):
    def wait(self) -> None:
        """Return when nothing is done in the background."""


@dataclass(slots=True)
class _Engine:
    store: Store

    def fill(self, batches: Iterable[Rows]) -> None:
        for rows in batches:
            self.add(rows)

    def dense(self, asked: Asked, k: int, where: Condition | None) -> list[int]:
        legs = [Dense(self._views[0], asked.vector)]
        found = self.store.search(NAMESPACE, legs, k, _filter(where))
        return [int(hit.record.key) for hit in found[0]]

    def hybrid(self, asked: Asked, k: int) -> list[int]:
        legs: list[Leg] = [Dense(view, asked.vector) for view in self._views]
        legs += [Text(view, asked.text) for view in self._views]
        found = self.store.search(NAMESPACE, legs, k)
        return fused([[int(hit.record.key) for hit in leg] for leg in found], k)

    def add(self, rows: Rows) -> None:
        if self.store.space is None:
            dim = rows.vector.shape[1]
            self.store.adopt(Space("the scale benchmark", dim, tuple(rows.texts)))
        self.store.write(NAMESPACE, Batch(add=entries_of(rows)))

    def delete(self, numbers: Sequence[int]) -> None:
        self.store.write(NAMESPACE, Batch(delete=[str(number) for number in numbers]))

    def bytes_on_disk(self) -> int:
        return self.store.stats().bytes_on_disk

    @property
    def _views(self) -> tuple[str, ...]:
        assert self.store.space
        return self.store.space.views


def entries_of(rows: Rows) -> list[Entry]:
    """The records as a store takes them: sessions of fifty turns, one a minute."""
    names = tuple(rows.texts)
    views = zip(*(map(View, rows.texts[view], rows.vectors[view]) for view in names), strict=True)
    return [
        Entry(_record(number, text, metadata), dict(zip(names, of_each, strict=True)))
        for number, text, metadata, of_each in zip(
            rows.numbers, rows.text, rows.metadata, views, strict=True
        )
    ]


def _record(number: int, text: str, metadata: Mapping[str, int]) -> Record:
    return Record(
        key=str(number),
        source=f"session-{number // _SESSION}",
        position=number % _SESSION,
        text=text,
        role="user" if number % 2 else "assistant",
        said_at=_START + number * _MINUTE,
        metadata=metadata,
    )


def _filter(condition: Condition | None) -> Filter | None:
    if condition is None:
        return None
    return F(f"metadata.{condition.field}") == condition.value
