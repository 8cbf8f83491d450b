"""Whom a question names."""

import pytest

from remem.recall.reading.persons import asks_about_own, chinese_names, named_in
from remem.recall.reading.question import read_query
from remem.store import Record


def said(text: str, speaker: str | None = None) -> Record:
    return Record(key=text, source="s", position=0, text=text, speaker=speaker)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is Patrick allergic to?", {"patrick"}),
        ("Wo verbringt Lennart den Winter?", {"lennart"}),
        ("Was hat Lennart im Bus für den neuen Nachbarn gekauft?", {"lennart"}),
        ("Mit wem war Jule auf dem großen Fest?", {"jule"}),
        ("¿Qué vendió Blanca en la feria?", {"blanca"}),
        ("O que foi que Rui perdeu?", {"rui"}),
        ("Que mange Margot ?", {"margot"}),
        ("冯雪收集什么？", {"冯雪"}),
        ("老马和冯雪去了哪里？", {"老马", "冯雪"}),
        ("董姐的车是什么颜色？", {"董姐"}),
    ],
)
def test_a_question_names_somebody_in_any_language(question: str, names: set[str]) -> None:
    assert named_in(read_query(question, None), []) == names


@pytest.mark.parametrize(
    "question",
    [
        "Wo ist mein Schlüssel für die Garage?",
        "¿Dónde aparqué en Lisboa?",
        "周末我去了哪里？",
        "高中在哪里上的？",
        "房租是多少？",
        "马上要做什么？",
    ],
)
def test_things_and_times_are_nobody(question: str) -> None:
    assert not named_in(read_query(question, None), [])


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("what does margot collect", {"margot"}),
        ("who did margot meet in lisbon", {"margot"}),
        ("What does margot collect?", {"margot"}),
        ("WHAT DOES MARGOT COLLECT", {"margot"}),
        ("what did may bring", set()),
    ],
)
def test_a_question_in_small_letters_names_whom_others_write_with_a_capital(
    question: str, names: set[str]
) -> None:
    told = [said(text) for text in ("So Margot came, with Lisbon in mind", "It may rain, May says")]
    assert named_in(read_query(question, None), told) == names


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("what does mei collect", {"mei"}),
        ("qué colecciona mei", {"mei"}),
        ("when does the dentist open", set()),
        ("did my dentist call", set()),
        ("what does work pay", set()),
        ("que legume eu detesto", set()),
    ],
)
def test_whom_others_begin_with_is_named_where_no_other_noun_can_stand(
    question: str, names: set[str]
) -> None:
    texts = (
        *("Mei taught me a trick.", "Mei is ill.", "Dentist moved it. Again.", "Dentist again."),
        *("Work is mad.", "Work, work.", "After work, gym.", "Detesto beterraba."),
    )
    assert named_in(read_query(question, None), [said(each) for each in texts]) == names


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("wer hat die gitarre gekauft?", set()),
        ("wann beginnt yoga", set()),
        ("was sammelt margot", {"margot"}),
    ],
)
def test_a_german_noun_in_small_letters_is_nobody(question: str, names: set[str]) -> None:
    texts = (
        "Gestern hat Ute die Gitarre gekauft.",
        "Heute war Yoga.",
        "Margot lacht. Margot malt.",
    )
    assert named_in(read_query(question, None), [said(each) for each in texts]) == names


def test_a_speaker_is_named_by_any_script() -> None:
    assert named_in(read_query("小梅喜欢什么？", None), [said("你好", "小梅")]) == {"小梅"}


def test_a_chinese_name_is_as_long_as_somebody_said_it() -> None:
    assert chinese_names("冯雪莹收集什么？", ["冯雪莹感冒了。"]) == ["冯雪莹"]
    assert chinese_names("冯雪收集什么？", ["冯雪感冒了。"]) == ["冯雪"]


def test_traditional_characters_name_the_same() -> None:
    assert chinese_names("馮雪收集什麼？", []) == ["冯雪"]


@pytest.mark.parametrize(
    ("question", "is_own"),
    [
        ("¿Qué compré ayer?", True),
        ("¿Qué compró Blanca?", False),
        ("¿Qué café toma José?", False),
        ("¿Qué número calzo?", True),
        ("Que dieta eu tô fazendo?", True),
        ("Que livro leio agora?", True),
        ("Onde comi ontem?", True),
        ("Quem foi ao mercado?", False),
        ("Où ai-je mis ma clé ?", True),
        ("Que mange Margot ?", False),
        ("Where did I park?", True),
        ("Wo wohnt Lennart?", False),
        ("Quand part Monique ?", False),
        ("我现在住在哪里？", True),
        ("老马住在哪里？", False),
    ],
)
def test_endings_of_the_first_person_are_those_of_other_words_too(
    question: str, *, is_own: bool
) -> None:
    assert asks_about_own(question) is is_own
