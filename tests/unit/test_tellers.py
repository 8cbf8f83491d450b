"""Questions about somebody, in the words of that person."""

from __future__ import annotations

import pytest

from remem.recall.reading.tellers import as_told


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What did Ilka paint?", "What did I paint?"),
        ("What is Ilka's job?", "What is my job?"),
        ("What is Ilka’s job?", "What is my job?"),
        ("Did Ilka sell Ilka's boat?", "Did I sell my boat?"),
        ("What matters to Ilka?", "What matters to I?"),
        ("WHAT IS ILKA'S JOB?", "WHAT IS my JOB?"),
        ("where does ilka work", "where does I work"),
        ("which trip to the lake did ilka take", "which trip to the lake did I take"),
        ("what is ilka’s job", "what is my job"),
        ("what are ilka's hobbies", "what are my hobbies"),
    ],
)
def test_who_is_named_says_i_and_my(question: str, told: str) -> None:
    [(name, text)] = as_told(question).items()
    assert (name.casefold(), text) == ("ilka", told)


def test_each_of_several_names_may_be_the_one_who_tells() -> None:
    assert as_told("What did Ilka's brother give Bram?") == {
        "Ilka": "What did my brother give Bram?",
        "Bram": "What did Ilka's brother give I?",
    }


@pytest.mark.parametrize(
    ("question", "name", "told"),
    [
        ("What did Ilka Novak paint?", "Ilka Novak", "What did I paint?"),
        ("Where does Jean-Luc live?", "Jean-Luc", "Where does I live?"),
        ("What does Dr. Novak drink?", "Dr. Novak", "What does I drink?"),
        ("Where does O'Brien live?", "O'Brien", "Where does I live?"),
        ("What is James' job?", "James", "What is my job?"),
    ],
)
def test_a_name_may_have_several_parts(question: str, name: str, told: str) -> None:
    assert as_told(question) == {name: told}


@pytest.mark.parametrize("question", ["what is the wifi password", "how many users signed up"])
def test_what_is_typed_small_and_is_no_subject_is_no_name(question: str) -> None:
    assert as_told(question) == {}


def test_a_month_and_the_word_that_begins_a_question_are_no_names() -> None:
    assert as_told("Which boat was sold in May 2024?") == {}


def test_who_asks_about_themselves_tells_it_already() -> None:
    assert as_told("What did I give Bram?") == {}
    assert as_told("When did Bram visit my mother?") == {}


def test_few_of_many_names_are_tried() -> None:
    assert list(as_told("Did Ana, Bram, Cleo, Dirk and Ella sing?")) == ["Ana", "Bram", "Cleo"]


def test_what_tells_more_than_it_asks_is_asked_as_it_is() -> None:
    assert as_told("Bram met Ilka at the harbour.") == {}
    assert as_told(f"{'It rained again. ' * 20}What did Ilka paint?") == {}


@pytest.mark.parametrize("question", ["Was hat Ilka gemalt?", "小明画了什么？"])
def test_other_languages_are_asked_as_they_are(question: str) -> None:
    assert as_told(question) == {}
