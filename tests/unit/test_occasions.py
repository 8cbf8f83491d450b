"""Questions for the first time, the last time, and how many times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory
from remem.recall.order.occasions import in_order
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder

START = datetime(2024, 1, 1, 9, tzinfo=timezone.utc)


def recollection(key: str, score: float, day: int | None, source: str = "chat") -> Recollection:
    said_at = None if day is None else START + timedelta(days=day)
    return Recollection(
        Record(key=key, text=key, source=source, position=0, said_at=said_at), score
    )


RANKING = [
    recollection("best", 1.0, 5),
    recollection("early", 0.97, 2),
    recollection("late", 0.95, 8),
    recollection("same day", 0.93, 5),
    recollection("undated", 0.91, None),
    recollection("far off", 0.3, 1),
]


def keys(question: str) -> list[str]:
    return [one.record.key for one in in_order(question, RANKING, {})]


@pytest.mark.parametrize(
    "question",
    [
        "When did I first go to the dentist?",
        "the first time I saw Ben",
        "Wann war ich zum ersten Mal beim Zahnarzt?",
        "Quelle est la première fois que j'ai vu Ben ?",
        "¿Cuándo fue la primera vez?",
        "Когда я впервые был у врача?",
        "我第一次去北京是什么时候？",
        "我头一回去北京是哪天？",
        "Wann war der erste Besuch beim Zahnarzt?",
        "¿Cuándo fue la primera cita con el dentista?",
        "Quand ai-je eu la première leçon ?",
        "Quando foi a primeira consulta no dentista?",
        "Quando è stato il primo concerto?",
        "Когда был первый урок?",
    ],
)
def test_the_first_time_is_the_earliest_of_what_answers_as_well(question: str) -> None:
    assert keys(question) == ["early", "best", "same day", "late", "undated", "far off"]


@pytest.mark.parametrize(
    "question",
    [
        "When was the last time I saw Ben?",
        "Which doctor did I see most recently?",
        "When did I last go swimming?",
        "Wann war ich zuletzt schwimmen?",
        "Quando foi a última vez?",
        "我上次见到他是什么时候？",
        "我最后一回游泳是哪天？",
        "我最近什么时候看过牙医？",
        "Wann bin ich letztmals geschwommen?",
        "Wann war der letzte Termin beim Zahnarzt?",
        "¿Cuándo fue la última sesión?",
        "Quand a eu lieu la dernière séance ?",
        "Quando nadei por último?",
        "Quando è stata l'ultima lezione?",
        "Когда был последний урок?",
    ],
)
def test_the_last_time_is_the_latest_of_what_answers_as_well(question: str) -> None:
    assert keys(question) == ["late", "best", "same day", "early", "undated", "far off"]


@pytest.mark.parametrize(
    "question",
    ["How often did I swim?", "Wie oft war ich dort?", "¿Cuántas veces?", "Сколько раз?"],
)
def test_to_count_times_one_memory_of_each_day_comes_first(question: str) -> None:
    assert keys(question) == ["best", "early", "late", "undated", "same day", "far off"]


@pytest.mark.parametrize(
    "question",
    [
        "When did I swim last week?",
        "What is my first name?",
        "Where is the key?",
        "Wann war ich letzte Woche schwimmen?",
        "¿Cuándo nadé la última semana?",
        "Quand ai-je nagé la semaine dernière ?",
        "Quando nadei no último verão?",
        "How many days were there between my first lesson and my last one?",
    ],
)
def test_other_questions_keep_their_order(question: str) -> None:
    assert in_order(question, RANKING, {}) == RANKING


def told(question: str, *texts: str, speaker: str | None = None) -> list[str]:
    """Texts said day after day, the last of them recalled first, as they come out."""
    count = len(texts)
    ranking = [
        Recollection(
            Record(
                f"k{place}", "chat", place, text, said_at=START + timedelta(count - place),
                role="user", speaker=speaker if place else None,
            ),
            1.0 - 0.1 * place,
        )
        for place, text in enumerate(texts)
    ]  # fmt: skip
    rarity = {"dentist": 3.0, "see": 1.0, "last": 5.0, "牙医": 3.0, "去看": 4.0}
    return [one.record.text for one in in_order(question, ranking, rarity)]


BRACES = "The dentist fitted my braces."
FILLING = "Dentist again, a filling."
RAIN = "It rained."


def test_what_tells_of_the_matter_is_an_occasion_too() -> None:
    found = told("When did I first see the dentist?", BRACES, RAIN, FILLING)
    assert found == [FILLING, RAIN, BRACES]


def test_the_word_that_asks_which_one_is_no_matter() -> None:
    train = "I saw the last train leave."
    found = told("When did I last see the dentist?", FILLING, train, BRACES, "My last crisps.")
    assert found[0] == FILLING


def test_my_last_one_is_the_latest() -> None:
    found = told("What was my last visit to the dentist for?", RAIN, BRACES, FILLING)
    assert found.index(BRACES) < found.index(FILLING)


def test_it_is_found_in_writing_without_spaces() -> None:
    found = told("我第一次看牙医是什么时候?", "今天牙医补了牙。", RAIN, "牙医说要戴牙套。")
    assert found[0] == "牙医说要戴牙套。"


def test_a_question_is_no_occasion() -> None:
    asked = "Is the dentist open?"
    assert told("When did I first see the dentist?", BRACES, FILLING, asked)[2] == asked


def test_others_have_occasions_of_their_own() -> None:
    found = told("When did I first see the dentist?", BRACES, RAIN, FILLING, speaker="Ben")
    assert found[2] == FILLING


def test_scores_still_fall_and_tell_what_moved() -> None:
    ordered = in_order("the first time", RANKING, {})
    scores = [one.score for one in ordered]
    assert scores == sorted(scores, reverse=True)
    assert ordered[0].parts["order"] == pytest.approx(0.03)


def test_nothing_found_is_nothing_to_order() -> None:
    assert in_order("the first time", [], {}) == []


@pytest.fixture
def swims() -> Iterator[Memory]:
    """Four days at the lake, among things that have nothing to do with them."""
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for day, whom in enumerate(("Ana", "Ben", "Cleo", "Dora")):
            said_at = START + timedelta(days=40 * day)
            memory.add(f"I went swimming in the lake with {whom}.", said_at=said_at)
        for number in range(30):
            said_at = START + timedelta(days=number)
            memory.add(f"Bill {number} was paid by card {number + 70}.", said_at=said_at)
        yield memory


def test_a_search_brings_the_first_and_the_last_time_on_top(swims: Memory) -> None:
    [first] = swims.search("When did I first go swimming in the lake?", 1)
    [last] = swims.search("When was the last time that I went swimming in the lake?", 1)
    assert (first.record.text, last.record.text) == (
        "I went swimming in the lake with Ana.",
        "I went swimming in the lake with Dora.",
    )


def test_the_prompt_of_a_count_has_every_occasion(swims: Memory) -> None:
    block = swims.context("How many times did I go swimming in the lake?").text
    assert block.count("I went swimming") == 4


def test_a_pair_of_characters_of_some_sentences_is_not_the_matter_of_all() -> None:
    texts = ["今天去看牙医了。", "又去看牙医，补牙。", "牙医说要检查。"]
    assert told("我第一次去看牙医是哪天？", *texts)[0] == texts[-1]
