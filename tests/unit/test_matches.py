"""What a condition matched is kept, and only new rows are asked about."""

from __future__ import annotations

import numpy as np
import pytest

from remem.store import F, Filter
from remem.store.arrays import Mask
from remem.store.embedded import partition as matches_module
from remem.store.embedded.partition import Matches

CONDITION = F("speaker") == "Ana"
TRUTH = np.random.default_rng(4).random(1000) < 0.3


class Asked:
    """Answers from ``TRUTH``, and remembers from which row on it was asked."""

    def __init__(self) -> None:
        self.firsts: list[int] = []

    def rows(self, matches: Matches, count: int, condition: Filter = CONDITION) -> Mask:
        def ask(first: int) -> Mask:
            self.firsts.append(first)
            return TRUTH[first:count]

        return matches.rows(condition, count, ask)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_a_condition_that_was_asked_before_is_not_asked_again(asked: Asked) -> None:
    matches = Matches()
    assert asked.rows(matches, 900).tolist() == TRUTH[:900].tolist()
    assert asked.rows(matches, 900).tolist() == TRUTH[:900].tolist()
    assert asked.firsts == [0]


def test_after_rows_were_added_only_those_are_asked_about(asked: Asked) -> None:
    matches = Matches()
    for count in (0, 3, 901, 1000):
        assert asked.rows(matches, count).tolist() == TRUTH[:count].tolist()
    assert asked.firsts == [0, 0, 3, 901]


def test_conditions_are_told_apart_by_their_value(asked: Asked) -> None:
    matches = Matches()
    asked.rows(matches, 10)
    asked.rows(matches, 10, F("speaker") == "Ben")
    asked.rows(matches, 10, F("role") == "Ana")
    assert asked.firsts == [0, 0, 0]


def test_the_condition_that_was_not_asked_for_longest_is_forgotten(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches_module, "_CONDITIONS", 2)
    matches = Matches()
    for name in ("Ana", "Ben", "Ana", "Cleo", "Ana"):
        asked.rows(matches, 10, F("speaker") == name)
    assert len(asked.firsts) == 3
    asked.rows(matches, 10, F("speaker") == "Ben")
    assert len(asked.firsts) == 4


def test_a_long_list_of_values_takes_no_room(asked: Asked) -> None:
    matches = Matches()
    asked.rows(matches, 1000, F("key").in_([str(i) for i in range(101)]))
    assert matches.nbytes == 0


def test_a_kept_condition_takes_one_bit_a_row(asked: Asked) -> None:
    matches = Matches()
    asked.rows(matches, 1000)
    assert matches.nbytes == 125
