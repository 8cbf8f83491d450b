"""The values of statements are found by how they are written."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from remem.recall.order.values import differ, is_close, values_in
from remem.recall.reading.dates import time_spans
from remem.recall.reading.demands import demand_of


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


@pytest.mark.parametrize("count", range(1, 13))
def test_a_number_up_to_twelve_is_an_age_a_number_of_days_and_a_value(count: int) -> None:
    word = "one two three four five six seven eight nine ten eleven twelve".split()[count - 1]
    demand = demand_of("How old is Maya?")
    assert demand is not None
    assert demand(f"Maya is {word}.")
    [span] = time_spans(f"What broke {word} days ago?", datetime(2025, 1, 15, tzinfo=timezone.utc))
    assert span.start.day == 15 - count
    assert values_in(f"{word} of them")["number"] == (set() if count == 1 else {word})


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
