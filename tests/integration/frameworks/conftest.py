"""What the tests of all adapters share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.testing import HashEncoder


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", "ana", encoder=HashEncoder()) as memory:
        yield memory
