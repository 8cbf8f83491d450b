"""A conversation is named by its title where it has one, and no other one has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from remem import Memory
from remem.lookup import with_stored_names, with_stored_sources
from remem.recall.names import unquoted
from remem.store import F, Filter, InvalidInput, Record
from remem.testing import HashEncoder

Meant = Callable[[Memory, Filter | None], Filter | None]

both_ways = pytest.mark.parametrize("meant", [with_stored_names, with_stored_sources])


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def keep(memory: Memory, **titles: str) -> None:
    """Remember a conversation of each of these names, with this title."""
    memory.add_records(
        Record(f"{source}#{n}", source, n, f"words {n}", metadata={"title": title})
        for source, title in titles.items()
        for n in range(2)
    )


def sources(memory: Memory, where: Filter | None) -> set[str]:
    return {record.source for record in memory.scan(where)}


@both_ways
@pytest.mark.parametrize("title", ["Sourdough", "Nora: work [2]", "x" * 300, "C# in a day", '"A"'])
def test_a_title_is_taken_as_it_is_and_as_it_is_shown(
    memory: Memory, meant: Meant, title: str
) -> None:
    keep(memory, c1=title, c2="Another")
    told = memory.title("c1")
    for given in (title, told, unquoted(told)):
        assert sources(memory, meant(memory, F("source") == given)) == {"c1"}


@both_ways
def test_a_title_of_several_is_refused_with_all_of_them(memory: Memory, meant: Meant) -> None:
    keep(memory, c1="New chat", c2="New chat", c3="Another")
    with pytest.raises(InvalidInput) as caught:
        meant(memory, F("source") == "New chat")
    assert str(caught.value) == "the title 'New chat' may mean several: write one of c1, c2"


@both_ways
def test_a_source_of_that_name_comes_before_a_title(memory: Memory, meant: Meant) -> None:
    keep(memory, c1="c2", c2="Another")
    assert sources(memory, meant(memory, F("source") == "c2")) == {"c2"}


@both_ways
def test_a_title_is_the_one_that_is_shown(memory: Memory, meant: Meant) -> None:
    keep(memory, c1="Before")
    keep(memory, c2="Before")
    memory.add_records([Record("c1#2", "c1", 2, "hi", metadata={"title": "Since then"})])
    assert sources(memory, meant(memory, F("source") == "Before")) == {"c2"}


@both_ways
def test_titles_and_names_may_stand_together(memory: Memory, meant: Meant) -> None:
    keep(memory, c1="Sourdough", c2="Rye", c3="Spelt")
    where = F("source").in_(["Sourdough", "c2"]) & F("position").in_([0])
    assert sources(memory, meant(memory, where)) == {"c1", "c2"}


def test_titles_are_offered_where_there_is_no_such_source(memory: Memory) -> None:
    keep(memory, c1="Sourdough for beginners", c2="Another")
    with pytest.raises(InvalidInput, match=r"did you mean 'Sourdough for beginners'\?"):
        with_stored_names(memory, F("source") == "Sourdough for beginer")
    with pytest.raises(InvalidInput, match=r"did you mean 'Sourdough for beginners', 'Another'\?"):
        with_stored_names(memory, F("source") == "?")


def test_a_program_finds_nothing_where_there_is_no_such_source(memory: Memory) -> None:
    keep(memory, c1="Sourdough")
    assert not sources(memory, with_stored_sources(memory, F("source") == "Rye"))
