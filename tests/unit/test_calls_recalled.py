"""Calls of tools: they can be found, and never hide what was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from remem import F, Memory
from remem.recall.ranking import calls_apart, voices_of
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder
from remem.views import CALL, window_texts

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def call(number: int, text: str) -> Record:
    moment = NOON + timedelta(seconds=number)
    return Record(f"s#{number}", "s", number, text, CALL, "tool", None, moment)


def said(number: int, text: str, role: str = "user") -> Record:
    return Record(f"s#{number}", "s", number, text, "turn", role, None, NOON)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def test_two_hundred_failing_builds_do_not_hide_why_they_were_mended(memory: Memory) -> None:
    builds = [call(n, f"$ make build\nbuild failed, kiln build {n}") for n in range(200)]
    memory.add_records([*builds, said(900, "The build failed because the kiln was pinned.")])
    found = memory.search("why did the kiln build fail", 3)
    assert found[0].record.key == "s#900" or found[1].record.key == "s#900"
    assert {each.record.kind for each in found} == {"turn", CALL}


def test_of_three_memories_in_a_row_one_at_most_is_a_call(memory: Memory) -> None:
    memory.add_records(call(n, f"$ pytest -q\nkiln glaze test {n} failed") for n in range(80))
    memory.add_records(said(200 + n, f"The kiln glaze number {n} is green.") for n in range(20))
    kinds = [each.record.kind for each in memory.search("kiln glaze test", 12)]
    assert CALL in kinds
    assert all(kinds[at : at + 3].count(CALL) <= 1 for at in range(10))


def test_a_call_is_found_by_its_words(memory: Memory) -> None:
    memory.add_records(
        [call(1, "$ ls\nModuleNotFoundError: pkg_resources"), said(2, "Hello there")]
    )
    [best, *_] = memory.search("ModuleNotFoundError pkg_resources", 1, where=F("origin") == "tool")
    assert best.record.key == "s#1"


def test_scores_never_rise_down_the_ranking() -> None:
    ranking = [Recollection(call(n, "x"), 1 - n / 10) for n in range(4)]
    ranking += [Recollection(said(9, "y"), 0.2)]
    apart = calls_apart(ranking)
    assert [each.record.key for each in apart] == ["s#0", "s#9", "s#1", "s#2", "s#3"]
    scores = [each.score for each in apart]
    assert scores == sorted(scores, reverse=True)


def test_what_was_said_alone_stays_as_it_is() -> None:
    ranking = [Recollection(said(n, "x"), 1 - n / 10) for n in range(4)]
    assert calls_apart(ranking) == ranking


def test_a_call_stands_in_no_window_and_has_no_voice() -> None:
    records = [said(1, "Build it."), call(2, "$ make"), said(3, "Done.", "assistant")]
    assert window_texts(records)["s#1"] == "Build it."
    assert voices_of(records) == voices_of([records[0], records[2]])
