"""Small records, vectors and questions for the contract: no model, the same on every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from remem.store.store import Store
from remem.store.types import Batch, Dense, Entry, Hit, Leg, Record, Space, Text, Vector, View

SPACE = Space("conformance", 16, ("turn", "window"))


def turn(key: str, text: str | None = None, **fields: Any) -> Record:
    """A record; its text is the key when none is given."""
    return Record(
        key=key,
        source=fields.pop("source", "session"),
        position=fields.pop("position", 0),
        text=key if text is None else text,
        **fields,
    )


def embed(texts: Sequence[str], dim: int = SPACE.dim) -> Vector:
    """A random direction for each text, the same one whenever the text is the same."""
    rows = [np.random.default_rng(crc32(text.encode())).standard_normal(dim) for text in texts]
    return np.array(rows, np.float32).reshape(len(rows), dim)


def direction(*components: float) -> Vector:
    """A vector whose first components are given and whose others are zero."""
    vector = np.zeros(SPACE.dim, np.float32)
    vector[: len(components)] = components
    return vector


def views(text: str) -> dict[str, View]:
    """Both views of a text; that of the window holds the word "around" besides."""
    texts = {"turn": text, "window": f"{text}\naround"}
    return {name: View(text, embed([text])[0]) for name, text in texts.items()}


def entry(record: Record, vector: Vector | None = None) -> Entry:
    """A record with its views; ``vector`` stands in both of them, if given."""
    made = views(record.text)
    if vector is not None:
        made = {name: View(view.text, vector) for name, view in made.items()}
    return Entry(record, made)


def batch(*records: Record) -> Batch:
    """A batch that adds the records."""
    return Batch(add=[entry(record) for record in records])


def dense(text: str, view: str = "turn") -> Leg:
    """The question whose best answer is the record with this text."""
    return Dense(view, views(text)[view].vector)


def words(query: str, view: str = "turn") -> Leg:
    """A question to full-text search."""
    return Text(view, query)


def keys(hits: Sequence[Hit]) -> list[str]:
    """Keys of the records found, best first."""
    return [hit.record.key for hit in hits]


# The fixtures that every part of the contract uses.

Reopen = Callable[[], Store]


class Contract:
    """Base of all contracts: fixtures that a backend supplies, and those it may leave alone."""

    @pytest.fixture
    def store(self) -> Store:
        """A new, empty store that has adopted no space; closed by the fixture after the test."""
        raise NotImplementedError("a backend supplies the fixture 'store'")

    @pytest.fixture
    def reopen(self, store: Store) -> Reopen:
        """Closes ``store`` and opens the same place again, as another process would."""
        raise NotImplementedError("a backend supplies the fixture 'reopen'")

    @pytest.fixture
    def settle(self) -> Callable[[], None]:
        """Waits until work in the background (building an index) is done."""
        return lambda: None

    @pytest.fixture
    def min_recall(self) -> float:
        """The least share of the true nearest neighbours among those found: 1 for exact search."""
        return 1.0

    @pytest.fixture
    def longest_name(self) -> int:
        """The most bytes that each of the names of one record can have: 1,024 characters."""
        return 4096

    @pytest.fixture
    def adopted(self, store: Store) -> Store:
        """The store, ready to be written to."""
        store.adopt(SPACE)
        return store
