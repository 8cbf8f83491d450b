"""The fixtures that every part of the contract uses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.base import Store
from store.conformance.samples import SPACE

__all__ = ["Contract", "Reopen"]

Reopen = Callable[[], Store]


class Contract:
    """What a backend supplies, and what it may leave as it is."""

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
