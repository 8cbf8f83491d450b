"""Demands of a question: what cannot be its answer, however near it is."""

from __future__ import annotations

import pytest

from remem.recall.reading.demands import demand_of, is_past, thing_to_be_named, time_of_home


@pytest.mark.parametrize(
    ("question", "answers", "others"),
    [
        (
            "How old is Maya?",
            [
                "I turned 34 yesterday.",
                "She's 34 now",
                "My 40th birthday!",
                "a nine-year-old",
                "34 years",
            ],
            [
                "The old theatre is open again.",
                "An old couple with two children.",
                "I am 5 km away.",
            ],
        ),
        (
            "Does Maya have children?",
            ["My daughter starts school.", "We have two kids.", "Maya has a son."],
            [
                "An old couple with two children.",
                "I work in the children's section.",
                "My sister has three kids.",
                "My sister's kids.",
            ],
        ),
        (
            "Do I have a dentist appointment tomorrow?",
            ["I have a dentist appointment at four."],
            ["The dentist moved away."],
        ),
        ("ok does Maya have a dog", ["Maya has a dog."], ["The dog next door barks."]),
        ("Does Ravi have a dog that bites?", ["Ravi has a dog."], ["The dog next door bites."]),
        ("How old is the house?", ["It was built in 1950."], ["The house has an old roof."]),
        (
            "Do you have any pets?",
            ["We are getting a dog in May.", "My cat is ill."],
            ["The dog next door barks.", "I have a lesson at six."],
        ),
        (
            "How many turtles does Nate have?",
            ["I took my turtles out.", "I got another turtle"],
            ["Turtles live long."],
        ),
        (
            "What is Maya's old address?",
            ["I lived in Leeds.", "Neutorgasse 5, behind the park.", "It was 12 Park Row."],
            ["An old couple with a dog.", "The old theatre is open again."],
        ),
    ],
)
def test_only_what_has_the_form_of_an_answer_meets_a_demand(
    question: str, answers: list[str], others: list[str]
) -> None:
    demand = demand_of(question)
    assert demand is not None
    assert [text for text in answers if not demand(text)] == []
    assert [text for text in others if demand(text)] == []


@pytest.mark.parametrize(
    "question",
    [
        "What is Maya's email address?",
        "Does Maya have to work on Sunday?",
        "When does Ravi land?",
        "How long is the lease?",
        "Where did Maria get the idea for the shadow box in her home?",
    ],
)
def test_other_questions_make_none(question: str) -> None:
    assert demand_of(question) is None


@pytest.mark.parametrize(
    ("question", "time"),
    [
        ("where did I live before?", "then"),
        ("what was my old address?", "then"),
        ("where does Maya live?", "now"),
        ("what is her address?", "now"),
        ("where did Maya live in 2019?", ""),
        ("what is the dog called?", ""),
    ],
)
def test_a_question_for_a_home_asks_for_the_present_one_or_the_one_before(
    question: str, time: str
) -> None:
    assert time_of_home(question) == time


def test_what_was_so_is_told_from_what_is() -> None:
    assert is_past("Before that I lived in Leeds.")
    assert not is_past("I live in Lyon, on Rue Mercière.")


def test_the_thing_that_is_to_be_named_is_known_by_the_question() -> None:
    assert thing_to_be_named("What is the cat called?") == {"cat"}
    assert thing_to_be_named("what is the name of Ben's cat?") == {"cat"}
    assert thing_to_be_named("When does the cat sleep?") == set()
