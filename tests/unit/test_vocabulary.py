"""A vocabulary numbers the very tokens of the tokenizer, whatever a text is made of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.store.fulltext import vocabulary
from remem.store.fulltext.tokens import tokenize
from remem.store.fulltext.vocabulary import Vocabulary

PIECES = [
    *("tea", "Teas", "don't", "''", "'", "a''b", "_", "__init__", "1,000.5", "x" * 100),
    *(" ", "  ", "\n", "\r\n", "\t", "\x0b", "\x1c", "\x85", "\u2028", ".", "!?", "\0"),
    *("café", "l’eau", "你好世界", "こんにちは", "한국어", "\N{GRINNING FACE}", "ﬁne"),
]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=20)


def encoded(words: Vocabulary, some: Sequence[str]) -> list[list[str]]:
    """The tokens of each text, as numbered and looked up again."""
    numbers, lengths = words.encode(some)
    tokens = words.tokens
    found = iter(numbers.tolist())
    return [[tokens[next(found)] for _ in range(length)] for length in lengths.tolist()]


@given(batches=st.lists(st.lists(texts, max_size=8), max_size=4))
def test_numbers_stand_for_the_tokens_of_each_text(batches: list[list[str]]) -> None:
    words = Vocabulary()
    for batch in batches:
        assert encoded(words, batch) == [tokenize(text) for text in batch]


def test_what_is_remembered_and_forgotten_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_REMEMBERED_RUNS", 3)
    monkeypatch.setattr(vocabulary, "_REMEMBERED_LINES", 4)
    monkeypatch.setattr(vocabulary, "_LINES_AT_A_TIME", 2)
    words = Vocabulary()
    for start in range(6):
        batch = [f"a''b word{i}\nnumber {i % 3}\nand don''t" for i in range(start, start + 5)]
        assert encoded(words, batch) == [tokenize(text) for text in batch]


def test_a_token_keeps_its_number() -> None:
    words = Vocabulary()
    words.encode(["tea and jam"])
    before = words.number("jam")
    words.encode(["salt, rye, jam"])
    assert before == words.number("jam") == words.tokens.index("jam")


def test_a_word_of_a_megabyte_is_not_remembered_for_other_partitions() -> None:
    vocabulary._tokens_of_run.cache_clear()
    Vocabulary().encode(["y" * 1_000_000, "tea"])
    assert vocabulary._tokens_of_run.cache_info().currsize == 1
