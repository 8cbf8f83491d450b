"""remem and the baselines over one small haystack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.recall import GROUPS, choose
from remem.benchmarks.systems.base import Searcher
from remem.benchmarks.systems.baselines import best_hits, reciprocal_rank_fusion
from remem.recall.recollection import Recollection
from remem.store import Hit, InvalidInput, Record
from remem.testing import HashEncoder

START = datetime(2024, 5, 8, 12, tzinfo=timezone.utc)
SAID = [
    ("Ana", "The kiln broke on Monday."),
    ("Ben", "What a pity, and before the fair!"),
    ("Ana", "I bought a boat called Marigold."),
    ("Ben", "Does the boat float?"),
]
RECORDS = [
    Record(
        key=f"r{number}",
        source="session-1",
        position=number,
        text=text,
        speaker=speaker,
        said_at=START + timedelta(minutes=number),
    )
    for number, (speaker, text) in enumerate(SAID)
]
BOAT = Question("q", "Who bought the boat called Marigold?", evidence={"r2": 1}, asked_at=START)
HAYSTACK = Haystack("ana", RECORDS, [BOAT])


@contextmanager
def indexed(name: str, folder: Path) -> Iterator[Searcher]:
    [system] = choose(name)
    with system.index(HAYSTACK, HashEncoder(), folder) as searcher:
        yield searcher


def keys(found: Sequence[Recollection]) -> list[str]:
    return [each.record.key for each in found]


@pytest.mark.parametrize("name", [*GROUPS["ours"], *GROUPS["legs"]])
def test_every_system_gives_back_at_most_k(name: str, tmp_path: Path) -> None:
    with indexed(name, tmp_path) as searcher:
        assert len(searcher.search(BOAT, 2)) <= 2


@pytest.mark.parametrize("name", ["remem", "dense", "bm25", "rrf", "dense-turn", "text-turn"])
def test_searches_find_what_is_asked_for_and_say_why(name: str, tmp_path: Path) -> None:
    with indexed(name, tmp_path) as searcher:
        best, *_ = searcher.search(BOAT, 3)
        assert best.record.text == "I bought a boat called Marigold."
        assert best.parts
        assert "Marigold" in searcher.context(BOAT, 500).text


@pytest.mark.parametrize("name", ["last", "dense", "bm25", "rrf"])
def test_a_prompt_keeps_within_its_budget(name: str, tmp_path: Path) -> None:
    with indexed(name, tmp_path) as searcher:
        ample = searcher.context(BOAT, 1000)
        scarce = searcher.context(BOAT, ample.tokens - 1)
        assert 0 < scarce.tokens < ample.tokens
        assert scarce.left_out


def test_each_leg_of_remem_can_be_asked_alone(tmp_path: Path) -> None:
    assert GROUPS["legs"] == ["dense-turn", "dense-window", "text-turn", "text-window"]
    for name in GROUPS["legs"]:
        with indexed(name, tmp_path / name) as searcher:
            parts = {part for one in searcher.search(BOAT, 4) for part in one.parts}
        assert parts == {name.replace("-", " ")}


def test_a_leg_alone_holds_nothing_back(tmp_path: Path) -> None:
    thanks = Question("q", "Thanks!", asked_at=START)
    with indexed("remem", tmp_path / "remem") as remem:
        assert not remem.context(thanks, 1000).recollections
    with indexed("dense-turn", tmp_path / "leg") as leg:
        assert leg.context(thanks, 1000).recollections


def test_nothing_is_nothing(tmp_path: Path) -> None:
    with indexed("nothing", tmp_path) as searcher:
        assert not searcher.search(BOAT, 10)
        assert searcher.context(BOAT, 1000).text == ""


def test_the_last_come_first(tmp_path: Path) -> None:
    with indexed("last", tmp_path) as searcher:
        assert keys(searcher.search(BOAT, 2)) == ["r3", "r2"]


def test_of_the_last_the_newest_are_shown_and_the_oldest_left_out(tmp_path: Path) -> None:
    with indexed("last", tmp_path) as searcher:
        context = searcher.context(BOAT, searcher.context(BOAT, 1000).tokens - 1)
        assert keys(context.recollections) == ["r1", "r2", "r3"]


def test_everything_is_shown_whatever_it_costs(tmp_path: Path) -> None:
    with indexed("everything", tmp_path) as searcher:
        context = searcher.context(BOAT, 10)
        assert keys(context.recollections) == ["r0", "r1", "r2", "r3"]
        assert context.tokens > 10


def hit(key: str, score: float) -> Hit:
    return Hit(Record(key=key, source="s", position=0, text=key), score)


def test_reciprocal_ranks_are_summed_over_the_legs() -> None:
    legs = {"dense": [hit("a", 0.9), hit("b", 0.8)], "text": [hit("b", 7), hit("c", 3)]}
    found = reciprocal_rank_fusion(legs, 3)
    assert keys(found) == ["b", "a", "c"]
    assert found[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert found[0].parts == {"dense": 1 / 62, "text": 1 / 61}


def test_equal_sums_are_ordered_by_key() -> None:
    assert keys(reciprocal_rank_fusion({"dense": [hit("b", 1)], "text": [hit("a", 1)]}, 2)) == [
        "a",
        "b",
    ]


def test_one_leg_keeps_its_own_scores() -> None:
    found = best_hits({"text": [hit("a", 7.5), hit("b", 3), hit("c", 1)]}, 2)
    assert [(each.record.key, each.score) for each in found] == [("a", 7.5), ("b", 3)]


def test_systems_are_chosen_by_name_and_by_group_each_once() -> None:
    assert [system.name for system in choose("bm25, remem,bm25")] == ["bm25", "remem"]
    assert [system.name for system in choose("ours,remem")] == GROUPS["ours"]
    assert {*GROUPS["ours"], *GROUPS["legs"], *GROUPS["peers"]} == {*GROUPS["all"]}


@pytest.mark.parametrize("names", ["bm52", "remem,,x", "", " , "])
def test_an_unknown_system_is_refused_with_those_there_are(names: str) -> None:
    with pytest.raises(InvalidInput, match=r"choose from ours.*remem.*rrf"):
        choose(names)
