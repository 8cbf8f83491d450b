"""A day that a question names comes first, and its digits are no words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory
from remem.recall.reading.question import read_query
from remem.testing import HashEncoder

NOW = datetime(2024, 5, 30, 9, tzinfo=timezone.utc)


@pytest.fixture
def runs() -> Iterator[Memory]:
    """On each day of May, that many kilometres."""
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for day in range(1, 29):
            said_at = datetime(2024, 5, day, 7, tzinfo=timezone.utc)
            memory.add(f"I ran {29 - day} km in the park before work.", said_at=said_at)
        yield memory


@pytest.mark.parametrize("day", [3, 9, 17, 26])
@pytest.mark.parametrize(
    "asked",
    [
        "How far did I run on {} May 2024?",
        "Running on May {}?",
        "Wie weit bin ich am {}. Mai gelaufen?",
        "J'ai couru combien de km le {} mai 2024 ?",
        "¿Cuántos km corrí el {} de mayo?",
        "Quantos km corri no dia {} de maio?",
        "Quanti km ho corso il {} maggio?",
        "Сколько км я пробежал {} мая 2024 года?",
    ],
)
def test_a_named_day_comes_before_its_digits(runs: Memory, asked: str, day: int) -> None:
    [first] = runs.search(asked.format(day), 1, now=NOW)
    assert first.record.said_at == datetime(2024, 5, day, 7, tzinfo=timezone.utc)


def test_the_digits_of_a_date_are_no_words() -> None:
    assert "3" not in read_query("How far did I run on 3 May 2024?", None).tokens
    assert "3" in read_query("When did I run 3 km?", None).tokens


@pytest.mark.parametrize(
    "asked",
    [
        "Anything on May 12?",
        "What did I write on 2024-05-12?",
        "Summarise 12 May for me",
        "What happened on 12 May 2024?",
        "Was war am 12. Mai?",
        "Fass den 12. Mai zusammen",
        "Qu'ai-je fait le 12 mai ?",
        "¿Qué hice el 12 de mayo?",
        "Que fiz no dia 12 de maio?",
        "Cosa ho fatto il 12 maggio?",
        "Что я делал 12 мая?",
    ],
)
def test_a_question_for_a_day_alone_gets_that_day(runs: Memory, asked: str) -> None:
    block = runs.context(asked, now=NOW).text
    assert "I ran 17 km" in block
    assert "I ran 29 km" not in block


@pytest.mark.parametrize(
    "asked",
    [
        "Summarise yesterday",
        "Fasse gestern zusammen",
        "Was habe ich gestern gemacht?",
        "Résume la journée d'hier",
        "Resume lo que hice ayer",
        "Que fiz ontem?",
        "Riassumi ieri",
        "Подведи итоги вчерашнего дня: что было вчера?",
        "昨天发生了什么？",
        "帮我总结一下昨天",
    ],
)
def test_yesterday_can_be_summarised(runs: Memory, asked: str) -> None:
    block = runs.context(asked, now=datetime(2024, 5, 13, 9, tzinfo=timezone.utc)).text
    assert "I ran 17 km" in block
    assert "I ran 29 km" not in block


def test_a_day_without_memories_gets_an_empty_prompt(runs: Memory) -> None:
    assert runs.context("Anything on 3 March 2023?", now=NOW).text == ""


def test_what_has_nothing_to_do_with_the_question_is_not_first_for_its_day(runs: Memory) -> None:
    runs.add("Carla sold her blue car to Ben.", said_at=NOW - timedelta(days=60))
    [first] = runs.search("Did Carla sell her blue car to Ben on 9 May?", 1, now=NOW)
    assert first.record.text == "Carla sold her blue car to Ben."


@pytest.mark.model
def test_the_bundled_encoder_puts_a_named_day_first() -> None:
    with Memory(":memory:") as memory:
        for day in range(1, 29):
            said_at = datetime(2024, 5, day, 7, tzinfo=timezone.utc)
            memory.add(f"I ran {day % 10 + 1} km before work.", said_at=said_at)
        [first] = memory.search("How far did I run on 3 May 2024?", 1, now=NOW)
        assert first.record.said_at == datetime(2024, 5, 3, 7, tzinfo=timezone.utc)
