"""Digests of what is stored."""

from __future__ import annotations

import json
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.store import digests

VALUES = st.none() | st.integers() | st.booleans() | st.floats() | st.text()
LONG = st.text(st.sampled_from('ab\n"\\\t\x00\x1f\x7fé中😀'), min_size=60, max_size=200)


@given(st.lists(VALUES | LONG))
def test_a_digest_is_that_of_the_json_of_all_values(values: list[object]) -> None:
    whole = json.dumps(values, ensure_ascii=False).encode()
    assert digests.of_values(*values) == blake2b(whole, digest_size=16).digest()


@given(st.integers(), st.binary(max_size=5000))
def test_bytes_have_the_digest_of_their_owner_and_themselves(owner: int, data: bytes) -> None:
    whole = b"%d " % owner + data
    assert digests.of_bytes(owner, data) == blake2b(whole, digest_size=16).digest()


def test_half_a_character_in_a_long_text_is_damage() -> None:
    assert not digests.same(b"", ["\ud800" * 100])


@pytest.mark.parametrize("value", [b"bytes", object()])
def test_what_no_store_writes_has_no_digest(value: object) -> None:
    with pytest.raises(TypeError):
        digests.of_values("text", value)
