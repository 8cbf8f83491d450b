"""A namespace is one memory, in whatever Unicode form its name is written."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given

from remem import Memory
from remem.lookup import composed
from remem.serve.keys import Key, Permission
from remem.store import Batch, Entry, F, InvalidInput, View, open_store
from remem.store.conformance.samples import turn
from remem.testing import HashEncoder
from remem.views import space_of
from tests.property.strategies import names

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
MIXED = f"{COMPOSED} {DECOMPOSED}"

Hold = Callable[[str], None]


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    """Put a record into a namespace that is spelled exactly so, as earlier versions did."""

    def put(namespace: str) -> None:
        encoder = HashEncoder()
        view = View("An old note.", encoder.encode_documents(["An old note."])[0])
        with open_store(tmp_path / "store") as store:
            space = space_of(encoder)
            store.adopt(space)
            entry = Entry(turn("old", view.text), dict.fromkeys(space.views, view))
            store.write(namespace, Batch(add=[entry]))

    return put


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", DECOMPOSED, encoder=HashEncoder()) as memory:
        yield memory


def test_two_spellings_of_one_name_are_one_memory(memory: Memory) -> None:
    memory.add("The greyhound is called Biscuit.", key="dog")
    other = memory.in_namespace(COMPOSED)
    other.add("The tortoise is called Theo.", key="pet")
    for each in (memory, other):
        assert {record.key for record in each.scan()} == {"dog", "pet"}
        assert each.search("Who is Biscuit?", k=1)[0].record.key == "dog"
        assert each.namespace == COMPOSED
    assert memory.namespaces() == [COMPOSED]
    assert other.forget(F("key") == "dog") == 1
    assert memory.count() == 1


@pytest.mark.parametrize("spelling", [COMPOSED, DECOMPOSED])
def test_what_an_earlier_version_held_decomposed_goes_on_there(
    memory: Memory, hold: Hold, spelling: str
) -> None:
    hold(DECOMPOSED)
    again = memory.in_namespace(spelling)
    again.add("A new note.", key="new")
    assert {record.key for record in again.scan()} == {"old", "new"}
    assert memory.namespaces() == [DECOMPOSED]
    assert again.forget(F("source").exists()) == 2
    assert memory.namespaces() == []


def test_a_name_that_an_earlier_version_held_otherwise_is_found_as_it_is_written(
    memory: Memory, hold: Hold
) -> None:
    hold(MIXED)
    assert memory.in_namespace(MIXED).count() == 1
    assert memory.in_namespace(composed(MIXED)).count() == 0


def test_two_memories_that_an_earlier_version_made_stay_two(memory: Memory, hold: Hold) -> None:
    hold(COMPOSED)
    hold(DECOMPOSED)
    assert memory.delete("old") == 1
    assert memory.in_namespace(COMPOSED).get("old") is not None
    assert memory.namespaces() == [COMPOSED]


def test_names_that_only_look_alike_stay_apart(memory: Memory) -> None:
    for name in ("ﬁ", "fi", "Å", "A", "１", "1", "а", "a"):
        memory.in_namespace(name).add(name)
    assert len(memory.namespaces()) == 8


def test_an_export_finds_a_namespace_by_any_spelling(memory: Memory) -> None:
    memory.add("The greyhound is called Biscuit.")
    file = io.StringIO()
    assert memory.export(file, namespaces=[DECOMPOSED]) == 1
    assert file.getvalue().count(COMPOSED) == 1


def test_a_name_that_grows_beyond_what_a_store_takes_stays_as_it_is(memory: Memory) -> None:
    growing = "\u0958" * 1024  # composed, each of them would be two characters
    assert len(normalize("NFC", growing)) == 2048
    same = memory.in_namespace(growing)
    same.add("A note.")
    assert same.namespaces() == [same.namespace] == [growing]


@pytest.mark.parametrize("name", ["", "\u00e9\n", "\u00e9" * 1025, 7])
def test_what_is_no_name_is_refused_as_ever(memory: Memory, name: str) -> None:
    with pytest.raises(InvalidInput, match="the namespace"):
        memory.in_namespace(name).count()


@pytest.mark.parametrize("pattern", [COMPOSED, DECOMPOSED, f"{COMPOSED}/*", f"{DECOMPOSED}/*"])
def test_a_key_opens_a_namespace_by_any_spelling(pattern: str) -> None:
    key = Key("1", "test", Permission.READ, (pattern,), datetime.now(timezone.utc))
    for name in (COMPOSED, DECOMPOSED):
        assert key.allows(pattern.replace("*", "x").replace(COMPOSED, name))
        assert not key.allows("cafe")


@given(names)
def test_what_is_composed_is_composed_once(name: str) -> None:
    assert composed(composed(name)) == composed(name)
    assert composed(normalize("NFD", name)) == normalize("NFC", name)
