"""A document that is added again: what is current is what the document says now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem import Memory
from remem.store import Batch, Store, Written
from remem.testing import HashEncoder

MONDAY = "# Plan\n\nThe meeting is on Monday.\n"
FRIDAY = "# Plan\n\nThe meeting is on Friday.\n"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        yield memory


def current(memory: Memory) -> list[str]:
    """What a search can find, in its order."""
    return [
        record.text.split("\n\n")[-1] for record in memory.scan() if record.superseded_by is None
    ]


def sections(*names: str) -> str:
    return "\n\n".join(f"# {name}\n\nAbout {name}." for name in names)


def about(*names: str) -> list[str]:
    return [f"About {name}." for name in names]


def test_a_text_that_went_can_come_back_any_number_of_times(memory: Memory) -> None:
    for _ in range(3):
        for text, day in ((MONDAY, "Monday"), (FRIDAY, "Friday")):
            assert len(memory.add_document(text, source="plan").added) == 1
            assert current(memory) == [f"The meeting is on {day}."]
            assert len(memory.search("meeting")) == 1
    assert memory.count() == 6


def test_a_text_that_came_back_is_known_when_it_is_added_again(memory: Memory) -> None:
    for text in (MONDAY, FRIDAY, MONDAY):
        done = memory.add_document(text, source="plan")
    again = memory.add_document(MONDAY, source="plan")
    assert (again.added, again.unchanged) == ((), done.added)
    assert memory.count() == 3


def test_a_passage_that_went_can_come_back(memory: Memory) -> None:
    memory.add_document(sections("tea", "salt", "figs"), source="kitchen")
    memory.add_document(sections("tea", "figs"), source="kitchen")
    memory.add_document(sections("tea", "salt", "figs"), source="kitchen")
    assert current(memory) == about("tea", "salt", "figs")
    assert memory.search("salt")[0].record.text.endswith("About salt.")


def test_passages_stand_where_the_document_has_them_now(memory: Memory) -> None:
    memory.add_document(sections("tea", "salt"), source="kitchen")
    done = memory.add_document(sections("figs", "salt", "oil", "tea"), source="kitchen")
    assert (len(done.added), len(done.unchanged)) == (2, 2)
    assert current(memory) == about("figs", "salt", "oil", "tea")
    [oil] = [record for record in memory.scan() if record.text.endswith("oil.")]
    around = memory._writer.store.neighbors("default", "kitchen", oil.position, oil.position, 1)
    assert [record.text.split("\n\n")[-1] for record in around] == about("salt", "oil", "tea")


def test_a_passage_that_stands_twice_stays_twice(memory: Memory) -> None:
    text = sections("tea", "salt", "tea")
    memory.add_document(text, source="kitchen")
    memory.add_document(sections("tea"), source="kitchen")
    memory.add_document(text, source="kitchen")
    assert current(memory) == about("tea", "salt", "tea")


def test_what_was_changed_by_hand_gives_way_to_the_document(memory: Memory) -> None:
    [key] = memory.add_document(MONDAY, source="plan").added
    memory.update(key, "The meeting is cancelled.")
    memory.add_document(MONDAY, source="plan")
    assert current(memory) == ["The meeting is on Monday."]


def test_an_edition_takes_the_place_of_another_at_once(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.add_document(sections("tea", "salt", "oil"), source="kitchen")
    store: Store = memory._writer.store
    batches: list[Batch] = []
    write = store.write

    def watched(namespace: str, batch: Batch) -> Written:
        batches.append(batch)
        return write(namespace, batch)

    monkeypatch.setattr(store, "write", watched)
    memory.add_document(sections("figs", "salt"), source="kitchen")
    assert len(batches) == 1
    assert current(memory) == about("figs", "salt")


def test_a_long_document_is_replaced_too(memory: Memory) -> None:
    memory.add_document(sections(*[f"n{i}" for i in range(600)]), source="long")
    memory.add_document(sections("first", *[f"n{i}" for i in range(0, 600, 2)]), source="long")
    assert current(memory) == about("first", *[f"n{i}" for i in range(0, 600, 2)])
    assert memory.verify().ok
