"""The one rule that says where a record comes from if nobody does."""

from __future__ import annotations

import pytest

from remem.store import Record
from remem.store.types import origin_of


@pytest.mark.parametrize(
    ("kind", "role", "origin"),
    [
        ("turn", None, "person"),
        ("turn", "user", "person"),
        ("turn", "assistant", "assistant"),
        ("turn", "tool", "tool"),
        ("turn", "function", "tool"),
        ("note", None, "person"),
        ("note", "assistant", "assistant"),
        ("passage", None, "document"),
    ],
)
def test_kind_and_role_tell_where_words_come_from(kind: str, role: str, origin: str) -> None:
    assert origin_of(kind, role) == origin
    assert Record("k", "s", 0, "x", kind=kind, role=role).origin == origin


@pytest.mark.parametrize(("kind", "role"), [("turn", "system"), ("item", None), ("letter", None)])
def test_what_may_be_anybodys_has_no_origin(kind: str, role: str | None) -> None:
    assert Record("k", "s", 0, "x", kind=kind, role=role).origin is None


def test_an_origin_that_is_told_stands_whatever_the_role() -> None:
    assert Record("k", "s", 0, "x", role="user", origin="web").origin == "web"
