"""Real records, multiplied with noise: as many as one wants, each unlike the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np

from benchmarks.datasets.detect import detect_all
from benchmarks.scale.making import Views
from benchmarks.scale.material import Vectors
from memory.encoder import Encoder
from memory.recall.windows import TURN, line, window_texts
from store import InvalidInput, Record

__all__ = ["Multiplied", "Noise", "encode", "noisy_vector"]

_MOST = 20_000
"""Distinct texts that are encoded: more would take longer, and change little."""

_QUESTIONS = "questions"
_ASKED = 200
_BATCH = 1000

_NOISE = (0.3, 0.8)
"""Length of what is added to a vector of length 1: a copy's cosine to its original is .96 to .78,
as between turns about one matter."""

_REPLACED = 0.3
"""Share of a line's words that make room for words drawn from all turns."""

_REMEMBERED = 50_000
"""Noisy lines that are kept: those of a turn stand in the windows around it, too."""


def encode(folder: Path, data: Sequence[Path], views: Sequence[str], encoder: Encoder) -> None:
    """Encode the records and questions of data sets into a folder, each distinct text once.

    Raises:
        InvalidInput: a path is of no known format, or there is nothing to store or to ask.
    """
    windows: dict[str, str] = {}
    questions: dict[str, None] = {}
    for dataset in detect_all(data):
        for haystack in dataset.haystacks():
            questions |= dict.fromkeys(question.text for question in haystack.questions)
            if len(windows) < _MOST:
                windows |= _windows(haystack.records)
    if not questions or not windows:
        raise InvalidInput("the data has no records or no questions: name other data")
    folder.mkdir()
    turns = list(windows)[:_MOST]
    for view in views:
        texts = turns if view == TURN else [windows[turn] for turn in turns]
        _keep(folder, view, texts, encoder.encode_documents(texts))
    order = np.random.default_rng(7).permutation(len(questions))[:_ASKED]
    asked = [list(questions)[i] for i in order]
    _keep(folder, _QUESTIONS, asked, np.stack([encoder.encode_query(text) for text in asked]))


@dataclass(frozen=True, slots=True)
class Multiplied:
    """What ``encode`` wrote: first as it is, then again and again with noise."""

    folder: Path

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        """So many records in all."""
        kept = {view: _read(self.folder, view) for view in views}
        noise = Noise(_read(self.folder, TURN)[0])
        for first in range(0, records, _BATCH):
            rng = np.random.default_rng((8, first))
            numbers = range(first, min(first + _BATCH, records))
            yield {
                view: (_texts(noise, numbers, texts), _vectors(rng, numbers, vectors))
                for view, (texts, vectors) in kept.items()
            }

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:  # noqa: ARG002
        """Up to so many of the data's questions; always the same ones."""
        texts, vectors = _read(self.folder, _QUESTIONS)
        return list(zip(texts, vectors, strict=True))[:count]


class Noise:
    """Words exchanged for others, drawn as often as they occur in some texts.

    What becomes of a line depends on nothing but the line and the number of the copy: so a window
    still holds the very lines of its turns, as the windows of real records do.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = np.array(" ".join(texts).split(), object)
        self._line = lru_cache(_REMEMBERED)(self._noisy_line)

    def text(self, text: str, copy: int) -> str:
        """The copy of this number; copy 0 is the text itself."""
        return "\n".join(self._line(line, copy) for line in text.split("\n")) if copy else text

    def _noisy_line(self, line: str, copy: int) -> str:
        rng = np.random.default_rng((9, copy, crc32(line.encode())))
        noisy = np.array(line.split(), object)
        replaced = rng.random(len(noisy)) < _REPLACED
        noisy[replaced] = self._words[rng.integers(0, len(self._words), int(replaced.sum()))]
        return " ".join(noisy)


def noisy_vector(rng: np.random.Generator, vector: Vectors) -> Vectors:
    """A vector of length 1 not far from one of length 1."""
    direction = rng.standard_normal(len(vector), np.float32) / np.sqrt(len(vector))
    moved = vector + rng.uniform(*_NOISE) * direction
    noisy: Vectors = (moved / np.linalg.norm(moved)).astype(np.float32)
    return noisy


def _texts(noise: Noise, numbers: range, texts: Sequence[str]) -> list[str]:
    """Those of these numbers: the ones that there are, and beyond them noisy copies."""
    known = len(texts)
    return [noise.text(texts[i % known], i // known) for i in numbers]


def _vectors(rng: np.random.Generator, numbers: range, vectors: Vectors) -> Vectors:
    """The same of vectors."""
    known = len(vectors)
    return np.stack(
        [vectors[i] if i < known else noisy_vector(rng, vectors[i % known]) for i in numbers]
    )


def _windows(records: Sequence[Record]) -> dict[str, str]:
    """The line of each record -> its window; of lines that are said twice, the last."""
    sources: dict[str, list[Record]] = {}
    for record in records:
        sources.setdefault(record.source, []).append(record)
    return {
        line(record): windows[record.key]
        for said in sources.values()
        for windows in [window_texts(said)]
        for record in said
    }


def _keep(folder: Path, name: str, texts: Sequence[str], vectors: Vectors) -> None:
    (folder / f"{name}.json").write_text(json.dumps(texts), encoding="utf-8")
    np.save(folder / f"{name}.npy", vectors)


def _read(folder: Path, name: str) -> tuple[list[str], Vectors]:
    texts: list[str] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return texts, np.load(folder / f"{name}.npy")
