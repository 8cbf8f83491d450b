"""Pinned memories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import F, Memory
from remem.contents import pin, unpin
from remem.store import InvalidInput
from remem.testing import HashEncoder


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def pinned(memory: Memory) -> list[str]:
    return [record.text for record in memory.pinned()]


def test_in_an_empty_memory_nothing_is_pinned(memory: Memory) -> None:
    assert memory.pinned() == []


def test_what_is_pinned_is_in_every_context(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    memory.add("The kiln broke.")
    assert "Nora is vegan." in memory.context("thanks, goodbye").text
    assert "kiln" not in memory.context("thanks, goodbye").text


def test_a_pinned_memory_that_matters_too_is_there_once(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    assert memory.context("Who is vegan, Nora?").text.count("Nora is vegan.") == 1


def test_pinned_memories_are_the_first_to_get_into_the_budget(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    for n in range(30):
        memory.add(f"The kiln broke, for the time number {n}, on a day in spring.")
    context = memory.context("When did the kiln break?", budget=150)
    assert "Nora is vegan." in context.text
    assert context.left_out


def test_pinned_memories_do_not_count_among_the_k_most(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    memory.add("The kiln broke.")
    context = memory.context("When did the kiln break?", k=1)
    assert len(context.recollections) == 2


def test_a_filter_holds_for_pinned_memories_too(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.", speaker="Ravi").key)
    assert memory.pinned(F("speaker") == "Ravi")
    assert memory.context("hello", where=F("speaker") == "Nora").text == ""


def test_pinning_keeps_words_key_time_and_other_metadata(memory: Memory) -> None:
    record = memory.add("Nora is vegan.", speaker="Ravi", metadata={"topic": "food"})
    pin(memory, record.key)
    kept = memory.get(record.key)
    assert kept is not None
    assert (kept.text, kept.speaker, kept.said_at) == (record.text, "Ravi", record.said_at)
    assert dict(kept.metadata) == {"topic": "food", "pinned": True}


def test_unpinning_takes_away_what_pinning_added(memory: Memory) -> None:
    record = memory.add("Nora is vegan.", metadata={"topic": "food"})
    pin(memory, record.key)
    unpin(memory, record.key)
    assert pinned(memory) == []
    kept = memory.get(record.key)
    assert kept is not None
    assert dict(kept.metadata) == {"topic": "food"}


def test_pinning_twice_pins_once(memory: Memory) -> None:
    record = memory.add("Nora is vegan.")
    pin(memory, record.key)
    pin(memory, record.key)
    assert pinned(memory) == ["Nora is vegan."]


def test_the_present_version_is_pinned_whichever_version_is_named(memory: Memory) -> None:
    record = memory.add("Nora is vegan.")
    memory.update(record.key, "Nora is vegetarian.")
    pin(memory, record.key)
    assert pinned(memory) == ["Nora is vegetarian."]
    assert [version.text for version in memory.history(record.key)] == [
        "Nora is vegan.",
        "Nora is vegetarian.",
    ]


def test_a_pinned_memory_that_is_updated_stays_pinned(memory: Memory) -> None:
    record = memory.add("Nora is vegan.")
    pin(memory, record.key)
    memory.update(record.key, "Nora is vegetarian.")
    assert pinned(memory) == ["Nora is vegetarian."]


def test_the_newest_pin_comes_first(memory: Memory) -> None:
    old, new = memory.add("Nora is vegan."), memory.add("Ravi is not.")
    pin(memory, new.key)
    pin(memory, old.key)
    assert pinned(memory) == ["Nora is vegan.", "Ravi is not."]


def test_what_is_forgotten_is_pinned_no_longer(memory: Memory) -> None:
    record = memory.add("Nora is vegan.")
    pin(memory, record.key)
    memory.forget(F("key") == record.key)
    assert pinned(memory) == []
    assert memory.context("hello").text == ""


def test_another_namespace_sees_no_pins(memory: Memory) -> None:
    pin(memory, memory.add("Nora is vegan.").key)
    assert memory.in_namespace("other").pinned() == []


def test_pins_are_there_in_the_next_process_and_after_an_export(tmp_path: Path) -> None:
    with Memory(tmp_path / "one", encoder=HashEncoder()) as memory:
        pin(memory, memory.add("Nora is vegan.").key)
    with Memory(tmp_path / "one", encoder=HashEncoder()) as memory:
        assert pinned(memory) == ["Nora is vegan."]
        memory.export(tmp_path / "all.jsonl")
    with Memory(tmp_path / "two", encoder=HashEncoder()) as memory:
        memory.import_(tmp_path / "all.jsonl")
        assert pinned(memory) == ["Nora is vegan."]


def test_a_turn_that_is_pinned_is_not_stored_again_when_its_session_goes_on(
    memory: Memory,
) -> None:
    turns = [{"role": "user", "content": f"Turn {n}."} for n in range(4)]
    memory.add_messages(turns[:3])
    pin(memory, "chat#1")
    memory.add_messages(turns)
    assert [record.text for record in memory.last("chat", 9)] == [f"Turn {n}." for n in range(4)]


def test_pinning_and_unpinning_need_a_memory(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="no memory has the key 'k' in namespace 'default'"):
        pin(memory, "k")
    with pytest.raises(InvalidInput, match="no memory has the key 'k'"):
        unpin(memory, "k")


def test_unpinning_what_is_not_pinned_is_refused(memory: Memory) -> None:
    record = memory.add("Nora is vegan.")
    with pytest.raises(InvalidInput, match="is not pinned"):
        unpin(memory, record.key)
