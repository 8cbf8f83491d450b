"""Versions of a memory are named key, key~2, key~3, ... and linked by ``superseded_by``."""

from datetime import datetime, timedelta, timezone

import pytest

from remem.store import Batch, Store
from remem.store.conformance.samples import SPACE, batch, turn
from remem.store.reference import ReferenceStore
from remem.versions import all_versions, history, may_be_later, next_version

NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def store() -> Store:
    store = ReferenceStore()
    store.adopt(SPACE)
    return store


def keys_of_history(store: Store, key: str) -> list[str]:
    return [record.key for record in history(store, "ana", key)]


@pytest.mark.parametrize(
    ("key", "expected"), [("a", "a~2"), ("a~2", "a~3"), ("a~9", "a~10"), ("a~10", "a~11")]
)
def test_each_version_has_a_next(key: str, expected: str) -> None:
    assert next_version(key) == expected


@pytest.mark.parametrize("key", ["~2", "a~0", "a~1", "a~02", "a~x", "a~", "a~2024", "a~20240501"])
def test_a_key_that_only_looks_like_a_version_is_named_a_first_one(key: str) -> None:
    assert next_version(key) == f"{key}~2"


@pytest.mark.parametrize("key", ["a", "a~2", "a~999", "a~1000", "a~2024", "~2", "a~x"])
def test_the_name_of_every_version_shows_that_it_may_be_one(key: str) -> None:
    assert may_be_later(next_version(key))


@pytest.mark.parametrize("key", ["a", "s#2", "~2", "a~", "a~2b"])
def test_most_names_show_that_they_are_no_later_version(key: str) -> None:
    assert not may_be_later(key)


def test_history_goes_by_links_and_not_by_names(store: Store) -> None:
    store.write("ana", batch(turn("x"), turn("b"), turn("b~2"), turn("a")))
    store.write("ana", Batch(supersede={"x": "b", "b": "a"}))
    for key in ("x", "b", "a"):
        assert keys_of_history(store, key) == ["x", "b", "a"]
    assert keys_of_history(store, "b~2") == ["b~2"]
    assert keys_of_history(store, "unknown") == []


def test_history_has_all_that_gave_way_to_one(store: Store) -> None:
    """Each before its successor, and else the older first."""
    stored = {"d": 3, "c": 1, "b": 2, "a": 2, "new": 0}
    records = [turn(key, stored_at=NOON + timedelta(hours=h)) for key, h in stored.items()]
    store.write("ana", batch(*records))
    store.write("ana", Batch(supersede={"d": "c", "c": "new", "b": "new", "a": "new"}))
    for key in stored:
        assert keys_of_history(store, key) == ["a", "b", "d", "c", "new"]


def test_history_ends_where_a_link_leads_nowhere(store: Store) -> None:
    store.write("ana", batch(turn("a", superseded_by="b"), turn("b", superseded_by="gone")))
    assert keys_of_history(store, "a") == keys_of_history(store, "b") == ["a", "b"]


def test_links_in_a_circle_have_an_end(store: Store) -> None:
    store.write("ana", batch(turn("a"), turn("b"), turn("c"), turn("before")))
    store.write("ana", Batch(supersede={"a": "b", "b": "c", "c": "a", "before": "b"}))
    assert keys_of_history(store, "a") == ["a", "before", "b", "c"]
    assert sorted(keys_of_history(store, "before")) == ["a", "b", "before", "c"]


def test_versions_of_several_memories_are_found_together(store: Store) -> None:
    store.write("ana", batch(*map(turn, "abcde")))
    store.write("ana", Batch(supersede={"a": "b", "c": "d"}))
    [b, c] = [record for record in store.get("ana", ["b", "c"]) if record is not None]
    assert sorted(all_versions(store, "ana", [b, c])) == ["a", "b", "c", "d"]
