"""EmbeddedStore and ReferenceStore live the same life, and never disagree.

Beside what applications do, this life has snapshots and damaged index files.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import precondition, rule

from remem.store.embedded import EmbeddedStore
from tests.property.machine import StoreMachine, handles


class EmbeddedMachine(StoreMachine):
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="remem-"))
        super().__init__()

    def opened(self, handle: int) -> EmbeddedStore:
        """The second handle has room for the index of one namespace only."""
        room = (1 << 30, 1)[handle]
        return EmbeddedStore(self.folder, clock=self.clock, max_index_bytes=room)

    @rule(handle=handles)
    def save_indexes(self, handle: int) -> None:
        store = self.handles[handle]
        assert isinstance(store, EmbeddedStore)
        store.snapshot()

    @precondition(lambda self: self.snapshots())
    @rule(data=st.data(), harm=st.sampled_from(["flip", "truncate", "delete"]))
    def damage_a_snapshot(self, data: st.DataObject, harm: str) -> None:
        path = data.draw(st.sampled_from(self.snapshots()))
        content = bytearray(path.read_bytes())
        # How long a file is depends on what threads did meanwhile.
        place = data.draw(st.integers(0, 2**20)) % len(content)
        if harm == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
            path.write_bytes(content)
        elif harm == "truncate":
            path.write_bytes(content[:place])
        else:
            path.unlink()
        self.damaged = True
        for handle in (0, 1):
            self.reopen(handle)

    def snapshots(self) -> list[Path]:
        return sorted((self.folder / "index").glob("*.snapshot"))

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


TestEmbeddedMachine = EmbeddedMachine.TestCase
TestEmbeddedMachine.settings = settings(max_examples=20, stateful_step_count=30)
