"""When two stores agree: the same answers, up to rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from remem.store.errors import Conflict, RememError
from remem.store.filters import Filter
from remem.store.store import Store
from remem.store.types import Hit, Leg

TOLERANCE = 2e-3
"""Scores are sums of products of half-precision numbers, added in different orders."""


def outcome(call: Callable[[], object]) -> object:
    """What a call returns, or the error that it raises in a form that compares."""
    try:
        return call()
    except Conflict as error:
        return Conflict, error.keys
    except RememError as error:
        return type(error)


def assert_same_search(
    store: Store, oracle: Store, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None
) -> None:
    """The same hits; records whose scores differ by rounding may change places."""
    everything = oracle.search(namespace, legs, 10_000_000, where)
    for hits, expected in zip(store.search(namespace, legs, k, where), everything, strict=True):
        assert_same_hits(hits, expected, k)


def assert_same_hits(hits: Sequence[Hit], expected: Sequence[Hit], k: int) -> None:
    """``hits`` are the first ``k`` of ``expected``, up to rounding."""
    assert [hit.score for hit in hits] == pytest.approx(
        [hit.score for hit in expected[:k]], abs=TOLERANCE
    )
    by_key = {hit.record.key: hit for hit in expected}
    found = [hit.record.key for hit in hits]
    assert len(set(found)) == len(found)
    for hit in hits:
        twin = by_key[hit.record.key]
        assert hit.record == twin.record
        assert hit.score == pytest.approx(twin.score, abs=TOLERANCE)
    assert list(hits) == sorted(hits, key=lambda hit: (-hit.score, hit.record.key))
