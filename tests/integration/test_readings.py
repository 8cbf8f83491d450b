"""A store makes the vectors of texts in one way: the present one, or that of before until it is
re-encoded."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from remem import Memory
from remem.encoders.reading import LINES, WHOLE, AsBefore
from remem.store import EncoderMismatch, Record, Vector, open_store
from remem.testing import HashEncoder
from remem.views import WINDOW, space_of

TALK = [
    "Shall we meet at the pier?",
    "Gladly, the boats\nleave at noon.",
    "Bring the map that Ana drew.",
    "It is in the blue bag, with the torch.",
    "Then noon it is.",
]


class Listening(HashEncoder):
    """Remembers what it was given to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.heard += texts
        return super().encode_documents(texts)


def talk() -> list[Record]:
    return [Record(f"s#{place}", "s", place, text) for place, text in enumerate(TALK)]


def vectors(url: Path) -> Mapping[tuple[str, str], Vector]:
    with open_store(url) as store:
        entries = store.entries("default", [record.key for record in store.scan("default")])
    return {
        (entry.record.key, name): view.vector
        for entry in entries
        for name, view in entry.views.items()
    }


def same(one: Mapping[tuple[str, str], Vector], other: Mapping[tuple[str, str], Vector]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(one[each], other[each]) for each in one
    )


@pytest.fixture
def of_before(tmp_path: Path) -> Path:
    """A store whose windows were read in one piece."""
    with open_store(tmp_path / "before") as store:
        store.adopt(space_of(AsBefore(HashEncoder())))
    with Memory(tmp_path / "before", encoder=HashEncoder()) as memory:
        memory.add_records(talk()[:3])
    return tmp_path / "before"


def test_a_turn_of_a_chat_encodes_nothing_but_itself(tmp_path: Path) -> None:
    encoder = Listening()
    with Memory(tmp_path / "store", encoder=encoder) as memory:
        for text in TALK:
            encoder.heard.clear()
            memory.add_messages([{"role": "user", "content": text}])
            assert encoder.heard == [text.replace("\n", " ")]


@pytest.mark.parametrize("seed", range(4))
def test_vectors_are_the_same_in_any_order_of_import(tmp_path: Path, seed: int) -> None:
    records = talk()
    with Memory(tmp_path / "at once", encoder=HashEncoder()) as memory:
        memory.add_records(records)
    random.Random(seed).shuffle(records)
    with Memory(tmp_path / "bit by bit", encoder=HashEncoder()) as memory:
        for record in records:
            memory.add_records([record])
    assert same(vectors(tmp_path / "at once"), vectors(tmp_path / "bit by bit"))


def test_nothing_of_what_is_forgotten_lives_on_in_a_window(tmp_path: Path) -> None:
    records = talk()
    for name, some in (("all", records), ("never", [*records[:2], *records[3:]])):
        with Memory(tmp_path / name, encoder=HashEncoder()) as memory:
            memory.add_records(some)
    with Memory(tmp_path / "all", encoder=HashEncoder()) as memory:
        memory.delete("s#2")
    assert same(vectors(tmp_path / "all"), vectors(tmp_path / "never"))


def test_a_store_of_before_keeps_its_way(of_before: Path) -> None:
    with Memory(of_before, encoder=HashEncoder()) as memory:
        memory.add_records(talk())
        assert memory.search("Where is the map?", 1)[0].record.key == "s#2"
    window = "\n".join(text.replace("\n", " ") for text in TALK)
    found = vectors(of_before)["s#2", WINDOW]
    assert np.allclose(found, HashEncoder().encode_query(window), atol=1e-3)
    with open_store(of_before) as store:
        assert store.space is not None
        assert store.space.reading == WHOLE


def test_a_reindex_brings_the_present_way(of_before: Path, tmp_path: Path) -> None:
    with Memory(tmp_path / "new", encoder=HashEncoder()) as memory:
        memory.add_records(talk())
    with Memory(of_before, encoder=HashEncoder()) as memory:
        memory.add_records(talk())
        assert not same(vectors(of_before), vectors(tmp_path / "new"))
        memory.reindex(memory.encoder)
        assert memory.search("Where is the map?", 1)[0].record.key == "s#2"
        assert memory.verify().ok
    assert same(vectors(of_before), vectors(tmp_path / "new"))


def test_who_had_a_store_open_while_it_was_re_encoded_mixes_nothing_in(of_before: Path) -> None:
    with Memory(of_before, encoder=HashEncoder()) as late:
        with Memory(of_before, encoder=HashEncoder()) as memory:
            memory.reindex(HashEncoder())
        with pytest.raises(EncoderMismatch, match="open it again"):
            late.add("Something new.")


def test_a_way_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path / "store") as store:
        store.adopt(replace(space_of(HashEncoder()), reading="of tomorrow"))
    with pytest.raises(EncoderMismatch, match="does not know"):
        Memory(tmp_path / "store", encoder=HashEncoder())


def test_an_encoder_of_an_old_store_makes_a_new_one_in_the_present_way(
    of_before: Path, tmp_path: Path
) -> None:
    with (
        Memory(of_before, encoder=HashEncoder()) as old,
        Memory(tmp_path / "new", encoder=old.encoder) as new,
    ):
        new.add("Something new.")
        space = new.stats().space
        assert space is not None
        assert space.reading == LINES
