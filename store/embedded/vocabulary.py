"""The words of a partition, numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from store.tokens import split_words, word_tokens

__all__ = ["Vocabulary"]

_REMEMBERED_WORDS = 200_000
_REMEMBERED_LINES = 20_000


class Vocabulary:
    """Numbers for tokens, shared by the text indexes of all views of a partition.

    A window repeats the lines of its neighbours, so the numbers of recent lines are remembered:
    a bulk load tokenizes each line once instead of once for every window it is in.
    """

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._words: dict[str, int] = {}  # words of one token, which all but unspaced runs are
        self._lines: dict[str, NDArray[np.int32]] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def tokens(self) -> list[str]:
        """All tokens by number."""
        return list(self._numbers)

    @property
    def nbytes(self) -> int:
        """Size in bytes: about 100 for a short string in a dict."""
        return 100 * (len(self._numbers) + len(self._words)) + sum(map(len, self._lines))

    def number(self, token: str) -> int | None:
        """The number of a token, None if no text held it."""
        return self._numbers.get(token)

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The numbers of the tokens of all texts, one after the other; new tokens get new numbers.

        Returns:
            The numbers, and how many of them each text has, shape (len(texts),).
        """
        encoded = [[self._encode_line(line) for line in text.split("\n")] for text in texts]
        lengths = [sum(map(len, lines)) for lines in encoded]
        flat = [np.empty(0, np.int32), *(line for lines in encoded for line in lines)]
        return np.concatenate(flat), np.array(lengths, np.int32)

    def kept(self, used: NDArray[np.int32]) -> tuple[Vocabulary, NDArray[np.int32]]:
        """A vocabulary of the used numbers only, and the new number of each old one.

        Args:
            used: Distinct numbers, ascending.
        """
        tokens = self.tokens
        numbers = np.full(len(tokens), -1, np.int32)
        numbers[used] = np.arange(len(used), dtype=np.int32)
        return Vocabulary([tokens[number] for number in used.tolist()]), numbers

    def _encode_line(self, line: str) -> NDArray[np.int32]:
        known = self._lines.get(line)
        if known is None:
            if len(self._lines) >= _REMEMBERED_LINES:
                self._lines.clear()
            known = self._lines[line] = self._encode_words(split_words(line))
        return known

    def _encode_words(self, words: list[str]) -> NDArray[np.int32]:
        known = list(map(self._words.get, words))
        if None in known:
            known = [number for word in words for number in self._number_word(word)]
        return np.array(known, np.int32)

    def _number_word(self, word: str) -> tuple[int, ...]:
        remembered = self._words.get(word)
        if remembered is not None:
            return (remembered,)
        numbers = tuple(map(self._add, word_tokens(word)))
        if len(numbers) == 1:
            if len(self._words) >= _REMEMBERED_WORDS:
                self._words.clear()
            self._words[word] = numbers[0]
        return numbers

    def _add(self, token: str) -> int:
        return self._numbers.setdefault(token, len(self._numbers))
