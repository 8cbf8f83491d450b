"""The values of statements are found by how they are written."""

from __future__ import annotations

import pytest

from remem.recall.order.values import differ, is_close, values_in


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to ana@example.org", "address", "ana@example.org"),
        ("the alarm goes off at 5:45", "time", "5:45"),
        ("it's on 11 June instead", "date", "11 june"),
        ("every Tuesday", "date", "tuesday"),
        ("they want 1,200 now", "number", "1,200"),
        ("we are seven now", "number", "seven"),
        ("moved to Porto again", "name", "porto"),
    ],
)
def test_a_value_is_of_a_kind(text: str, kind: str, value: str) -> None:
    found = {name: held for name, held in values_in(text).items() if held}
    assert [*found] == [kind]
    assert {each.strip() for each in found[kind]} == {value}


def test_what_is_of_a_narrower_kind_is_no_number() -> None:
    assert not values_in("at 5:45 on 11 June")["number"]


def test_statements_differ_where_both_have_a_value_and_none_in_common() -> None:
    assert differ({"7:30"}, {"5:45"})
    assert not differ({"7:30", "5:45"}, {"5:45"})
    assert not differ({"7:30"}, set())


@pytest.mark.parametrize(
    ("newer", "older", "close"),
    [("980", "900", True), ("1,200", "900", True), ("88.5", "83", True), ("2000", "900", False)],
)
def test_a_rent_changes_by_half_at_most(newer: str, older: str, close: bool) -> None:
    assert is_close({newer}, {older}) is close


def test_a_count_of_a_few_is_close_to_none() -> None:
    assert not is_close({"7"}, {"8"})
