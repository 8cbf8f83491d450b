"""The default store, SQLite + FAISS, keeps the whole contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem.store.conformance import Reopen, StoreContract
from remem.store.embedded import EmbeddedStore
from remem.store.store import Store


class TestEmbeddedStore(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[list[Store]]:
        stores: list[Store] = [EmbeddedStore(tmp_path / "memories")]
        yield stores
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, opened: list[Store]) -> Store:
        return opened[0]

    @pytest.fixture
    def reopen(self, opened: list[Store], tmp_path: Path) -> Reopen:
        def again() -> Store:
            opened[-1].close()
            opened.append(EmbeddedStore(tmp_path / "memories"))
            return opened[-1]

        return again
