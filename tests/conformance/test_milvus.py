"""The store in Milvus keeps the whole contract, on the engine that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem.store.conformance import Reopen, StoreContract
from remem.store.milvus import MilvusStore
from remem.store.store import Store


class TestMilvusLite(StoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[list[Store]]:
        stores: list[Store] = [MilvusStore(str(tmp_path / "memories.db"))]
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
            opened.append(MilvusStore(str(tmp_path / "memories.db")))
            return opened[-1]

        return again
