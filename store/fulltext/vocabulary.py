"""The words of a partition, numbered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import extended
from remem.store.fulltext.tokens import LONGEST_REMEMBERED, tokenize

_REMEMBERED_RUNS = 200_000
_REMEMBERED_LINES = 20_000

_LINES_AT_A_TIME = 128
"""Lines after which the interpreter is let go of, some .6 ms: a writer that comes back from SQLite
would have to wait for it for 5 ms each time. Letting go takes .1 ms, so that a small namespace,
which is opened in a few, does not."""

_UNKNOWN, _ODD = -1, -2
"""Stand for the number of a run that is not known, and of one that is not one token."""

_tokens_of_run = lru_cache(maxsize=1 << 16)(tokenize)
"""Remembered for all partitions: what a new one holds are mostly the words of others."""

_Numbered: TypeAlias = "tuple[NDArray[np.int32], NDArray[np.int64]]"
"""The numbers of the tokens of lines, one line after the other, and how many each line has."""

_Numbering: TypeAlias = "Callable[[Sequence[str]], _Numbered]"

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
        self._runs: dict[str, int] = {}  # the number of their token, or _ODD
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
        strings = len(self._numbers) + len(self._runs) + len(self._lines)
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
        lines = "\n".join(texts).split("\n") if texts else []
        counts = [text.count("\n") + 1 for text in texts]
        places = self._places(lines)
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

    def _places(self, lines: Sequence[str]) -> NDArray[np.int64]:
        """The places of the numbers of lines; those that are not known are numbered."""
        known = map(self._lines.get, lines, repeat(_UNKNOWN))
        places = np.fromiter(known, np.int64, len(lines))
        unknown = np.flatnonzero(places == _UNKNOWN).tolist()
        new = dict.fromkeys(map(lines.__getitem__, unknown))
        if len(self._lines) + len(new) > _REMEMBERED_LINES:
            self._forget_lines()
            unknown, new = range(len(lines)), dict.fromkeys(lines)
        self._number([line for line in new if line.isascii()], self._plain)
        self._number([line for line in new if not line.isascii()], self._other)
        places[unknown] = [self._lines[lines[i]] for i in unknown]
        return places

    def _number(self, lines: Sequence[str], numbers_of: _Numbering) -> None:
        """Remember the numbers of lines that are not known."""
        for start in range(0, len(lines), _LINES_AT_A_TIME):
            if start:
                time.sleep(0)
            some = lines[start : start + _LINES_AT_A_TIME]
            numbers, counts = numbers_of(some)
            places = range(len(self._lines), len(self._lines) + len(some))
            self._lines.update(zip(some, places, strict=True))
            self._ends = extended(self._ends, self._ends[-1] + np.cumsum(counts))
            self._numbered = extended(self._numbered, numbers)

    def _forget_lines(self) -> None:
        self._lines, self._numbered, self._ends = {}, self._numbered[:0], self._ends[:1]

    def _plain(self, lines: Sequence[str]) -> _Numbered:
        """The numbers of lines of ASCII: all at once, by calls that go over thousands of words."""
        if len(self._runs) > _REMEMBERED_RUNS:
            self._runs.clear()
        runs, counts = _runs(lines)
        known = map(self._runs.get, runs, repeat(_UNKNOWN))
        numbers = np.fromiter(known, np.int32, len(runs))
        unknown = np.flatnonzero(numbers == _UNKNOWN)
        if len(unknown):
            some = [runs[i] for i in unknown.tolist()]
            learned = {run: self._number_of_run(run) for run in dict.fromkeys(some)}
            numbers[unknown] = [learned[run] for run in some]
        return self._other(lines) if _ODD in numbers else (numbers, counts)

    def _other(self, lines: Sequence[str]) -> _Numbered:
        """The numbers of any lines."""
        numbers, counts = list[int](), list[int]()
        for line in lines:
            before = len(numbers)
            numbers += map(self._add, tokenize(line))
            counts.append(len(numbers) - before)
        return np.array(numbers, np.int32), np.array(counts, np.int64)

    def _number_of_run(self, run: str) -> int:
        tokens = _tokens(run)
        number = self._add(tokens[0]) if len(tokens) == 1 else _ODD
        if len(run) <= LONGEST_REMEMBERED:
            self._runs[run] = number
        return number

    def _add(self, token: str) -> int:
        return self._numbers.setdefault(token, len(self._numbers))


def _tokens(run: str) -> Sequence[str]:
    return _tokens_of_run(run) if len(run) <= LONGEST_REMEMBERED else tokenize(run)


def _runs(lines: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Parts of lines of ASCII across which no word reaches, and how many of them each line has.

    They are what is between anything but word characters and apostrophes, and nearly all of them
    are one word: half the time of finding the words themselves, which is left to be done once for
    every different part.
    """
    spaced = "\n".join(lines).encode().translate(_SPACED)
    inside = np.frombuffer(spaced, np.uint8) != ord(" ")
    begins = np.flatnonzero(inside & ~np.concatenate([[False], inside[:-1]]))
    ends = np.cumsum([len(line) + 1 for line in lines])
    counts = np.diff(np.searchsorted(begins, ends), prepend=0)
    return spaced.decode().split(), counts
