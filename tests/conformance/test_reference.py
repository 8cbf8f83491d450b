"""The reference store passes first: it is what the others are compared with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remem.store.conformance import Reopen, StoreContract
from remem.store.reference import ReferenceStore
from remem.store.store import Store


class TestReferenceStore(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with ReferenceStore() as store:
            yield store

    @pytest.fixture
    def reopen(self, store: Store) -> Reopen:
        return lambda: store  # it lasts as long as the process
