"""Hints: short news of a state that is asked for, which no form of statement claims."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory
from remem.recall.reading.claims import asked_states, claims
from remem.recall.reading.hints import hints
from remem.recall.reading.states import language_of
from remem.testing import HashEncoder

MAY = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        yield memory


def hinted(question: str, text: str) -> list[frozenset[str]]:
    """The values that a text may give to what a question asks for."""
    language = language_of(question)
    assert language is not None
    return [claim.value for claim in hints(text, asked_states(question), language)]


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("Where do I train?", "Cancelled there, Basecamp has warm showers.", "basecamp"),
        ("Who is my boss?", "Since Monday my leave goes through Marta, new department.", "marta"),
        ("What is my rent?", "Heating included, so the housing association gets 910 now.", "910"),
        ("Wo wohne ich?", "Die Kisten stehen endlich in Lübeck.", "lubeck"),
        ("Où est-ce que je travaille ?", "Enfin, le badge de Safran marche.", "safran"),
        ("¿Dónde vivo?", "Por fin las cajas están en Vigo.", "vigo"),
        (
            "Onde é que eu trabalho?",
            "Finalmente o crachá da Sonae, colegas simpáticos.",
            "sona",
        ),
    ],
)
def test_a_change_a_word_of_the_state_and_a_value_are_a_hint(
    question: str, text: str, value: str
) -> None:
    assert hinted(question, text) == [frozenset({value})]
    assert not claims(text)


def test_what_names_nobody_hints_at_nothing_about_a_relative() -> None:
    news = "Boxes are in Leeds at last, no wifi yet."
    assert hinted("Where do I live?", news) == [frozenset({"leed"})]
    assert hinted("Where does my sister live?", news) == []


def test_a_hint_in_chinese_needs_no_name() -> None:
    assert hinted("我在哪里健身？", "换地方了，蓝鲸的器械新，淋浴也干净。")


@pytest.mark.parametrize(
    "text",
    [
        "Cancelled there, the showers were cold.",  # no value
        "The weights at Basecamp are heavy.",  # neither own nor new
        "My brother has joined Basecamp.",  # somebody else
        "Should I join Basecamp?",
        "I might join Basecamp next month.",
        "We moved to Bristol, boxes everywhere.",  # it claims something else
    ],
)
def test_without_one_of_them_there_is_none(text: str) -> None:
    assert hinted("Where do I train?", text) == []


def test_a_hint_puts_the_newest_first_and_marks_nothing(memory: Memory) -> None:
    for day, text in enumerate(
        ("I train at Ironworks.", "Cancelled there, Basecamp has warm showers.")
    ):
        said_at = MAY + timedelta(days=day)
        memory.add(text, source=str(day), kind="turn", said_at=said_at)
    found = memory.search("Where do I train?", 5)
    assert found[0].record.text.startswith("Cancelled")
    assert all(one.until is None for one in found)
