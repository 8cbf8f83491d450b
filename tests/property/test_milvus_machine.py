"""MilvusStore and ReferenceStore live the same life, and never disagree.

Beside what applications do, some lives have limits so low that everything is beyond them.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize

from remem.store.milvus import MilvusStore
from tests.property.machine import StoreMachine

LIMITS = {
    "search._FEW": 0,
    "search.MOST_HITS": 3,
    "packing.MOST_ITEMS": 2,
    "filters.MOST_ITEMS": 3,
    "packing.LONGEST_BODY": 99,
    "engine._PAGE": 2,
    "rebuild._PAGE": 2,
}


class MilvusMachine(StoreMachine):
    def __init__(self) -> None:
        self.patches = pytest.MonkeyPatch()
        self.folder = Path(tempfile.mkdtemp(prefix="remem-"))
        super().__init__()

    def opened(self, handle: int) -> MilvusStore:
        return MilvusStore(str(self.folder / "memories.db"), clock=self.clock)

    @initialize(data=st.data(), low=st.booleans())
    def begin_with_some_records(self, data: st.DataObject, low: bool) -> None:
        for limit, value in LIMITS.items() if low else ():
            self.patches.setattr(f"remem.store.milvus.{limit}", value)
        super().begin_with_some_records(data)

    def teardown(self) -> None:
        super().teardown()
        self.patches.undo()
        shutil.rmtree(self.folder)


TestMilvusMachine = pytest.mark.slow(MilvusMachine.TestCase)
TestMilvusMachine.settings = settings(
    max_examples=6, stateful_step_count=15, suppress_health_check=[HealthCheck.too_slow]
)
