"""What updates an answer comes before it, in whatever words it is told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest

from remem.encoders.opening import open_encoder
from remem.encoders.sentence_transformer import Encoder
from remem.recall.order.likeness import Likeness
from remem.recall.order.updates import may_have_changed, updates_first
from remem.recall.reading.asking import is_question
from remem.recall.reading.claims import asked_states
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
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
    """A ranking as a question wants it, among everyday talk that came up behind it."""
    question = read_query(asked, NOW)
    talk = [said(len(ranking) + n, 10 * n, text) for n, text in enumerate(TALK)]
    found = [*ranking, *talk]
    updated = updates_first(question, asked_states(asked), found, [], NOW, likeness(asked, found))
    assert {one.record.key for one in updated} == {one.record.key for one in found}
    return [one for one in updated if one.record.text not in TALK]


def likeness(asked: str, found: list[Recollection]) -> Likeness:
    """The likeness of a question and of what was recalled."""
    vectors = encoder().encode_documents([one.record.text for one in found])
    keys = [one.record.key for one in found]
    return Likeness(encoder().encode_query(asked), dict(zip(keys, vectors, strict=True)))


@cache
def encoder() -> Encoder:
    """The bundled one."""
    return open_encoder(None)


TALK = (
    "Missed the last train and walked home along the river.",
    "My neighbour plays the drums, always at seven.",
    "We argued about who does the dishes.",
    "The quiz was hard, we came fifth.",
    "Someone at work brought pancakes for everyone.",
    "I can't find my reading glasses anywhere.",
    "The lift is broken again, five floors on foot.",
    "The film was three hours long and nobody laughed.",
)


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
        (
            "What's my favourite band?",
            "My favourite band is Low.",
            "Gone off Low, my favourite band is Wilco now.",
        ),
        ("When is the choir?", "The choir is on 4 June.", "They rang about it: 11 June instead."),
        ("What time do I get up?", "I get up at 7:30.", "New shift, the alarm goes off at 5:45."),
        ("What's my rent?", "My rent is 900 a month.", "They want 980 now."),
        (
            "What medicine do I take?",
            "I take ramipril.",
            "No more ramipril, it made me cough. I take losartan now.",
        ),
        (
            "What medicine do I take?",
            "I take ramipril.",
            "Ramipril made me cough, so it's losartan.",
        ),
        (
            "Who cleans our house?",
            "Anka's gone home for good. Her friend Ewa does our house.",
            "Ewa's back gave out, so a lad called Marcus has the mop now.",
        ),
        (
            "How much do I weigh?",
            "Three months of no crisps and I'm at 88.5!",
            "Plateau broken at last, the display said 83.",
        ),
    ],
)
def test_what_leans_on_an_answer_and_is_newer_comes_first(
    question: str, old: str, new: str
) -> None:
    assert order(question, (0, old), (100, new), RAIN) == [new, old, RAIN[1]]


@pytest.mark.parametrize("band", ["Wilco", "Low"])  # one is a common word, too
def test_what_leans_on_one_word_of_an_answer_comes_first(band: str) -> None:
    old, new = f"My favourite band is {band}.", f"I've gone off {band} by now."
    assert order("What's my favourite band?", (0, old), (100, new), RAIN) == [new, old, RAIN[1]]


def test_where_an_agent_works_the_next_request_updates_nothing() -> None:
    told = (0, "I drive an old Corolla."), (100, "Traded the Corolla for a Fabia.")
    texts = [text for _, text in told]
    assert order("What car do I drive?", *told) == texts[::-1]
    assert order("What car do I drive?", *told, metadata={"project": "/work/shop"}) == texts


def test_several_updates_come_in_the_order_of_time_in_their_places() -> None:
    first, second = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    third = "The Skoda died. I've got a used Mazda now."
    found = order("What car do I drive?", (0, first), (30, second), RAIN, (60, third))
    assert found == [third, second, RAIN[1], first]


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


def test_a_question_stands_behind_what_was_so_then() -> None:
    car, asked = "I drive an old Corolla.", "Is an old car a bad car to drive?"
    told = (0, asked), (0, car), RAIN
    assert order("What car do I drive?", *told)[0] == asked
    assert order("What car was I driving in April 2025?", *told)[0] == car


def test_what_was_so_later_stands_behind_what_was_so_until_a_time() -> None:
    first, second = "I drive an old Corolla.", "Traded the Corolla in for a Skoda."
    third = "The Skoda died. I've got a used Mazda now."
    told = (0, first), (100, second), (200, third)
    assert order("What car did I drive in October 2024?", *told) == [second, first, third]


@pytest.mark.parametrize(
    ("question", "answer", "beside", "later"),
    [
        (
            "Which gym do I go to?",
            "Signed up at Fitpoint, the gym behind the station.",
            "The train to the gym was late again.",
            "Changed trains twice today and still came late.",
        ),
        (
            "Who is my dentist?",
            "My dentist is Dr Okafor on Mill Street.",
            "Met Paula in the dentist's waiting room, she plays the cello.",
            "Paula sold the cello and bought a trumpet.",
        ),
    ],
)
def test_what_updates_something_else_and_is_no_answer_stays_behind(
    question: str, answer: str, beside: str, later: str
) -> None:
    assert order(question, (0, answer), (40, beside), (90, later))[0] == answer
    assert order(question, (0, answer), (90, later), (40, beside))[0] == answer


def test_a_number_is_updated_by_a_number() -> None:
    old, new = "My rent is 900 a month.", "The rent is paid to a new agency now."
    assert order("How much is my rent?", (0, old), (60, new))[0] == old
    assert order("Who is my rent paid to?", (0, old), (60, new))[0] == new


def test_what_is_said_within_days_is_true_side_by_side() -> None:
    told = "My chess club is the Gambit.", "My chess club has nice people in it."
    asked = "Which chess club am I in?"
    assert order(asked, (0, told[0]), (3, told[1])) == [*told]
    assert order(asked, (0, told[0]), (3, "I'm in the chess club Rook now.")) != [*told]


@pytest.mark.parametrize(
    "question",
    [
        "What car do I drive now?",
        "What car do I drive these days?",
        "What car was I driving in April 2025?",
    ],
)
@pytest.mark.parametrize(
    "other",
    [
        "Changed the wifi because next door were on it, it's otter7 now.",
        "The vet says she wants new food now, the one from Purina.",
        "Our plumber Rick retired, a lad called Kofi has taken over.",
        "Just back from donating, turns out I'm O negative now.",
    ],
)
def test_a_change_of_something_else_comes_behind_though_a_change_is_expected(
    question: str, other: str
) -> None:
    car, news = "I drive an old Corolla.", "Traded the Corolla for a Fabia."
    assert order(question, (-300, car), (150, other), RAIN)[0] == car
    assert order(question, (-300, car), (100, news), (250, other), RAIN)[0] == news


def test_what_begins_as_a_question_and_has_no_mark_may_tell_of_a_change() -> None:
    old, new = "I drive an old Corolla.", "who would have thought, traded the Corolla for a Fabia"
    assert is_question(new)
    assert order("What car do I drive?", (0, old), (100, new), RAIN) == [new, old, RAIN[1]]


def test_what_asks_with_a_mark_is_no_update() -> None:
    old, asks = "I drive an old Corolla.", "Who wants the Corolla, now that I have a Fabia?"
    assert order("What car do I drive?", (0, old), (100, asks), RAIN) == [old, asks, RAIN[1]]


@pytest.mark.parametrize(
    ("question", "old", "new", "other"),
    [
        (
            "Welches Futter bekommt Mia?",
            "Mia bekommt Futter mit Huhn, morgens und abends.",
            "Das Futter mit Huhn verträgt sie nicht mehr, ab heute gibt es das Futter mit Ente.",
            "Das Futter mit Huhn kostet heute mehr als das Futter mit Ente.",
        ),
        (
            "¿A qué escuela va Inés?",
            "Inés va a la escuela del Carmen, empezó en septiembre.",
            "La escuela del Carmen quedaba lejos, ahora ella va a la escuela del Pilar.",
            "Desde ayer Ana va a la escuela del Prado, ya no a la escuela del Carmen.",
        ),
    ],
)
def test_news_of_somebody_may_have_a_pronoun_for_the_name_but_no_other_name(
    question: str, old: str, new: str, other: str
) -> None:
    assert order(question, (0, old), (100, new), (120, other)) == [new, old, other]


def test_of_somebody_else_more_is_asked_of_an_update() -> None:
    mine = "My boss is Rita, she shouts a lot.", "Kofi signs my holidays these days."
    hers = "Ana's boss is Rita, she shouts a lot.", "Kofi signs Ana's holidays these days."
    assert order("Who is my boss?", (0, mine[0]), (100, mine[1]), RAIN)[0] == mine[1]
    assert order("Who is Ana's boss?", (0, hers[0]), (100, hers[1]), RAIN)[0] == hers[0]


def test_whoever_is_asked_about_a_time_of_it_tells_of_a_change() -> None:
    old, new = "Ana's boss is Rita, she shouts a lot.", "Kofi signs Ana's holidays these days."
    asked = "Who was Ana's boss in October 2024?"
    assert order(asked, (0, old), (100, new), RAIN)[0] == new


def test_what_is_like_the_answer_is_raised_from_far_behind_the_question() -> None:
    asked = "What car do I drive?"
    old, talk = said(0, 0, "I drive an old Corolla."), [said(n, n, TALK[n]) for n in range(1, 8)]
    new = said(8, 100, "The Corolla died, picked up a used Fabia yesterday.")
    found = updates_first(
        read_query(asked, NOW),
        asked_states(asked),
        [old, *talk],
        [new.record],
        NOW,
        likeness(asked, [old, *talk, new]),
    )
    assert [one.record for one in found][:2] == [new.record, old.record]
    assert len(found) == 9


def test_without_vectors_only_what_stands_near_or_is_claimed_counts() -> None:
    asked = "What car do I drive?"
    ranking = [said(0, 0, "I drive an old Corolla."), said(1, 100, "Got a Fabia.")]
    question = read_query(asked, NOW)
    found = updates_first(question, asked_states(asked), ranking, [], NOW, Likeness())
    assert found == ranking


@pytest.mark.parametrize(
    "question",
    [
        "Why is our house called that?",
        "How old is my violin?",
        "Where does our cat come from?",
        "Who wrote the letters I found?",
        "What broke on our holiday?",
        "Wer hat mir die Uhr geschenkt?",
        "Qui m'a donné la montre ?",
        "¿Quién me regaló el reloj?",
        "Quem me deu o relógio?",
        "Por que nossa casa se chama assim?",
        "我们家为什么叫这个名字？",
    ],
)
def test_what_is_past_or_has_a_reason_does_not_change(question: str) -> None:
    assert not may_have_changed(read_query(question, NOW), [])


@pytest.mark.parametrize(
    "question",
    [
        "Who is married to my sister?",
        "Bei welcher Firma bin ich angestellt?",
        "Welche Farbe hat mein Auto?",
        "Quelle voiture a mon mari ?",
        "Onde estou trabalhando?",
    ],
)
def test_what_is_so_may_have_changed(question: str) -> None:
    assert may_have_changed(read_query(question, NOW), [])


@pytest.mark.parametrize(
    "question",
    [
        "What car did I drive last week?",
        "How much do I pay for both cars in total?",
        "Which car is faster than mine?",
    ],
)
def test_events_and_sums_want_no_order_of_time(question: str) -> None:
    assert not may_have_changed(read_query(question, NOW), [])


def test_the_german_word_for_what_is_no_past() -> None:
    assert may_have_changed(read_query("Was für ein Auto fahre ich?", NOW), [])
    assert not may_have_changed(read_query("Where was my car?", NOW), [])


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


@pytest.mark.parametrize(
    ("question", "looks"),
    [
        ("How many micrograms do I take?", False),
        ("How often am I in the gym?", False),
        ("How many guests were we planning for in November 2024?", False),
        ("How much have we for the holiday?", False),
        ("How many cities have I lived in?", True),
        ("How many times was I at the dentist in November 2024?", True),
        ("Where did I live initially?", True),
    ],
)
def test_how_many_asks_for_the_present_unless_it_speaks_of_what_has_been(
    question: str, looks: bool
) -> None:
    assert may_have_changed(read_query(question, NOW), []) is not looks
