"""Answers without a model: what was said is quoted, or nobody said it."""

from __future__ import annotations

from dataclasses import replace

from remem.recall.quotes import MOST, quotes
from remem.recall.recollection import Recollection
from remem.store import Record


def found(*said: tuple[str, str, float], relevance: float = 0.5) -> list[Recollection]:
    """Recollections of (speaker, words, score), best first; of the first, the relevance."""
    return [
        Recollection(
            Record(key=str(place), source="chat", position=place, text=text, speaker=speaker),
            score,
            relevance if place == 0 else relevance / 2,
            {"speaker": 0.05} if speaker == "Ana" else {},
        )
        for place, (speaker, text, score) in enumerate(said)
    ]


def quoted(question: str, recollections: list[Recollection]) -> list[str]:
    return [each.text for each in quotes(question, recollections)]


def test_what_answers_is_quoted_as_it_was_said_the_best_first() -> None:
    said = found(("Ana", "  The kiln broke. Twice!\n", 0.8), ("Ben", "Oh no, moon mugs", 0.7))
    assert quoted("What broke?", said) == ["The kiln broke. Twice!", "Oh no, moon mugs"]


def test_of_a_long_memory_the_sentences_are_quoted_that_hold_what_is_asked() -> None:
    filler = "We talked of this and that for a while and then of something else again. " * 8
    said = found(("Ana", f"{filler}The kiln is called Brunhilde. {filler}", 0.8))
    [text] = quoted("What is the kiln called?", said)
    assert "The kiln is called Brunhilde." in text
    assert len(text) < len(filler)


def test_nobody_said_what_nothing_is_relevant_to() -> None:
    assert quotes("Who won in 1998?", found(("Ana", "The kiln broke.", 0.8), relevance=0.1)) == []
    assert quotes("Who won in 1998?", []) == []


def test_what_one_said_is_no_answer_to_a_question_about_another() -> None:
    said = found(("Ben", "I planted beans.", 0.6), ("Ana", "How nice of you!", 0.6))
    assert quoted("What did Ben plant?", said)
    assert quoted("What did Ana plant?", said) == []


def test_who_says_it_in_the_words_of_the_question_did_whatever_others_say_of_it() -> None:
    said = found(("Ana", "I am allergic to figs.", 0.6), ("Ben", "Sam is allergic too.", 0.59))
    assert quoted("What is Ana allergic to?", said) == [
        "I am allergic to figs.",
        "Sam is allergic too.",
    ]


def test_whom_the_question_names_is_quoted_before_others() -> None:
    said = found(
        ("Ana", "I planted beans.", 0.8), ("Ben", "Beans, Ana?", 0.7), ("Ana", "And peas.", 0.65)
    )
    assert quoted("What did Ana plant?", said) == ["I planted beans.", "And peas.", "Beans, Ana?"]


def test_only_what_is_nearly_as_good_as_the_best_is_quoted_and_no_more_than_three() -> None:
    far = found(("Ana", "I planted beans.", 0.8), ("Ana", "Good night.", 0.3))
    assert len(quotes("What was planted?", far)) == 1
    many = found(*[("Ana", f"I planted {number} beans.", 0.8) for number in range(9)])
    assert len(quotes("What was planted?", many)) == MOST


def test_an_echo_of_the_question_is_not_quoted() -> None:
    asked, said = found(("Ana", "What broke?", 0.8), ("Ana", "The kiln broke.", 0.7))
    echo = Recollection(asked.record, 0.9, 0.9, asked.parts, echo="question")
    told = Recollection(said.record, 0.7, 0.5, said.parts)
    assert quoted("What broke?", [echo, told]) == ["The kiln broke."]


def test_what_has_not_the_form_of_an_answer_is_not_quoted() -> None:
    said = found(("Ana", "An old couple with two children.", 0.8), ("Ana", "I turned 34.", 0.3))
    assert quoted("How old is Ana?", said) == ["I turned 34."]
    assert quoted("Does Ana have children?", said) == []


def test_an_age_that_another_told_of_themselves_is_no_answer() -> None:
    said = found(("Ana", "The old theatre is open.", 0.8), ("Ben", "I turned 34.", 0.7))
    assert quoted("How old is Ana?", said) == []
    told = found(("Ana", "The old theatre is open.", 0.8), ("Ben", "Ana turned 34.", 0.7))
    assert quoted("How old is Ana?", told) == ["Ana turned 34."]


def test_an_earlier_home_is_quoted_for_a_question_about_it_and_the_present_one_for_others() -> None:
    said = found(
        ("Ana", "Lyon is where we live.", 0.8), ("Ana", "Before that I lived in Leeds.", 0.5)
    )
    assert quoted("Where did Ana live before?", said) == ["Before that I lived in Leeds."]
    assert quoted("Where does Ana live?", said) == ["Lyon is where we live."]


def test_the_name_of_the_thing_that_is_asked_for_is_quoted_before_those_of_others() -> None:
    said = found(
        ("Ben", "My sister is called Nora.", 0.8), ("Ana", "The cat is called Pepper.", 0.7)
    )
    assert quoted("What is the cat called?", said)[0] == "The cat is called Pepper."


def test_nobody_said_what_nothing_that_was_found_seems_to_answer() -> None:
    [first] = found(("Ana", "We are getting a dog in May.", 0.8), relevance=0.75)
    doubted = replace(first, doubt="unanswered")
    assert quoted("Is Ana married?", [first])
    assert quoted("Is Ana married?", [doubted]) == []
    assert quoted("What does the van cost?", [replace(doubted, relevance=0.6)]) == []


def test_what_is_very_near_is_quoted_though_it_has_no_word_of_the_question() -> None:
    [first] = found(("Ana", "On the first of April.", 0.8), relevance=0.75)
    doubted = replace(first, doubt="unanswered")
    assert quoted("When does the lease begin?", [doubted]) == ["On the first of April."]
