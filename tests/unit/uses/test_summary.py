"""Sentences that a summary quotes, and the people who said them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory, Record
from remem.store import F, InvalidInput
from remem.testing import EchoGenerator, HashEncoder
from remem.uses.summary import summarize

FIRST = datetime(2024, 3, 1, 9, tzinfo=timezone.utc)
NEWS = "I just bought the old bakery in Lisbon last week."
CHAT = "That does sound rather nice and also rather big."


def session(
    number: int, *texts: str, speaker: str = "Nora", origin: str | None = None
) -> list[Record]:
    said_at = FIRST + timedelta(days=number)
    return [
        Record(
            key=f"s{number}#{speaker}{place}",
            source=f"s{number}",
            position=place,
            text=text,
            speaker=speaker,
            said_at=said_at,
            origin=origin,
        )
        for place, text in enumerate(texts)
    ]


def quoted(records: Sequence[Record], words: int) -> list[str]:
    return [line.text for line in summarize(records, words).lines]


def test_news_comes_before_small_talk_wherever_it_stands() -> None:
    assert quoted(session(0, CHAT, f"Hello you! {NEWS}"), 12) == [NEWS]


def test_of_two_sentences_alike_the_earlier_is_quoted() -> None:
    early, late = "I finally moved to the green house.", "I finally moved to the other flat."
    assert quoted(session(0, early, CHAT, CHAT, late), 8) == [early]


def test_every_session_is_quoted_in_the_order_of_time() -> None:
    texts = [f"I went to the market with cousin number{number} today." for number in range(4)]
    records = [one for number, text in enumerate(texts) for one in session(number, text, CHAT)]
    assert [one for one in quoted(records[::-1], 60) if one != CHAT] == texts


def test_what_is_said_again_is_quoted_once() -> None:
    assert quoted(session(0, NEWS, NEWS), 100) == [NEWS]


def test_a_question_is_no_part_of_a_summary() -> None:
    assert quoted(session(0, f"Did you just buy the old bakery last week? {NEWS}"), 100) == [NEWS]


@pytest.mark.parametrize("words", [1, 9, 30, 100])
def test_a_summary_keeps_to_its_words(words: int) -> None:
    records = [one for number in range(20) for one in session(number, NEWS, CHAT)]
    found = summarize(records, words)
    assert found.words <= words
    assert found.words == sum(len(line.text.split()) for line in found.lines)


def test_what_an_assistant_said_is_left_out_where_a_person_spoke() -> None:
    answer = session(0, "I just found seventeen bakeries in Lisbon for you.", origin="assistant")
    person = session(0, NEWS)
    assert quoted([*answer, *person], 100) == [NEWS]
    assert quoted(answer, 100)


def test_notes_of_years_in_one_source_are_spread_over_their_days() -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        for number in range(100):
            text = f"I planted tree number{number} behind the house today."
            memory.add(text, said_at=FIRST + timedelta(days=number))
        lines = memory.summarize(60).lines
    days = [(one.record.said_at - FIRST).days for one in lines if one.record.said_at]
    assert 4 <= len(days) <= 7
    assert days[0] < 30 < 70 < days[-1]


def test_a_summary_of_a_language_without_spaces_has_its_sentences() -> None:
    text = "我上个星期在里斯本买下了那家老面包店。你好！"
    assert quoted(session(0, text), 40) == ["我上个星期在里斯本买下了那家老面包店。"]


def test_replaced_words_are_not_quoted() -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        key = memory.add(NEWS).key
        memory.update(key, NEWS.replace("Lisbon", "Porto"))
        assert [one.text for one in memory.summarize().lines] == [NEWS.replace("Lisbon", "Porto")]


def test_a_generator_rewrites_the_lines_which_stay() -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add(NEWS, speaker="Nora")
        found = memory.summarize(generator=EchoGenerator())
    assert [one.text for one in found.lines] == [NEWS]
    assert NEWS in found.rewritten
    assert "at most 10 words" in found.rewritten


@pytest.mark.parametrize(
    ("words", "where", "sentence"),
    [
        (0, None, "the summary may have 0 words: give 1 or more"),
        (300, F("speaker") == "Ravi", "nothing is remembered that these conditions leave"),
        (300, F("said_at") >= FIRST + timedelta(days=9), "nothing is remembered that these"),
    ],
)
def test_what_cannot_be_summarized_is_refused_in_a_sentence(
    words: int, where: object, sentence: str
) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add(NEWS, speaker="Nora", said_at=FIRST)
        with pytest.raises(InvalidInput, match=sentence):
            memory.summarize(words, where=where)  # type: ignore[arg-type]
