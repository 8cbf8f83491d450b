"""The words of a partition, numbered."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import extended
from store.tokens import split_words, word_tokens

__all__ = ["Vocabulary"]

_REMEMBERED_WORDS = 200_000
_REMEMBERED_LINES = 20_000

_LINES_AT_A_TIME = 256
"""Lines after which the interpreter is let go of, some 1.5 ms: a writer that comes back from SQLite
would have to wait for it for 5 ms each time. Letting go takes .1 ms, so that a small namespace,
which is opened in a few, does not."""

_SPACED = bytes(i if chr(i).isalnum() or chr(i) in "_'" else ord(" ") for i in range(128)) * 2
"""Each byte of ASCII: itself if words may hold it, otherwise a space."""


class Vocabulary:
    """Numbers for tokens, shared by the text indexes of all views of a partition.

    A window repeats the lines of its neighbours, so the numbers of recent lines are remembered:
    a bulk load tokenizes each line once instead of once for every window it is in. They lie in one
    array, from which NumPy copies texts of many lines at once: joining an array a line took twice
    as long as all the rest.
    """

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._words: dict[str, int] = {}  # runs of one token, which nearly all are
        self._lines: dict[str, int] = {}  # their places
        self._numbered = np.empty(0, np.int32)  # the numbers of one line after the other
        self._ends = np.zeros(1, np.int64)  # where line i ends: at i + 1

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def tokens(self) -> list[str]:
        """All tokens by number."""
        return list(self._numbers)

    @property
    def nbytes(self) -> int:
        """Size in bytes: about 100 for a short string in a dict."""
        strings = len(self._numbers) + len(self._words) + len(self._lines)
        # A line and its numbers are of similar size.
        return 100 * strings + 2 * self._numbered.nbytes + self._ends.nbytes

    def number(self, token: str) -> int | None:
        """The number of a token, None if no text held it."""
        return self._numbers.get(token)

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The numbers of the tokens of all texts, one after the other; new tokens get new numbers.

        Returns:
            The numbers, and how many of them each text has, shape (len(texts),).
        """
        # No list a text or a line, here and below: what outlives a moment in ten thousand lists is
        # looked through by the garbage collector again and again.
        lines, counts = list[str](), list[int]()
        for text in texts:
            before = len(lines)
            lines += text.split("\n")
            counts.append(len(lines) - before)
        self._remember(lines)
        places = np.fromiter(map(self._lines.__getitem__, lines), np.int64, len(lines))
        starts, sizes = self._ends[places], self._ends[places + 1] - self._ends[places]
        ends = np.cumsum(sizes)
        source = np.repeat(starts - (ends - sizes), sizes) + np.arange(sizes.sum())
        last = np.cumsum(np.array(counts, np.int64))
        lengths = np.diff(np.concatenate([[0], ends])[last], prepend=0)
        return self._numbered[source], lengths.astype(np.int32)

    def kept(self, used: NDArray[np.int32]) -> tuple[Vocabulary, NDArray[np.int32]]:
        """A vocabulary of the used numbers only, and the new number of each old one.

        Args:
            used: Distinct numbers, ascending.
        """
        tokens = self.tokens
        numbers = np.full(len(tokens), -1, np.int32)
        numbers[used] = np.arange(len(used), dtype=np.int32)
        return Vocabulary([tokens[number] for number in used.tolist()]), numbers

    def _remember(self, lines: Sequence[str]) -> None:
        """Number the words of all lines whose numbers are not known."""
        new = [line for line in dict.fromkeys(lines) if line not in self._lines]
        if len(self._lines) + len(new) > _REMEMBERED_LINES:
            self._forget_lines()
            new = list(dict.fromkeys(lines))
        if not new:
            return
        numbers, ends = list[int](), list[int]()
        for line in new:
            self._encode_line(line, numbers)
            ends.append(len(numbers))
            if not len(ends) % _LINES_AT_A_TIME:
                time.sleep(0)
        self._lines.update(
            zip(new, range(len(self._lines), len(self._lines) + len(new)), strict=True)
        )
        self._ends = extended(self._ends, self._ends[-1] + np.array(ends, np.int64))
        self._numbered = extended(self._numbered, np.array(numbers, np.int32))

    def _forget_lines(self) -> None:
        self._lines, self._numbered, self._ends = {}, self._numbered[:0], self._ends[:1]

    def _encode_line(self, line: str, numbers: list[int]) -> None:
        runs = _runs(line)
        known = list(map(self._words.get, runs))
        if None in known:
            for run in runs:
                numbers += self._encode_run(run)
        else:
            numbers += known  # type: ignore[arg-type]  # no None is in it

    def _encode_run(self, run: str) -> Sequence[int]:
        remembered = self._words.get(run)
        if remembered is not None:
            return (remembered,)
        numbers = [self._add(token) for word in split_words(run) for token in word_tokens(word)]
        if len(numbers) == 1:
            if len(self._words) >= _REMEMBERED_WORDS:
                self._words.clear()
            self._words[run] = numbers[0]
        return numbers

    def _add(self, token: str) -> int:
        return self._numbers.setdefault(token, len(self._numbers))


def _runs(line: str) -> list[str]:
    """Parts of a line across which no word reaches; nearly all of them are one.

    In ASCII, what is between anything but word characters and apostrophes: half the time of
    finding the words themselves, which is left to be done once for every different part.
    """
    if line.isascii():
        return line.encode().translate(_SPACED).decode().split()
    return split_words(line)
