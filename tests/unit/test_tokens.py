"""The tokenizer that every full-text index shares."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.store.fulltext.tokens import (
    STOP_WORDS,
    content_words,
    split_words,
    tokenize,
    word_tokens,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hiking hikers HIKED", ["hike", "hiker", "hike"]),
        ("the cat and the hat", ["the", "cat", "and", "the", "hat"]),
        ("Ana's birthday", ["ana", "birthday"]),
        ("Ana’s birthday", ["ana", "birthday"]),
        ("ＡＢＣ ﬁne", ["abc", "fine"]),
        ("4711 v2.0", ["4711", "v2", "0"]),
        ("well-known facts", ["well", "know", "fact"]),
        ("We bought mice", ["we", "buy", "mous"]),
        ("She left the roses", ["she", "leav", "the", "rose"]),
        ("北京烤鸭", ["北京", "京烤", "烤鸭"]),
        ("猫", ["猫"]),
        ("がぎ", ["がぎ"]),
        ("東京タワー", ["东京", "京タ", "タワ", "ワー"]),
        ("서울에서 만났어요", ["서울", "울에", "에서", "만났", "났어", "어요"]),
        ("用Python写", ["用", "python", "写"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("", []),
        (" …!?\n\x00 ", []),
    ],
)
def test_texts_have_these_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("café", "CAFE"),
        ("cafe\u0301", "café"),
        ("Straße", "strasse"),
        ("всё", "все"),
        ("за\u0301мок", "замок"),
        ("ΓΙΩΡΓΟΣ", "Γιώργος"),
        ("İstanbul Isparta", "istanbul ısparta"),
        ("Łódź Ærø", "lodz aero"),
        ("المِفْتَاحُ تَحْتَ الإِنَاءِ", "المفتاح تحت الاناء"),
        ("הַמַּפְתֵּחַ", "המפתח"),
        ("ｃａｆé", "cafe"),
        ("land\u00adlord", "landlord"),
        ("鑰匙在花盆下面", "钥匙在花盆下面"),
        ("l’été d'Anaïs", "été Anaïs"),
        ("dell’università", "universita"),
    ],
)
def test_spellings_of_a_word_are_one_token(written: str, other: str) -> None:
    assert tokenize(written) == tokenize(other)


@pytest.mark.parametrize(
    ("one", "another"), [("мой", "мои"), ("їх", "іх"), ("が", "か"), ("ў", "у"), ("all's", "s")]
)
def test_letters_that_only_look_alike_stay_apart(one: str, another: str) -> None:
    assert tokenize(one) != tokenize(another)


def test_vowel_signs_belong_to_their_word() -> None:
    assert tokenize("हिन्दी में") == ["हिन्दी", "में"]


def test_a_word_is_shown_as_it_was_written() -> None:
    assert content_words("Wo ist das Café?")["cafe"] == "Café"


def test_one_character_finds_nothing_inside_longer_runs() -> None:
    assert "京" not in tokenize("北京")


@given(st.text(), st.text())
def test_lines_are_tokenized_one_by_one(first: str, second: str) -> None:
    assert tokenize(f"{first}\n{second}") == tokenize(first) + tokenize(second)


@given(st.text())
def test_tokens_are_never_empty_and_hold_no_space(text: str) -> None:
    assert all(token and not any(c.isspace() for c in token) for token in tokenize(text))


@given(st.text())
def test_words_of_a_question_are_tokens_of_it(text: str) -> None:
    assert set(content_words(text)) <= set(tokenize(text.replace("\n", " ")))


@pytest.mark.parametrize("asked", ["What's", "Who's", "who’s", "whos", "Where's", "wheres", "hows"])
def test_what_asks_is_no_content_however_it_is_shortened(asked: str) -> None:
    assert content_words(f"{asked} Ana") == {"ana": "Ana"}


def test_a_question_keeps_the_words_that_carry_evidence() -> None:
    assert content_words("When did Ana go hiking?") == {"ana": "Ana", "go": "go", "hike": "hiking"}


def test_a_question_of_stop_words_keeps_them() -> None:
    assert set(content_words("Who are you?")) == {"who", "are", "you"}


def test_stop_words_are_lower_case_words() -> None:
    assert all(word == word.lower() and word.strip() == word for word in STOP_WORDS)


def test_threads_see_the_same_tokens() -> None:
    text = [f"hiking number{i} running 北京{i}" for i in range(300)]
    expected = [tokenize(line.replace("number", "other")) for line in text]
    results: list[list[list[str]]] = []

    def work() -> None:
        results.append([tokenize(line.replace("number", "other")) for line in text])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


ASCII = st.lists(st.sampled_from(["Buy", "bought", "the", "don't", "x" * 64, "y" * 65, "\n", ". "]))


@given(st.text() | ASCII.map(" ".join))
def test_a_text_has_the_tokens_of_its_words(text: str) -> None:
    words = split_words(text)
    assert tokenize(text) == [token for word in words for token in word_tokens(word)]
    every = {token: word for word in words for token in word_tokens(word)}
    assert content_words(text).items() <= every.items()
