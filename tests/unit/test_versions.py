"""Versions of a memory are named key, key~2, key~3, ... and linked by ``superseded_by``."""

import pytest

from memory.versions import next_version, root


@pytest.mark.parametrize(
    ("key", "expected"), [("a", "a~2"), ("a~2", "a~3"), ("a~9", "a~10"), ("a~10", "a~11")]
)
def test_each_version_has_a_next(key: str, expected: str) -> None:
    assert next_version(key) == expected


@pytest.mark.parametrize("key", ["a", "a~2", "a~31"])
def test_all_versions_have_one_root(key: str) -> None:
    assert root(key) == "a"


@pytest.mark.parametrize("key", ["~2", "a~0", "a~1", "a~02", "a~x", "a~", "a~20240501"])
def test_a_key_that_only_looks_like_a_version_is_its_own_root(key: str) -> None:
    assert root(key) == key
