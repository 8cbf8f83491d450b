"""Answers without a model: what was said is quoted, or nobody said it."""

from __future__ import annotations

from remem.recall.quotes import MOST, quotes
from remem.recall.ranking import Recollection
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
