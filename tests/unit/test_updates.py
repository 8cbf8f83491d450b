"""What updates an answer comes before it, in whatever words it is told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from remem.recall.claims import asked_states
from remem.recall.ranking import Recollection
from remem.recall.relevance import Rarity
from remem.recall.signals import read_query
from remem.recall.updates import updates_first
from remem.store import Record

MAY = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)
NOW = datetime(2025, 6, 1, tzinfo=timezone.utc)


def said(place: int, day: int, text: str, **fields: Any) -> Recollection:
    """A text as it was recalled at a place."""
    moment = MAY + timedelta(days=day)
    fields = {"role": "user", **fields}
    record = Record(f"k{place}", f"s{day}", 0, text, said_at=moment, **fields)
    return Recollection(record, 0.8 / (place + 1), parts={"dense turn": 0.4 - 0.05 * place})


def updated(asked: str, ranking: list[Recollection]) -> list[Recollection]:
    """A ranking as a question wants it, whose words are all as rare."""
    question = read_query(asked, NOW)
    rarity = Rarity(dict.fromkeys(question.tokens, 1.0), 1.0)
    return updates_first(question, asked_states(asked), ranking, NOW, rarity)


def order(question: str, *told: tuple[int, str], speakers: str = "", **fields: Any) -> list[str]:
    """Texts with the day on which each was said, ranked as given, as they come out."""
    ranking = [
        said(place, day, text, speaker=speakers[place] if speakers else None, **fields)
        for place, (day, text) in enumerate(told)
    ]
    found = updated(question, ranking)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    return [one.record.text for one in found]


RAIN = (50, "It rained all day.")


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        ("What car do I drive?", "I drive an old Corolla.", "Traded the Corolla for a Fabia."),
        ("What's my favourite band?", "My favourite band is Low.", "I've gone off Low by now."),
        ("When is the choir?", "The choir is on 4 June.", "They rang about it: 11 June instead."),
        ("What time do I get up?", "I get up at 7:30.", "New shift, the alarm goes off at 5:45."),
        ("What's my rent?", "My rent is 900 a month.", "They want 980 now."),
        (
            "What medicine do I take?",
            "I take ramipril.",
            "Ramipril made me cough, so it's losartan.",
        ),
    ],
)
def test_what_leans_on_an_answer_and_is_newer_comes_first(
    question: str, old: str, new: str
) -> None:
    assert order(question, (0, old), (100, new), RAIN) == [new, old, RAIN[1]]


def test_where_an_agent_works_the_next_request_updates_nothing() -> None:
    told = (0, "I drive an old Corolla."), (100, "Traded the Corolla for a Fabia.")
    texts = [text for _, text in told]
    assert order("What car do I drive?", *told) == texts[::-1]
    assert order("What car do I drive?", *told, metadata={"project": "/work/shop"}) == texts


def test_the_last_of_several_updates_comes_first() -> None:
    first, second = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    third = "The Skoda died. I've got a used Mazda now."
    found = order("What car do I drive?", (0, first), (30, second), RAIN, (60, third))
    assert found[0] == third
    assert found.index(first) < found.index(RAIN[1])


def test_of_several_answers_the_newest_comes_first_whatever_changed() -> None:
    old, new = "My chess club is the Gambit.", "Joined the chess club Rook, nice people."
    assert order("Which chess club am I in?", (0, old), (50, new), RAIN)[:2] == [new, old]


def test_an_answer_for_a_relative_is_none_for_who_asks() -> None:
    mine, theirs = "I play the harp.", "My daughter plays the harp, no, the cello."
    assert order("Which instrument do I play?", (0, mine), (50, theirs)) == [mine, theirs]


def test_a_question_about_a_time_gets_what_was_so_then() -> None:
    old, new = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    asked = "What car did I drive in August 2024?"
    assert order(asked, (200, new), (0, old)) == [old, new]


@pytest.mark.parametrize(
    "question", ["What car did I drive before?", "Which cars did I drive?", "My car."]
)
def test_what_does_not_ask_for_the_present_keeps_its_order(question: str) -> None:
    old, new = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    assert order(question, (0, old), (100, new)) == [old, new]


@pytest.mark.parametrize(
    "later",
    [
        "They're digging up the road until Sunday.",
        "Omar has bought a new phone.",
        "The washing machine eats socks.",
    ],
)
def test_what_is_of_something_else_stays_behind(later: str) -> None:
    old = "I drive an old Corolla."
    assert order("What car do I drive?", (0, old), RAIN, RAIN, RAIN, (100, later))[0] == old


def test_what_others_and_assistants_say_updates_nothing() -> None:
    old, new = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    asked = "What car do I drive?"
    assert order(asked, (0, old), (100, new), speakers="AB") == [old, new]
    assert order(asked, (0, old), (100, new), role="assistant") == [old, new]


def test_an_answer_that_is_newest_already_stays_first() -> None:
    old, new = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    assert order("What car do I drive?", (100, new), (0, old)) == [new, old]


@pytest.mark.parametrize("word", [{"pinned": True}, {"beside": ["k1"]}])
def test_the_word_of_a_person_wins(word: dict[str, Any]) -> None:
    older = said(0, 0, "I drive an old Corolla.", metadata=word)
    newer = said(1, 100, "Traded the Corolla in for a Skoda.")
    asked = "What car do I drive?"
    found = updated(asked, [older, newer])
    assert found == [older, newer]
