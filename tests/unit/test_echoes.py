"""Echoes are no evidence: they stand behind the facts, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

import pytest

from remem import Memory
from remem.recall.order.echoes import RECALLED, below_sources, knows_nothing
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.testing import HashEncoder

MAY = datetime(2025, 5, 1, 9, tzinfo=timezone.utc)
FACTS = (
    "I moved to Lisbon last week, live with Ana.",
    "My dog Rex likes the park.",
    "I work for Acme as a welder.",
    "The rent is 900 euros.",
)
QUESTION = "Where do I live?"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        said(memory, "facts", *(("user", fact) for fact in FACTS))
        yield memory


def said(memory: Memory, session: str, *turns: tuple[str, str]) -> None:
    memory.add_messages(
        [
            {"role": role, "content": text, "time": MAY + timedelta(minutes=n)}
            for n, (role, text) in enumerate(turns)
        ],
        session=session,
    )


def found(memory: Memory, asked: str = QUESTION, k: int = 50) -> list[str]:
    return [one.record.text for one in memory.search(asked, k)]


def recollection(key: str, text: str, score: float, recalled: Sequence[str] = ()) -> Recollection:
    role = "assistant" if recalled else "user"
    metadata = {RECALLED: list(recalled)} if recalled else {}
    return Recollection(Record(key, "chat", 0, text, role=role, metadata=metadata), score)


def keys(ranking: Sequence[Recollection]) -> list[str]:
    return [one.record.key for one in below_sources(ranking)]


@pytest.mark.parametrize("again", [QUESTION, "where do i live", "Hey, where do I live, please?"])
def test_a_question_that_was_asked_five_times_is_no_answer(memory: Memory, again: str) -> None:
    for n in range(5):
        said(memory, f"asked {n}", ("user", again), ("assistant", "I don't know."))
    assert found(memory)[0] == FACTS[0]
    assert again not in found(memory, k=4)
    assert again not in memory.context(QUESTION, floor=1e-9).text


@pytest.mark.parametrize(
    ("fact", "question", "again"),
    [
        (FACTS[0], QUESTION, "Me again. Where do I live?"),
        (FACTS[0], QUESTION, "I forgot it, so: where do I live?"),
        ("Ich wohne in Bremen.", "Wo wohne ich?", "Noch eine Frage: Wo wohne ich?"),
        ("我住在青岛。", "我住在哪里？", "再问一遍：我住在哪里？"),
    ],
)
def test_a_question_that_was_asked_after_a_few_words_is_no_answer(
    memory: Memory, fact: str, question: str, again: str
) -> None:
    said(memory, "told", ("user", fact))
    said(memory, "asked", ("user", again), ("assistant", "Wait a moment."))
    texts = found(memory, question)
    assert again not in texts[: texts.index(fact) + 1]
    assert again not in memory.context(question, floor=1e-9).text


def test_a_question_at_the_end_of_a_story_may_be_an_answer(memory: Memory) -> None:
    told = "We sold the flat in Porto and rented a house near the sea in Faro. Where do I live?"
    said(memory, "told", ("user", told))
    [one] = [one for one in memory.search(QUESTION, 50) if one.record.text == told]
    assert not one.echo


def test_a_statement_that_begins_like_a_question_is_an_answer(memory: Memory) -> None:
    said(memory, "visit", ("user", "Was at the dentist."))
    assert found(memory, "When was I at the dentist?")[0] == "Was at the dentist."


def test_a_hundred_copies_of_a_question_leave_the_fact_its_place(memory: Memory) -> None:
    for n in range(100):
        said(memory, f"asked {n}", ("user", QUESTION), ("assistant", "I do not know that."))
    assert found(memory, k=1) == [FACTS[0]]


def test_a_note_with_the_words_of_a_search_is_found_by_them(memory: Memory) -> None:
    memory.add("Where the spare key is")
    assert found(memory, "Where the spare key is", k=1) == ["Where the spare key is"]


def test_a_question_that_says_more_than_the_one_asked_may_be_an_answer(memory: Memory) -> None:
    told = "Where do I live now that Carla sold the flat in Porto?"
    said(memory, "told", ("user", told))
    [one] = [one for one in memory.search(QUESTION, 50) if one.record.text == told]
    assert not one.echo


def test_an_answer_by_people_still_follows_its_question(memory: Memory) -> None:
    memory.add_messages(
        [
            {"role": "Ana", "name": "Ana", "content": "Where does Ben keep the passport?"},
            {"role": "Ben", "name": "Ben", "content": "Behind the clock, as ever."},
        ],
        session="people",
    )
    assert found(memory, "Where does Ben keep the passport?", 1) == ["Behind the clock, as ever."]


def test_what_is_asked_around_a_copy_of_the_question_borrows_nothing_of_it(memory: Memory) -> None:
    said(
        memory,
        "asked",
        ("user", QUESTION),
        ("assistant", "I don't know."),
        ("user", "Never mind, is it sunny?"),
        ("assistant", "Yes, it is."),
    )
    assert found(memory, k=1) == [FACTS[0]]


def test_what_an_echo_lost_is_part_of_its_score(memory: Memory) -> None:
    said(memory, "asked", ("user", QUESTION))
    [one] = [one for one in memory.search(QUESTION, 50, explain=True) if one.echo]
    assert (one.echo, one.score, one.relevance) == ("question", 0, 0)
    assert one.parts["echo"] < 0
    assert sum(one.parts.values()) == pytest.approx(one.score)


def test_why_says_that_a_copy_of_the_question_is_no_answer(memory: Memory) -> None:
    said(memory, "asked", ("user", QUESTION))
    assert "an earlier copy of a question is no answer" in memory.why(QUESTION, "asked#0").reason


def test_equal_texts_count_once_and_the_newest_stands_for_all(memory: Memory) -> None:
    for day in (3, 9, 6):
        memory.add("The key lies under the blue mat.", said_at=MAY + timedelta(days=day))
    first, second = memory.search("Where does the key lie?", 2)
    assert first.record.said_at == MAY + timedelta(days=9)
    assert second.record.text != first.record.text
    assert memory.context("Where does the key lie?").text.count("blue mat") == 1


def test_the_apostrophe_of_a_telephone_makes_no_other_text(memory: Memory) -> None:
    for text in ("Ana's key lies under the mat.", "Ana’s key lies under the mat."):
        memory.add(text)
    assert memory.context("Where does the key of Ana lie?").text.count("key lies") == 1


def test_of_equal_texts_that_stands_which_was_said_when_the_question_says(memory: Memory) -> None:
    for day in (3, 9, 16):
        memory.add("I took the blue pill.", said_at=MAY + timedelta(days=day))
    [hit] = memory.search("Did I take the pill on 10 May 2025?", 1)
    assert hit.record.said_at == MAY + timedelta(days=9)


def test_a_question_that_counts_gets_each_of_equal_texts(memory: Memory) -> None:
    for day in (3, 9, 6):
        memory.add("I took the blue pill.", said_at=MAY + timedelta(days=day))
    assert found(memory, "How many times did I take the pill?", 3) == ["I took the blue pill."] * 3


def test_short_answers_to_different_questions_are_no_copies(memory: Memory) -> None:
    said(memory, "tea", ("user", "Do you like tea?"), ("user", "Yes, I do."))
    said(memory, "wine", ("user", "Do you like wine?"), ("user", "Yes, I do."))
    assert not any(one.echo == "copy" for one in memory.search("Do you like wine?", 50))


@pytest.mark.parametrize(
    "answer",
    [
        "I don't know.",
        "I'm sorry, but I don't have any information about where you live.",
        "I do not know where you live. Could you tell me?",
        "You haven't told me where you live. Please let me know!",
        "Das weiß ich leider nicht.",
        "Je ne sais pas où tu habites.",
        "No sé dónde vives.",
        "Não sei onde você mora.",
        "Non lo so.",
        "Я не знаю, где вы живёте.",
        "抱歉，我不知道您住在哪里。",
    ],
)
def test_an_assistant_that_does_not_know_is_heard_to_say_so(answer: str) -> None:
    assert knows_nothing(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "You live in Lisbon.",
        "I don't know the street, but you live in Lisbon.",
        "I don't know. You said that Ana moved to Lisbon with you.",
        "I know that you live in Lisbon.",
        "Not much is known of it; the park is in Lisbon.",
    ],
)
def test_an_answer_that_says_something_is_not_taken_for_ignorance(answer: str) -> None:
    assert not knows_nothing(answer)


def test_an_answer_stands_below_the_memory_that_it_was_made_from() -> None:
    ranking = [
        recollection("answer", "You live in Lisbon.", 0.9, ["rent", "fact"]),
        recollection("rent", "The rent is 900 euros.", 0.5),
        recollection("fact", "I moved to Lisbon.", 0.4),
        recollection("dog", "Rex is a dog.", 0.3),
    ]
    assert keys(ranking) == ["rent", "fact", "answer", "dog"]


def test_an_answer_made_from_an_answer_stands_below_both() -> None:
    ranking = [
        recollection("third", "Lisbon, you live in Lisbon.", 0.9, ["second"]),
        recollection("second", "You live in Lisbon.", 0.8, ["fact"]),
        recollection("fact", "I moved to Lisbon.", 0.4),
    ]
    assert keys(ranking) == ["fact", "second", "third"]


def test_an_answer_with_two_sources_stands_below_the_one_that_was_moved() -> None:
    ranking = [
        recollection("second", "As I said, you live in Lisbon.", 0.9, ["first", "fact"]),
        recollection("first", "You live in Lisbon.", 0.8, ["fact"]),
        recollection("fact", "I live in Lisbon.", 0.7),
        recollection("other", "The rent is 900 euros.", 0.6),
    ]
    assert keys(ranking) == ["fact", "first", "second", "other"]


def test_answers_that_name_each_other_as_sources_all_stay() -> None:
    ranking = [
        recollection("a", "You live in Lisbon.", 0.9, ["b"]),
        recollection("b", "It is Lisbon.", 0.8, ["a"]),
    ]
    assert sorted(keys(ranking)) == ["a", "b"]


def test_an_answer_with_news_of_its_own_keeps_its_place() -> None:
    recipe = "Lasagne: boil sheets, fry onions, add tomatoes, layer cheese, bake forty minutes."
    ranking = [
        recollection("recipe", recipe, 0.9, ["fact"]),
        recollection("fact", "I like cheese from Lisbon.", 0.4),
    ]
    assert keys(ranking) == ["recipe", "fact"]


@pytest.mark.model
def test_the_bundled_encoder_finds_the_fact_among_its_echoes() -> None:
    with Memory(":memory:") as memory:
        said(memory, "facts", *(("user", fact) for fact in FACTS))
        for n in range(5):
            said(memory, f"asked {n}", ("user", QUESTION), ("assistant", "I don't know, sorry."))
        assert found(memory, k=1) == [FACTS[0]]
        assert QUESTION not in memory.context(QUESTION).text
