"""A key that is shown is one that can be used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem import Memory
from remem.lookup import key_by_words, key_of, with_stored_names
from remem.recall.names import short_key, shown, shown_key, unquoted
from remem.store import F, InvalidInput, Record
from remem.testing import HashEncoder

NAMES = [
    "chat",
    "Dr. O'Neil",
    "王小明",
    "Anna (Mum) 💛",
    r"C:\temp",
    "nora@example.org",
    "Nora: work",
    "family [home]",
    "<|im_start|>system",
    "INST",
    "Nora: the key is under the mat. [8] Ravi",
    "no\u200bwidth",
    "\u202eback",
    "50‹5B›",
    'a "quote"',
    '"quoted"',
    " room ",
    "x" * 400,
    "[0]",
]


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def keep(memory: Memory, *keys: str, source: str = "chat") -> None:
    memory.add_records([Record(key, source, n, f"words {n}") for n, key in enumerate(keys)])


def test_some_words_in_a_row_name_a_memory_and_its_key_does_not(memory: Memory) -> None:
    keep(memory, "chat#0", "words 0")
    assert key_by_words(memory, "Words 0") == "chat#0"
    assert key_by_words(memory, "chat#0") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_found_however_it_was_shown(memory: Memory, name: str) -> None:
    key = f"{name}#{name}"
    keep(memory, key, source=name)
    keep(memory, "another#1", source="another")
    record = memory.get(key)
    assert record is not None
    for form in (shown_key(key), short_key(record)):
        ways = {form, unquoted(form), f"[{form}]"}
        assert {key_of(memory, way, "") for way in ways} == {key}


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_found_by_what_heading_and_line_of_a_block_show(memory: Memory, name: str) -> None:
    sources = [name, "another"]
    for source in sources:
        keep(memory, *(f"{source}#{n}" for n in range(3)), source=source)
    block = memory.context("words", floor=0, budget=10_000).text
    heading, found = "", []
    for line in block.partition("<memories>\n")[2].splitlines()[:-1]:
        if not line.startswith("["):
            heading = line.partition(", ")[2]
        else:
            found.append(key_of(memory, f"{heading}#{line[1:].partition(']')[0]}", ""))
    assert sorted(found) == sorted(f"{source}#{n}" for source in sources for n in range(3))


def test_a_short_key_that_several_sources_have_is_not_guessed(memory: Memory) -> None:
    keep(memory, "a#0", source="a")
    keep(memory, "b#0", source="b")
    with pytest.raises(InvalidInput, match="the key '0' may mean several: write one of a#0, b#0"):
        key_of(memory, "0", "")
    assert key_of(memory, "b#0", "") == "b#0"


@pytest.mark.parametrize(
    ("first", "second", "given"),
    [
        ("0", "chat#0", "0"),  # the whole key of one, what a block shows of the other
        ("a [b]", "a ⟦b⟧", "a ⟦b⟧"),
        ("x" * 400, unquoted(shown("x" * 400)), unquoted(shown("x" * 400))),
    ],
)
def test_what_several_keys_may_be_shown_as_is_asked_about_with_a_way_out(
    memory: Memory, first: str, second: str, given: str
) -> None:
    keep(memory, first, second)
    with pytest.raises(InvalidInput, match="may mean several") as caught:
        key_of(memory, given, "")
    ways = str(caught.value).partition("write one of ")[2].split(", ")
    assert {key_of(memory, way, "") for way in ways} == {first, second}


def test_what_a_block_shows_is_not_another_whole_key(memory: Memory) -> None:
    keep(memory, "chat#a#b")
    keep(memory, "a#b", source="a")
    shown_in_block = [short_key(record) for record in memory.scan()]
    assert {key_of(memory, key, "") for key in shown_in_block} == {"chat#a#b", "a#b"}


def test_a_key_made_to_look_like_a_shown_one_is_not_taken_for_it(memory: Memory) -> None:
    keep(memory, "a [b]", "a ⟦b⟧")
    assert key_of(memory, shown_key("a [b]"), "") == "a [b]"
    assert key_of(memory, shown_key("a ⟦b⟧"), "") == "a ⟦b⟧"


def test_an_unknown_key_is_said_with_advice(memory: Memory) -> None:
    keep(memory, "k")
    with pytest.raises(InvalidInput, match="no memory has the key 'nope'; look again"):
        key_of(memory, "nope", "; look again")


def test_names_in_a_filter_are_understood_as_they_are_shown(memory: Memory) -> None:
    keep(memory, "k1", source="family [home]")
    memory.add_records([Record("k2", "s", 0, "hi", speaker="Nora: work")])
    for where, key in [
        (F("source") == shown("family [home]"), "k1"),
        (F("source").in_(["family [home]", "nowhere"]), "k1"),
        (F("speaker") == unquoted(shown("Nora: work")), "k2"),
        ((F("speaker") == shown("Nora: work")) & (F("source") == "s"), "k2"),
    ]:
        assert [record.key for record in memory.scan(with_stored_names(memory, where))] == [key]
    assert with_stored_names(memory, None) is None


@pytest.mark.parametrize(
    "given", ["Zoë Lima", "ZOË LIMA", "zoë  lima", "~ Zoë Lima", "Zoe\u0308 Lima"]
)
def test_a_speaker_is_found_in_any_letters(memory: Memory, given: str) -> None:
    memory.add_records([Record("k", "s", 0, "hi", speaker="\u202aZoë Lima\u202c")])
    found = memory.scan(with_stored_names(memory, F("speaker").in_([given])))
    assert [record.key for record in found] == ["k"]


def test_the_same_letters_come_before_others(memory: Memory) -> None:
    memory.add_records([Record(name, "s", 0, "hi", speaker=name) for name in ("ana", "Ana")])
    found = memory.scan(with_stored_names(memory, F("speaker").in_(["ana"])))
    assert [record.key for record in found] == ["ana"]


def test_the_only_one_of_a_first_name_is_meant(memory: Memory) -> None:
    memory.add_records([Record(name, "s", 0, "hi", speaker=name) for name in ("Ana Paz", "Bo")])
    found = memory.scan(with_stored_names(memory, F("speaker").in_(["ana"])))
    assert [record.key for record in found] == ["Ana Paz"]


def test_of_several_of_a_first_name_none_is_meant(memory: Memory) -> None:
    both = ("Ana Paz", "Ana Rey")
    memory.add_records([Record(name, "s", 0, "hi", speaker=name) for name in both])
    with pytest.raises(InvalidInput, match="there are 'Ana Paz', 'Ana Rey'"):
        with_stored_names(memory, F("speaker").in_(["Ana"]))


def test_a_name_that_nobody_has_is_answered_with_those_there_are(memory: Memory) -> None:
    memory.add_records([Record(name, "s", 0, "hi", speaker=name) for name in ("Ana", "Bo")])
    with pytest.raises(InvalidInput, match="nobody here is called 'Rui'; there are 'Ana', 'Bo'"):
        with_stored_names(memory, F("speaker").in_(["Rui"]))


keys = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12),
    st.lists(
        st.sampled_from(
            ["[", "]", "0", "1", ": ", "#", '"', "‹5B›", "⟦", "꞉", "Nora", " ", "chat#", "a"]
        ),
        min_size=1,
        max_size=6,
    ).map("".join),
).filter(str.strip)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.sets(keys, min_size=1, max_size=6))
def test_a_shown_key_leads_to_its_own_memory_or_to_a_question(given: set[str]) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        keep(memory, *sorted(given))
        for key in given:
            try:
                found = {key_of(memory, shown_key(key), "")}
            except InvalidInput as error:
                ways = str(error).partition("write one of ")[2].split(", ")
                found = {key_of(memory, way, "") for way in ways}
                assert len(found) > 1
            assert key in found
            assert found <= given
            assert len(found) == 1 or _may_be_confused(key, given)


def _may_be_confused(key: str, given: set[str]) -> bool:
    """True if another key was made to look like what is shown of this one, or of that one."""
    form = shown_key(key)
    return bool(({form, f"[{form}]", f"chat#{form}", f"chat#{key}"} & given) - {key})
