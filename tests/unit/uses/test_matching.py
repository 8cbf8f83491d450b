"""Sentences beside those that were translated before."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.uses.matching import (
    at_most,
    contains,
    differences,
    percent,
    pieces,
    repaired,
    shown_difference,
    words_of,
)

SENTENCES = st.lists(
    st.sampled_from("Enter a valid number %(name)s {x} <b> 12 . ? file files".split()), max_size=12
).map(" ".join)


@pytest.mark.parametrize(
    "placeholder", ["%(name)s", "%s", "%(n)d", "%.2f", "{}", "{count}", "<b>", "</a>", "&amp;"]
)
def test_what_a_program_fills_in_is_one_piece(placeholder: str) -> None:
    assert pieces(f"Delete {placeholder} now?") == ["Delete", placeholder, "now", "?"]
    assert words_of(f"Delete {placeholder} now?").split() == ["Delete", "now?"]


def test_a_per_cent_sign_in_a_sentence_is_no_placeholder() -> None:
    assert "%" in pieces("50 % of them")
    assert "%" in pieces("100% sure")


@given(SENTENCES, SENTENCES)
def test_only_equal_sentences_are_100_per_cent_alike(one: str, other: str) -> None:
    assert (percent(one, other) == 100) == (one == other)
    assert 0 <= percent(one, other) <= 100
    assert percent(one, other) == percent(other, one) <= at_most(one, other)


def test_what_differs_in_little_is_more_alike() -> None:
    sentence = "The file was not saved."
    ranked = ["The files were not saved.", "The file was not opened.", "Enter a number."]
    shares = [percent(each, sentence) for each in ranked]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 80
    assert shares[-1] < 40


@pytest.mark.parametrize("compare", [percent, differences, shown_difference])
def test_of_very_long_texts_not_every_piece_is_compared_with_every_other(
    compare: Callable[[str, str], object],
) -> None:
    tracemalloc.start()
    try:
        compare("word " * 3000, "another word " * 1500)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_of_a_long_text_all_counts() -> None:
    common = "This was said before, word for word. " * 60
    assert percent(common + "Yes.", common + "No.") > 95
    assert percent(common + "Yes. " * 600, common + "No way. " * 600) < 60
    told = shown_difference(f"{common}Yes. {common}", f"{common}No. {common}")
    assert told == f"{common}[-Yes-] {{+No+}}. {common}".strip()


def test_a_difference_is_shown_in_its_place() -> None:
    told = shown_difference("Enter a valid URL.", "Enter a valid number now.")
    assert told == "Enter a valid [-URL-] {+number now+}."
    assert [(one.old, one.new) for one in differences("A b.", "A c!")] == [(("b", "."), ("c", "!"))]


@pytest.mark.parametrize(
    ("old", "translation", "new", "carried"),
    [
        ("At most 3 files.", "Höchstens 3 Dateien.", "At most 5 files.", "Höchstens 5 Dateien."),
        ("Hello %(name)s", "Hallo %(name)s", "Hello %(user)s", "Hallo %(user)s"),
        ("Enter a URL.", "URL eingeben.", "Enter a UUID.", "UUID eingeben."),
        ("'%s' is new.", "'%s' ist neu.", "“%s” is new.", "“%s” ist neu."),
        ("Are you sure?", "Sind Sie sicher?", "Are you sure!", "Sind Sie sicher!"),
        ("Saved", "Gespeichert", "Saved.", "Gespeichert."),
        ("Log in", "Anmelden", "Log in…", "Anmelden…"),
    ],
)
def test_what_stands_in_both_languages_alike_is_carried_over(
    old: str, translation: str, new: str, carried: str
) -> None:
    found = repaired(old, translation, new, {})
    assert (found.text, found.left) == (carried, ())


def test_a_word_is_carried_over_where_its_translation_is_known() -> None:
    known = {"file": "Datei", "folder": "Ordner"}
    found = repaired("The file is full.", "Datei voll.", "The folder is full.", known)
    assert found.text == "Ordner voll."


def test_a_word_that_nobody_knows_is_left_and_told() -> None:
    found = repaired("The file is full.", "Datei voll.", "The disk is full.", {})
    assert found.text == "Datei voll."
    assert [(one.old, one.new) for one in found.left] == [(("file",), ("disk",))]


def test_a_sign_that_stands_elsewhere_too_is_not_exchanged() -> None:
    found = repaired("[a] [b] x", "[a] [b] y", "[a] (b) x", {})
    assert found.text == "[a] [b] y"
    assert found.left


@given(SENTENCES, SENTENCES, SENTENCES)
def test_repairing_never_fails(old: str, translation: str, new: str) -> None:
    assert isinstance(repaired(old, translation, new, {"file": "archivo"}).text, str)


def test_a_phrase_is_found_whole_only() -> None:
    assert contains("Log in, please", "log in")
    assert not contains("Logins", "log in")
    assert not contains("filename", "name")
    assert contains("¿Seguro?", "¿seguro?")
