"""The briefing of a session that begins: what is pinned, and the last sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remem.briefing import briefing, worth_telling
from remem.contents import pin
from remem.memory import Memory
from remem.testing import HashEncoder


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def test_what_is_pinned_comes_first_and_once(memory: Memory) -> None:
    for session in ("monday", "tuesday"):
        said = [{"role": "user", "content": session}, {"role": "assistant", "content": "Done."}]
        memory.add_messages(said, session=session)
    pin(memory, "monday#0")
    keys = [one.record.key for one in worth_telling(memory)]
    assert keys == ["monday#0", "tuesday#0", "tuesday#1", "monday#1"]


def test_its_scores_are_those_of_a_ranking(memory: Memory) -> None:
    for number in range(9):
        memory.add(f"Note {number}.", source=f"notes {number}")
    pin(memory, memory.add("Tabs are four spaces.").key)
    scores = [one.score for one in worth_telling(memory)]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) <= max(scores) <= 1


def test_of_notes_the_last_two_are_told(memory: Memory) -> None:
    for text in ("One.", "Two.", "Three."):
        memory.add(text)
    assert [one.record.text for one in worth_telling(memory)] == ["Two.", "Three."]


@pytest.mark.parametrize("word", ["the", "seven", "seventh"])
def test_a_long_memory_is_cut_at_the_end_of_a_word(memory: Memory, word: str) -> None:
    memory.add(f"Now: {f'{word} ' * 200}")
    words = briefing(memory).partition("Now:")[2].partition("[…]")[0].split()
    assert set(words) == {word}


def test_text_without_spaces_is_cut_anywhere(memory: Memory) -> None:
    memory.add("山" * 500)
    assert briefing(memory).count("山") == 400
