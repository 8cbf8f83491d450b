"""Where a memory that was expected stays behind, and what would have kept it, in every store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from remem import AsyncMemory, F, Memory, Retriever
from remem.recall.expectation import Expected
from remem.recall.parallel import ParallelRetriever
from remem.store import InvalidInput
from remem.testing import HashEncoder
from tests.postgres_server import running

NOW = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
RAINS = 100
POOL = Retriever().pool
QUESTION = "Which drop of rain was it, drop 7?"


@pytest.fixture(scope="module", params=["reference", "embedded"])
def memory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Memory]:
    """A namespace of much rain and a cat, and another one with a ledger; nobody changes them."""
    embedded = tmp_path_factory.mktemp("expected") / "store"
    yield from filled(embedded if request.param == "embedded" else ":memory:")


@pytest.fixture(params=["postgres", "milvus"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    """The same, in the stores that take longer."""
    if request.param == "milvus":
        yield from filled(tmp_path / "store.db")
    else:
        with running(fsync="off") as server:
            yield from filled(server.url())


def filled(url: str | Path) -> Iterator[Memory]:
    with Memory(url, encoder=HashEncoder()) as memory:
        rain = [
            {"role": "user", "name": "Ana", "content": f"More rain, drop {i}.", "time": NOW}
            for i in range(RAINS)
        ]
        memory.add_messages(rain, session="weather")
        memory.add("The cat had kittens in the shed.", key="kittens", speaker="Ben", said_at=NOW)
        memory.add("The cat is called Tom.", key="name")
        memory.update("name", "The cat is called Mia.")
        memory.add("The cat is at the vet today.", key="vet", expires_at=NOW)
        memory.add("Never wake the cat.", key="rule", metadata={"pinned": True})
        memory.in_namespace("work").add("The ledger is in the safe.", key="ledger")
        yield memory


@dataclass(frozen=True)
class Case:
    """A question, a memory that is expected for it, and the stage that drops it."""

    stage: str
    key: str
    query: str
    options: dict[str, Any] = field(default_factory=dict)

    def asked(self, memory: Memory, query: str | None = None, **options: Any) -> Expected:
        return memory.why(query or self.query, self.key, **{**self.options, **options})


DROPPED_ON_THE_WAY = [
    Case("filter", "kittens", "cat kittens", {"where": F("speaker") == "Ana"}),
    Case("filter", "kittens", QUESTION, {"where": F("speaker") == "Ana"}),
    Case("pool", "kittens", QUESTION),
    Case("limit", "weather#8", QUESTION, {"k": 3}),
    Case("floor", "weather#7", QUESTION, {"floor": 1.0}),
    Case("floor", "kittens", "hi", {"k": RAINS + 10}),
    Case("budget", "weather#7", "rain drop 7 kittens shed cat", {"budget": 1}),
]
GONE = [
    Case("unknown", "nobody's", "cat"),
    Case("unknown", "ledger", "ledger"),
    Case("elsewhere", "ledger", "ledger", {"elsewhere": ["default", "work"]}),
    Case("superseded", "name", "What is the cat called?"),
    Case("expired", "vet", "Where is the cat?"),
]
KEPT = [
    Case("kept", "kittens", "cat kittens"),
    Case("kept", "rule", QUESTION, {"k": 1}),
]


@pytest.mark.parametrize("case", [*DROPPED_ON_THE_WAY, *GONE, *KEPT], ids=str)
def test_the_stage_that_drops_a_memory_is_named(memory: Memory, case: Case) -> None:
    expected = case.asked(memory)
    assert (expected.stage, expected.key) == (case.stage, case.key), expected
    assert expected.kept == (case.stage == "kept") == (not expected.remedy)
    for sentence in filter(None, (expected.reason, expected.remedy)):
        assert re.fullmatch(r"[A-Z].*\.", sentence)


def test_the_stage_is_the_same_in_every_store(served: Memory) -> None:
    cases = [*DROPPED_ON_THE_WAY, *GONE, *KEPT]
    assert [case.asked(served).stage for case in cases] == [case.stage for case in cases]


def test_what_would_have_kept_a_memory_keeps_it_in_every_store(served: Memory) -> None:
    case = Case("pool", "kittens", QUESTION, {"floor": 0.5})
    keeps = case.asked(served).keeps
    assert set(keeps) == {"k", "floor", "budget"}
    assert case.asked(served, **keeps).kept


@pytest.mark.parametrize("case", [*DROPPED_ON_THE_WAY, *KEPT], ids=str)
def test_the_prompt_has_what_is_kept_and_nothing_that_is_not(memory: Memory, case: Case) -> None:
    block = memory.context(case.query, **case.options)
    shown = case.key in [one.record.key for one in block.recollections]
    assert case.asked(memory).kept == shown


@pytest.mark.parametrize("case", DROPPED_ON_THE_WAY, ids=str)
def test_what_would_have_kept_a_memory_keeps_it(memory: Memory, case: Case) -> None:
    expected = case.asked(memory)
    assert expected.keeps or case.stage == "filter"
    assert all(name in expected.remedy for name in expected.keeps)
    assert case.asked(memory, **{**expected.keeps, "where": None}).kept


@pytest.mark.parametrize("stage", ["limit", "budget"])
def test_no_less_would_have_kept_it(memory: Memory, stage: str) -> None:
    [case] = [each for each in DROPPED_ON_THE_WAY if each.stage == stage]
    [(name, value)] = case.asked(memory).keeps.items()
    assert case.asked(memory, **{name: value - 1}).stage == stage


def test_words_that_would_have_kept_a_memory_keep_it(memory: Memory) -> None:
    expected = memory.why(QUESTION, "kittens")
    assert set(expected.words) == {"cat", "kittens", "shed"}
    assert memory.why(" ".join((QUESTION, *expected.words)), "kittens").kept


def test_words_that_would_not_are_not_advised(memory: Memory) -> None:
    expected = memory.why("hi", "kittens", floor=1.0)
    assert expected.words == ()


def test_the_figures_are_those_of_the_search(memory: Memory) -> None:
    expected = memory.search(QUESTION, 3, expect="weather#8").expected
    ranking = memory.search(QUESTION, POOL)
    assert expected.place is not None
    one = ranking[expected.place - 1]
    assert (one.record.key, one.score, one.relevance) == (
        "weather#8",
        expected.score,
        expected.relevance,
    )
    assert f"place {expected.place} with a score of {one.score:.2f}" in expected.reason


def test_the_legs_tell_how_near_they_came(memory: Memory) -> None:
    expected = memory.why(QUESTION, "kittens")
    assert {each.leg for each in expected.reaches} == {
        *("dense turn", "dense window"),
        *("text turn", "text window"),
    }
    for each in expected.reaches:
        assert each.pool == POOL
        if each.leg.startswith("dense"):
            assert (each.place or 0) > POOL
            assert each.score is not None
        else:
            assert (each.place, each.score) == (None, None)


def test_a_leg_that_has_a_memory_gives_its_score(memory: Memory) -> None:
    [text] = [one for one in memory.why(QUESTION, "weather#7").reaches if one.leg == "text turn"]
    assert text.place == 1
    assert (text.score or 0.0) > 0


def test_a_search_that_expects_nothing_returns_a_list_as_ever(memory: Memory) -> None:
    assert type(memory.search(QUESTION)) is list


def test_a_search_that_expects_something_finds_the_same(memory: Memory) -> None:
    for explain in (True, False):
        found = memory.search(QUESTION, 3, explain=explain, expect="kittens")
        assert found == memory.search(QUESTION, 3, explain=explain)
        assert found.expected.stage == "pool"


def test_a_search_has_no_floor_and_no_budget(memory: Memory) -> None:
    [last] = memory.search("hi", RAINS + 10)[-1:]
    assert memory.search("hi", RAINS + 10, expect=last.record.key).expected.kept


def test_of_several_conditions_those_that_fail_are_named(memory: Memory) -> None:
    where = {"speaker": ["Ana", "Eve"], "kind": "note", "said_at": {"gte": "2024-06-01T00:00:00Z"}}
    expected = memory.why("cat kittens", "kittens", where=where)
    assert "speaker is one of 'Ana', 'Eve' (it has 'Ben')" in expected.reason
    assert "said_at is at least 2024-06-01T00:00:00+00:00" in expected.reason
    assert "kind" not in expected.reason
    assert expected.remedy == "Leave that out."


def test_a_present_version_is_named_for_one_that_is_history(memory: Memory) -> None:
    expected = memory.why("What is the cat called?", "name")
    assert "name~2" in expected.remedy
    assert memory.why("What is the cat called?", "name~2").kept


@pytest.mark.parametrize("key", ["", None, 7])
def test_a_key_that_is_none_is_refused(memory: Memory, key: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^say which memory is expected: give its key"):
        memory.why("cat", key)


def test_an_empty_key_is_refused_by_a_search_too(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match=r"^say which memory is expected: give its key"):
        memory.search("cat", expect="")


@pytest.mark.parametrize("option", [{"floor": 2.0}, {"budget": -1}, {"k": 0}])
def test_what_a_context_refuses_is_refused(memory: Memory, option: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        memory.why("cat kittens", "kittens", **option)


def test_asyncio_asks_the_same(memory: Memory) -> None:
    async def ask() -> tuple[Expected, Expected]:
        remembering = AsyncMemory(memory)
        found = await remembering.search(QUESTION, 3, expect="kittens")
        return found.expected, await remembering.why(QUESTION, "kittens")

    searched, recalled = asyncio.run(ask())
    assert searched == memory.search(QUESTION, 3, expect="kittens").expected
    assert recalled == memory.why(QUESTION, "kittens")


def test_searches_in_other_processes_are_inquired_into_in_this_one(memory: Memory) -> None:
    # Of the processes none is started, or a ":memory:" would be empty there.
    with ParallelRetriever(Retriever(), ":memory:", "any", 1) as parallel:
        assert memory.searched_by(parallel).why(QUESTION, "kittens") == memory.why(
            QUESTION, "kittens"
        )


def test_a_memory_of_another_time_is_not_sought_among_the_days_of_the_question(
    memory: Memory,
) -> None:
    asked = "What happened to the cat on 3 March 2021?"
    early = NOW - timedelta(days=3 * 365)
    expected = memory.why(asked, "kittens", now=early)
    assert {each.pool for each in expected.reaches} == {POOL}
