"""Two handles on one store and the reference live the same life, and never disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remem.store.conformance.samples import SPACE, embed
from remem.store.filters import Filter
from remem.store.reference import ReferenceStore
from remem.store.store import Store
from remem.store.types import Batch, Entry, Text, Vector
from tests.property import strategies
from tests.property.agreement import assert_same_search, outcome

__all__ = ["Clock", "StoreMachine", "handles"]

handles = st.integers(0, 1)
methods = st.sampled_from(["write", "write", "purge"])


def _key(entry: Entry) -> str:
    return entry.record.key


class Clock:
    """Time stands still until it is moved."""

    def __init__(self) -> None:
        self.now = strategies.START

    def __call__(self) -> datetime:
        return self.now


class StoreMachine(RuleBasedStateMachine):
    """What applications do. A store adds ``opened`` and what may befall it."""

    damaged = False

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.space = SPACE
        self.oracle = ReferenceStore(clock=self.clock)
        self.oracle.adopt(SPACE)
        self.handles = [self.opened(handle) for handle in (0, 1)]
        for handle in self.handles:
            handle.adopt(SPACE)

    def opened(self, handle: int) -> Store:
        """A handle on the store, which is empty at first."""
        raise NotImplementedError

    @initialize(data=st.data())
    def begin_with_some_records(self, data: st.DataObject) -> None:
        entries = strategies.entries(self.space.dim)
        batch = Batch(add=data.draw(st.lists(entries, min_size=5, max_size=9, unique_by=_key)))
        for _ in range(2):
            self.both(0, "write", data.draw(strategies.namespaces), batch)

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
        assert_same_search(self.handles[handle], self.oracle, namespace, legs, k, None)
        assert_same_search(self.handles[handle], self.oracle, namespace, legs, k, where)

    @rule(
        namespace=strategies.namespaces,
        source=strategies.sources,
        handle=handles,
        first=st.integers(-2, 5),
        length=st.integers(0, 3),
        radius=st.integers(0, 3),
    )
    def neighbors(
        self, namespace: str, source: str, handle: int, first: int, length: int, radius: int
    ) -> None:
        around, expected = (
            store.neighbors(namespace, source, first, first + length, radius)
            for store in (self.handles[handle], self.oracle)
        )
        assert around == expected

    @rule(namespace=strategies.namespaces, handle=handles, keys=st.lists(strategies.keys))
    def predecessors(self, namespace: str, handle: int, keys: list[str]) -> None:
        found, expected = (
            store.predecessors(namespace, keys) for store in (self.handles[handle], self.oracle)
        )
        assert found == expected

    @rule(hours=st.integers(1, 4))
    def time_passes(self, hours: int) -> None:
        self.clock.now += timedelta(hours=hours)

    @rule(handle=handles)
    def reopen(self, handle: int) -> None:
        self.handles[handle].close()
        self.handles[handle] = self.opened(handle)

    @rule(handle=handles)
    def rebuild(self, handle: int) -> None:
        self.handles[handle].rebuild()
        self.damaged = False

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
        for handle in self.handles:
            assert handle.namespaces() == self.oracle.namespaces()
            for namespace in ("nobody", *self.oracle.namespaces()):
                records = list(handle.scan(namespace))
                assert records == list(self.oracle.scan(namespace))
                assert handle.count(namespace) == len(records)
                first = self.oracle.find(namespace, None, 3)
                assert (
                    handle.reading(lambda reader, of=namespace: reader.find(of, None, 3)) == first
                )
                assert handle.sources(namespace) == self.oracle.sources(namespace)

    @invariant()
    def the_store_is_sound(self) -> None:
        for handle in self.handles:
            verification = handle.verify()
            assert self.damaged or verification.problems == ()

    def teardown(self) -> None:
        for handle in self.handles:
            handle.close()
