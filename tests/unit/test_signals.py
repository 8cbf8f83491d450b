"""What speaks for a candidate besides its hits."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.recall.reading.question import read_query
from remem.recall.signals import SIGNALS, Candidate
from remem.store import Record

NOON = datetime(2024, 5, 15, 12, tzinfo=timezone.utc)


def turn(text: str = "It broke.", evidence: float = 0.0, **fields: Any) -> Candidate:
    source, position = fields.pop("source", "chat"), fields.pop("position", 0)
    key = f"{source}#{position}"
    fields = {"kind": "turn", "said_at": NOON, **fields}
    record = Record(key=key, source=source, position=position, text=text, **fields)
    return Candidate(record, {}, evidence)


def values(name: str, *candidates: Candidate, asked: str = "anything") -> list[float]:
    return SIGNALS[name](read_query(asked, NOON), candidates)


@pytest.mark.parametrize("name", SIGNALS)
def test_every_candidate_has_a_value(name: str) -> None:
    assert len(values(name, turn(), turn(position=1))) == 2
    assert values(name) == []


def test_the_session_with_the_most_evidence_has_one() -> None:
    first, second = turn(evidence=0.6), turn(evidence=0.8, position=1)
    elsewhere = turn(evidence=0.5, source="other")
    assert values("session", first, second, elsewhere) == pytest.approx([1, 1, 0.5])


def test_one_strong_turn_says_more_of_its_session_than_many_weak_ones() -> None:
    strong = turn(evidence=0.9)
    weak = [turn(evidence=0.3, source="other", position=i) for i in range(3)]
    assert values("session", strong, *weak)[1] < 1


def test_sessions_without_evidence_have_nothing() -> None:
    assert values("session", turn(), turn(source="other")) == [0, 0]


def test_a_reply_has_the_evidence_of_the_question_before_it() -> None:
    asking = turn("Where is the key?", 0.7)
    assert values("reply", asking, turn("There.", position=1), turn(position=2)) == [0, 0.7, 0]


def test_a_reply_comes_soon_where_positions_are_times() -> None:
    noon = int(NOON.timestamp()) * 1_000_000
    minute, asked = 60_000_000, "Who has the key?"
    asking = turn(asked, evidence=0.7, position=noon)
    soon = turn("It hangs behind the door.", position=noon + minute)
    later = turn("Mind the plank.", position=noon + 2 * minute)
    tomorrow = turn("Good morning.", position=noon + 1440 * minute)
    assert values("reply", asking, soon, later, tomorrow) == [0, 0.7, 0, 0]
    assert values("reply", asking, tomorrow) == [0, 0]


def test_what_follows_a_statement_or_begins_elsewhere_is_no_reply() -> None:
    statement, asking = turn("It broke.", 0.7), turn("Where?", 0.7, position=4)
    after = turn(position=1)
    elsewhere, with_a_gap = turn(position=5, source="other"), turn(position=6)
    assert values("reply", statement, after, asking, elsewhere, with_a_gap) == [0] * 5


def test_a_passage_replies_to_nothing() -> None:
    asking = turn("Who pays?", 0.7, kind="passage", source="lease.md")
    passage = turn("The tenant.", kind="passage", source="lease.md", position=1)
    assert values("reply", asking, passage) == [0, 0]


@pytest.mark.parametrize(
    ("speaker", "asked"),
    [
        ("Nora", "What did nora break?"),
        ("Nora", "What is Nora's kiln called?"),
        ("Nora Lindqvist", "What did Nora break?"),
        ("Anne-Marie", "What did Anne say?"),
        ("小明", "小明说了什么？"),
        ("Will", "What did Will say?"),
    ],
)
def test_whom_the_question_names_has_one(speaker: str, asked: str) -> None:
    assert values("speaker", turn(speaker=speaker), asked=asked) == [1]


@pytest.mark.parametrize(
    ("speaker", "asked"),
    [
        ("Will", "Where will the spare key be?"),
        ("Will", "Will you bring the key?"),
        ("Me", "Who told me about the key?"),
        ("João da Silva", "Onde está a chave da casa?"),
        ("Anna de la Cruz", "¿Dónde está la llave?"),
        ("Karl von Stein", "Wo ist der Schlüssel von Ana?"),
    ],
)
def test_a_common_word_is_nobody_s_name(speaker: str, asked: str) -> None:
    assert values("speaker", turn(speaker=speaker), asked=asked) == [0]


def test_it_is_where_it_is_written_as_names_are() -> None:
    assert values("speaker", turn(speaker="Will"), asked="Did Will bring the key?") == [1]


@pytest.mark.parametrize("speaker", [None, "Ravi", "The Landlord", "🦊", "Nor"])
def test_whom_the_question_does_not_name_has_nothing(speaker: str | None) -> None:
    assert values("speaker", turn(speaker=speaker), asked="What is the name of Nora?") == [0]


def test_statements_come_before_questions() -> None:
    stated, mixed, asked = (turn(text) for text in ("It broke.", "It broke. Again?", "Again?"))
    high, middle, low = values("statement", stated, mixed, asked)
    assert 1 == high > middle > low == 0


def test_a_turn_of_few_words_has_little_room() -> None:
    short, long = values("room", turn("Wow, great!"), turn("word " * 40))
    assert 0 < short < long == 1


@pytest.mark.parametrize("kind", ["note", "passage"])
def test_notes_and_passages_have_room_however_short(kind: str) -> None:
    assert values("room", turn("PIN: 1234", kind=kind)) == [1]


def test_what_was_said_when_the_question_means_has_one() -> None:
    days = [turn(said_at=NOON - timedelta(days=days), position=days) for days in (1, 2, 30)]
    yesterday, before, long_ago = values("date", *days, asked="What happened yesterday?")
    assert yesterday == 1 > before >= long_ago == 0


def test_how_things_were_may_have_been_told_long_before() -> None:
    days = [turn(said_at=NOON - timedelta(days=days), position=days) for days in (400, 45, 2)]
    before, then, since = values("date", *days, asked="Where was I living in March 2024?")
    assert then == before == 1 > since == 0
    before, then, since = values("date", *days, asked="What did I buy in March 2024?")
    assert then == 1 > before == since == 0


def test_no_date_is_close_to_nothing() -> None:
    assert values("date", turn(said_at=None), asked="What happened yesterday?") == [0]
    assert values("date", turn(), asked="What happened?") == [0]


TEXTS = st.text(st.sampled_from("ab ?.!？\n[]我们🦊"), max_size=30)


@given(
    TEXTS.filter(str.strip),
    st.lists(
        st.builds(
            lambda text, evidence, source, speaker, kind: turn(
                text, evidence, source=source, speaker=speaker, kind=kind
            ),
            TEXTS,
            st.floats(0, 1),
            st.sampled_from("xy"),
            st.none() | TEXTS,
            st.sampled_from(["turn", "note", "passage"]),
        ),
        max_size=6,
    ),
    st.sampled_from(["", " yesterday", " last year", " in May 2024"]),
)
def test_every_signal_is_between_zero_and_one(
    asked: str, candidates: list[Candidate], when: str
) -> None:
    placed = [
        replace(one, record=replace(one.record, key=str(i), position=i))
        for i, one in enumerate(candidates)
    ]
    for name in SIGNALS:
        assert all(0 <= value <= 1 for value in values(name, *placed, asked=asked + when)), name


@pytest.mark.parametrize(
    ("asked", "answering", "other"),
    [
        ("what is the dog called", "Her name is Pickle.", "She wanted a dog."),
        ("Wie heißt der Hund?", "Er heißt Bello.", "Der Hund schläft."),
        ("¿Cómo se llama tu hermana?", "Se llama Lucía.", "Mi hermana vive en Quito."),
        ("Как зовут собаку?", "Её зовут Белка.", "Собака спит."),
        ("How old is he?", "He turned 41 in May.", "He is older than me."),
        ("Combien coûte le vélo ?", "Il coûte 300 euros.", "Le vélo est cher."),
        ("Where did she move?", "She moved to Lisbon.", "She moved again."),
        ("When is the exam?", "It's on Tuesday.", "The exam is hard."),
    ],
)
def test_a_text_of_the_kind_that_is_asked_for_has_more(
    asked: str, answering: str, other: str
) -> None:
    more, less = values("answer", turn(answering), turn(other, position=1), asked=asked)
    assert more > less == 0


def test_a_name_that_is_asked_for_tells_more_than_a_number() -> None:
    [name] = values("answer", turn("They call her Pickle."), asked="What is she called?")
    [number] = values("answer", turn("She is six."), asked="How old is she?")
    assert name == 1 > number > 0


def test_a_question_that_does_not_say_what_it_wants_gives_nothing() -> None:
    assert values("answer", turn("Her name is Pickle, she is 6."), asked="Tell me more") == [0]
