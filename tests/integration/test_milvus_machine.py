"""MilvusStore and ReferenceStore live the same life, and never disagree.

Beside what applications do, this life has reopenings, purges, rebuilds, re-encodings, a second
store at the same place, and limits so low that everything is beyond them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from store.conformance.samples import SPACE, embed
from store.filters import Filter
from store.milvus import MilvusStore
from store.reference import ReferenceStore
from store.types import Batch, Entry, Text, Vector
from tests.property import strategies
from tests.property.agreement import assert_same_search, outcome

NAMESPACES = ("ana", "bob")

handles = st.integers(0, 1)
methods = st.sampled_from(["write", "write", "write", "purge"])


def _key(entry: Entry) -> str:
    return entry.record.key


class MilvusMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patches = pytest.MonkeyPatch()
        self.now = strategies.START
        self.space = SPACE
        self.folder = Path(tempfile.mkdtemp(prefix="remem-"))
        self.oracle = ReferenceStore(clock=self.clock)
        self.oracle.adopt(SPACE)
        self.handles = [self.opened(), self.opened()]
        for handle in self.handles:
            handle.adopt(SPACE)

    def clock(self) -> datetime:
        return self.now

    def opened(self) -> MilvusStore:
        return MilvusStore(str(self.folder / "memories.db"), clock=self.clock)

    @initialize(data=st.data(), low=st.booleans())
    def begin_with_some_records(self, data: st.DataObject, low: bool) -> None:
        if low:
            for limit, value in (
                ("searching._FEW", 0),
                ("searching.MOST_HITS", 3),
                ("words.MOST_ITEMS", 2),
                ("facets.MOST_ITEMS", 3),
                ("packing.LONGEST_BODY", 99),
                ("engine._PAGE", 2),
                ("copying._PAGE", 2),
            ):
                self.patches.setattr(f"store.milvus.{limit}", value)
        entries = strategies.entries(self.space.dim)
        batch = Batch(add=data.draw(st.lists(entries, min_size=5, max_size=9, unique_by=_key)))
        for namespace in NAMESPACES:
            self.both(0, "write", namespace, batch)

    @rule(data=st.data(), namespace=strategies.namespaces, handle=handles, method=methods)
    def write(self, data: st.DataObject, namespace: str, handle: int, method: str) -> None:
        self.both(handle, method, namespace, data.draw(strategies.batches(self.space.dim)))

    def both(self, handle: int, method: str, namespace: str, batch: Batch) -> None:
        found, expected = (
            outcome(partial(getattr(store, method), namespace, batch))
            for store in (self.handles[handle], self.oracle)
        )
        assert found == expected

    @rule(
        data=st.data(),
        namespace=strategies.namespaces,
        handle=handles,
        k=st.sampled_from([1, 2, 5, 1000]),
        where=st.none() | strategies.filters,
    )
    def search(
        self, data: st.DataObject, namespace: str, handle: int, k: int, where: Filter | None
    ) -> None:
        legs = [*data.draw(strategies.legs(self.space.dim)), Text("turn", "tea cake hike 北京")]
        assert_same_search(self.handles[handle], self.oracle, namespace, legs, k, where)

    @rule(
        namespace=strategies.namespaces,
        handle=handles,
        first=st.integers(-2, 5),
        length=st.integers(0, 3),
        radius=st.integers(0, 3),
    )
    def neighbors(self, namespace: str, handle: int, first: int, length: int, radius: int) -> None:
        around, expected = (
            store.neighbors(namespace, "s1", first, first + length, radius)
            for store in (self.handles[handle], self.oracle)
        )
        assert around == expected

    @rule(hours=st.integers(1, 4))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.handles[handle].close()
        self.handles[handle] = self.opened()

    @rule(handle=handles)
    def rebuild(self, handle: int) -> None:
        self.handles[handle].rebuild()

    @rule(handle=handles, dim=st.sampled_from([8, 16]))
    def reindex(self, handle: int, dim: int) -> None:
        self.space = replace(SPACE, fingerprint=f"{self.space.fingerprint}+", dim=dim)

        def encode(texts: Sequence[str]) -> Vector:
            return embed(texts, dim)

        for store in (self.handles[handle], self.oracle):
            store.reindex(self.space, encode)
        self.reopen(1 - handle)

    @invariant()
    def records_are_the_same(self) -> None:
        store = self.handles[0]
        assert store.namespaces() == self.oracle.namespaces()
        for namespace in NAMESPACES:
            records = list(store.scan(namespace))
            assert records == list(self.oracle.scan(namespace))
            assert store.count(namespace) == len(records)
            assert store.sources(namespace) == self.oracle.sources(namespace)
        assert store.verify().problems == ()

    def teardown(self) -> None:
        for handle in self.handles:
            handle.close()
        self.patches.undo()
        shutil.rmtree(self.folder)


TestMilvusMachine = MilvusMachine.TestCase
TestMilvusMachine.settings = settings(
    max_examples=6,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
