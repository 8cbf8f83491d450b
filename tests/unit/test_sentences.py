"""How much of a text asks, and how much it has room to say."""

import pytest

from remem.recall.reading.sentences import (
    asks,
    asks_at_last,
    is_prose,
    room,
    statement_share,
    statements,
)


@pytest.mark.parametrize(
    "text",
    [
        "Where is it?",
        'She said "really?"',
        "Where?\n",
        "她在哪里？",
        "Look!\nIs that you?\n[a photo]",
    ],
)
def test_a_text_asks_when_it_ends_with_a_question(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", ["", "Is it? Yes.", "It is here.", "[Who is this?]"])
def test_a_text_that_ends_otherwise_does_not_ask(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "When was the lecture? Return it as a date.",
        "Hello!\nWhere is it? I forgot.\n",
        "讲座是哪天？请写日期。",
        "Where is it?",
    ],
)
def test_a_question_may_be_followed_by_how_to_answer_it(text: str) -> None:
    assert asks_at_last(text)


@pytest.mark.parametrize(
    "text",
    [
        "What does this do?\n\nx = f(y)",
        "a ? b : c",
        "GET /find?q=1 200",
        "Is it?\nYes.",
        "(defn mean [xs]\n  (if (empty? xs) 0 (/ (sum xs) (count xs))))",
    ],
)
def test_what_is_pasted_below_a_question_asks_nothing(text: str) -> None:
    assert not asks_at_last(text)


@pytest.mark.parametrize(
    "text", ["Remind me where I parked.", "Summarise yesterday", "告诉我我的地址。"]
)
def test_what_people_write_is_prose(text: str) -> None:
    assert is_prose(text)


@pytest.mark.parametrize(
    "text",
    [
        "for i in range(10):\n    print(i)",
        "12:00:01 ERROR disk /dev/sda1 is full",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_code_logs_and_tables_are_not(text: str) -> None:
    assert not is_prose(text)


def test_a_text_without_a_question_states_everything() -> None:
    assert statement_share("The kiln broke. Nora is sad!") == 1


def test_a_text_that_is_one_question_states_nothing() -> None:
    assert statement_share("Is the kiln broken?") == 0


def test_a_question_answered_at_once_counts_by_its_length_only() -> None:
    assert statement_share("Broken? Broken.") == pytest.approx((8 / 15 + 1) / 2)


def test_who_asks_last_states_less_than_who_asks_first() -> None:
    assert statement_share("It broke. Again?") < statement_share("Again? It broke.")


def test_a_caption_in_brackets_is_neither_a_statement_nor_a_question() -> None:
    assert statement_share("It broke.\n[Is that a kiln?]") == 1


def test_room_grows_with_the_words_up_to_thirty() -> None:
    one, five, more, enough, many = (room(" ".join(["word"] * n)) for n in (1, 5, 29, 30, 300))
    assert 0 < one < five < more < enough
    assert enough == many == 1


def test_chinese_has_room_without_spaces() -> None:
    assert room("我们昨天去了海边") > room("我们")


def test_of_ten_megabytes_the_end_is_read() -> None:
    text = "Is it? " * 1_500_000 + "It is. " * 10_000
    assert statement_share(text) == 1
    assert asks(text + "Is it?")


def test_a_statement_is_not_cut_at_a_title_or_in_a_number() -> None:
    said = "I see Mr. Okafor on Tuesday. I weigh 71.5 kilos now! Really?"
    assert statements(said) == ["I see Mr. Okafor on Tuesday.", "I weigh 71.5 kilos now!"]
