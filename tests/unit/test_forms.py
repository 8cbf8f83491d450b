"""Order of statements that are the same but for one value, in any language."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from remem.recall.order.forms import newest_of_form_first
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.fulltext.tokens import tokenize

MAY = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)
NOW = datetime(2025, 6, 1, tzinfo=timezone.utc)
RAIN = (3, "It rained all day.")


def said(place: int, day: int, text: str, speaker: str | None = None) -> Recollection:
    """A text as it was recalled at a place."""
    moment = MAY + timedelta(days=day)
    record = Record(f"k{place}", f"s{day}", 0, text, role="user", speaker=speaker, said_at=moment)
    return Recollection(record, 0.8 / (place + 1))


def ordered(question: str, *ranking: Recollection) -> list[str]:
    """The texts of a ranking as they come out."""
    query = read_query(question, NOW)
    found = newest_of_form_first(query, frozenset(tokenize(question)), ranking, NOW)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    return [one.record.text for one in found]


def order(question: str, *told: tuple[int, str]) -> list[str]:
    """Texts with the day on which each was said, ranked as given, as they come out."""
    return ordered(question, *(said(place, *one) for place, one in enumerate(told)))


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        ("How do I get in?", "The door code is blue-heron-7.", "The door code is red-fox-9."),
        ("Where do I swim?", "I swim at the Old Baths on Fridays.", "I swim at Lido on Fridays."),
        ("What do I drink?", "I drink green tea at breakfast.", "I drink cocoa at breakfast."),
        ("Wo bade ich?", "Ich bade am liebsten im Waldsee.", "Ich bade am liebsten im Heidesee."),
        ("Que lit mon fils ?", "Mon fils lit Tintin le soir.", "Mon fils lit Astérix le soir."),
        ("How do I get in?", "The door’s code is blue-heron-7.", "the door's code is red-fox-9."),
        ("我的门锁密码是什么?", "我家门锁的密码是4417。", "我家门锁的密码是9120。"),
    ],
)
def test_the_last_of_a_form_comes_first(question: str, old: str, new: str) -> None:
    assert order(question, (1, old), RAIN, (90, new)) == [new, RAIN[1], old]


def test_several_changes_come_newest_first() -> None:
    codes = [
        (day, f"The door code is {code}.") for day, code in ((50, "b2"), (1, "a1"), (90, "c3"))
    ]
    assert order("How do I get in?", *codes) == [codes[2][1], codes[0][1], codes[1][1]]


def test_of_a_time_the_last_said_until_then_comes_first() -> None:
    codes = [
        (day, f"The door code is {code}.") for day, code in ((390, "c3"), (1, "a1"), (35, "b2"))
    ]
    found = order("What was the door code in June 2024?", *codes)
    assert found == [codes[2][1], codes[1][1], codes[0][1]]


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("Who likes figs?", "My sister likes figs a lot.", "My brother likes plums a lot."),
        ("How old is Tom?", "My nephew Tom is eleven now.", "My nephew Jan is twelve now."),
        ("Was my code ever a1?", "The door code is a1.", "The door code is b2."),
        ("What was the code before?", "The door code is a1.", "The door code is b2."),
        ("What is new?", "I bake.", "I swim."),
        ("王芳的城市?", "王芳的家乡是广东深圳。", "王芳的年龄是三十六岁。"),
        ("人才论坛在哪里?", "人才论坛的地点是广州。", "健身比赛的地点是广州。"),
        ("Where am I going?", "I am going to see Rome soon.", "I am going to see Oslo soon."),
    ],
)
def test_other_matters_stay_where_they_are(question: str, first: str, second: str) -> None:
    assert order(question, (1, first), (90, second)) == [first, second]


def test_a_diary_of_many_values_stays_in_its_order() -> None:
    runs = [(day, f"Today I ran {day} miles by the river.") for day in range(2, 10)]
    assert order("How far do I run?", *runs) == [text for _, text in runs]


def test_other_people_say_it_of_themselves() -> None:
    ana = said(0, 1, "I swim at Lido on Fridays.", "Ana")
    ben = said(1, 90, "I swim at Bryn on Fridays.", "Ben")
    assert ordered("Where do I swim?", ana, ben) == [ana.record.text, ben.record.text]


def test_a_named_day_is_left_to_what_was_said_on_it() -> None:
    codes = [(1, "The door code is a1."), (90, "The door code is b2.")]
    assert order("What did I say of the code on 2 May 2024?", *codes) == [codes[0][1], codes[1][1]]
