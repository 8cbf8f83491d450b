"""A memory that shares rare words with one that was found is lifted."""

from dataclasses import replace

import pytest

from remem.recall.links import anchor_words, linked, step
from remem.recall.recollection import Recollection
from remem.store import Record


def found(key: str, text: str, score: float) -> Recollection:
    record = Record(key=key, source="s", position=0, text=text)
    return Recollection(record, score, parts={"text turn": score})


NUMBER = found("number", "Mira's number is 555-0142.", 0.8)
WEATHER = found("weather", "It rains all day.", 0.3)
WORK = found("work", "Mira repairs clocks.", 0.2)
RARE = {"mira": 5.0, "rain": 5.0, "clock": 5.0}


def keys(ranking: list[Recollection]) -> list[str]:
    return [one.record.key for one in ranking]


def test_the_step_behind_what_was_found_is_lifted() -> None:
    assert keys(linked([NUMBER, WEATHER, WORK], [], RARE, 0.5)) == ["number", "work", "weather"]


def test_common_words_link_nothing() -> None:
    ranking = [NUMBER, WEATHER, WORK]
    assert keys(linked(ranking, [], {**RARE, "mira": 2.9}, 0.5)) == keys(ranking)


def test_a_memory_is_not_linked_to_itself() -> None:
    [one] = linked([NUMBER], [], RARE, 0.5)
    assert one.score == pytest.approx(0.4)
    assert "link" not in one.parts


def test_what_says_the_same_again_is_linked_to_the_first() -> None:
    again = replace(NUMBER, record=replace(NUMBER.record, key="again"), score=0.1)
    ranking = linked([NUMBER, WEATHER, again], [], {"mira": 5.0}, 0.5)
    assert "link" in next(one for one in ranking if one.record.key == "again").parts


def test_the_parts_of_a_score_add_up_to_it() -> None:
    for one in linked([NUMBER, WEATHER], [WORK.record], RARE, 0.3):
        assert sum(one.parts.values()) == pytest.approx(one.score)
        assert 0 <= one.score <= 1


def test_what_was_not_found_before_comes_in_by_its_link() -> None:
    ranking = linked([NUMBER, WEATHER], [WORK.record], RARE, 0.9)
    assert keys(ranking) == ["work", "number", "weather"]


def test_the_words_of_the_question_are_no_link() -> None:
    assert "mira" in anchor_words([NUMBER], frozenset())
    assert "mira" not in anchor_words([NUMBER], {"mira"})


def test_a_step_asks_for_the_rarest_words_as_they_are_written() -> None:
    words = {"mira": "Mira", "rain": "rains", "day": "day"}
    assert step(words, {"mira": 4.0, "rain": 5.0, "day": 2.0}) == "rains Mira"
    assert step({}, {}) == ""


def test_nothing_is_linked_to_nothing() -> None:
    assert linked([], [], RARE, 0.5) == []
