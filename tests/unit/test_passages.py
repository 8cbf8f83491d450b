"""A long text is read in passages of whole sentences, and no word of it is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.recall.reading.sentences import length, passages

SENTENCES = [f"On day {n} it rained and nobody went out into the garden." for n in range(60)]


def test_a_text_that_an_encoder_reads_whole_is_one_passage() -> None:
    assert passages("  Two words \n") == ["  Two words \n"]
    assert passages("word " * 120) == ["word " * 120]


def test_the_passages_of_a_long_text_are_its_sentences_in_order() -> None:
    text = " ".join(SENTENCES)
    found = passages(text)
    assert " ".join(found) == text
    assert all(passage.endswith("garden.") for passage in found)
    assert all(length(passage) <= 100 for passage in found)
    assert all(length(passage) > 80 for passage in found[:-1])


def test_text_without_spaces_has_passages_too() -> None:
    text = "今天下雨了，没有人出去。" * 60
    found = passages(text)
    assert "".join(found) == text
    assert all(passage.endswith("。") and len(passage) <= 240 for passage in found)


@pytest.mark.parametrize("unit", ["word ", "x", "字", "word\n", "a, "])
def test_a_text_without_sentences_is_cut(unit: str) -> None:
    text = unit * 4000
    found = passages(text)
    assert len(found) > 1
    assert "".join("".join(found).split()) == "".join(text.split())[: len("".join(found))]
    assert all(length(passage) <= 110 for passage in found)


@pytest.mark.parametrize("unit", ["|---|\n", "...\n", "- \n", "x = y[0]\n"])
def test_signs_without_words_fill_a_passage_too(unit: str) -> None:
    assert all(len(passage) <= 600 for passage in passages(unit * 2000))


def test_of_a_book_the_beginning_is_cut() -> None:
    found = passages(" ".join(SENTENCES * 1000))
    assert len(found) == 64
    assert found[0].startswith(SENTENCES[0])


@given(st.text(alphabet=st.sampled_from("aé字。.!? \n,'"), max_size=3000))
def test_no_word_is_left_out_or_said_twice(text: str) -> None:
    assert "".join("".join(passages(text)).split()) == "".join(text.split())
