"""Material is made: records from a source, and the exact answers to its questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import Corpus
from benchmarks.scale.conditions import SHARES
from benchmarks.scale.material import Material, Shape, Vectors
from memory.recall.windows import VIEWS

__all__ = ["K", "MadeUp", "Source", "Views", "exact_answers", "make"]

K = 10
_MORE = 30
_QUESTIONS = 103  # three warm up
_BLOCK = 1 << 16

Views = Mapping[str, tuple[Sequence[str], Vectors]]
"""By view, the texts and vectors of some records."""


class Source(Protocol):
    """Where records come from: as many as one wants."""

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        """So many records in all."""

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:
        """Up to so many questions about that many records, as text and vector."""


class MadeUp:
    """The made-up conversation of ``benchmarks.corpus``."""

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        """So many records in all."""
        for entries in Corpus(records).batches():
            yield {
                view: (
                    [entry.views[view].text for entry in entries],
                    np.stack([entry.views[view].vector for entry in entries]),
                )
                for view in views
            }

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:
        """Texts of eight words, and vectors near those of some record."""
        return Corpus(records).questions(count)


def make(folder: Path, source: Source, records: int, views: int) -> Material:
    """Write records, questions and exact answers into a folder."""
    material = Material(folder)
    questions = source.questions(records, _QUESTIONS)
    material.write_shape(Shape(records, _MORE, len(questions[0][1]), VIEWS[:views]))
    _write_rows(material, source)
    _write_questions(material, questions)
    return material


def exact_answers(
    material: Material, questions: Vectors, values: Mapping[str, NDArray[np.int64]]
) -> dict[str, NDArray[np.int64]]:
    """The ``K`` nearest records of each question, by brute force over the first view.

    Args:
        questions: float32 of shape (count, dim).
        values: By field, the value that each question asks for.

    Returns:
        By field, and "" for all records: int64 of shape (count, K), best first, -1 where there are
        no more.
    """
    best = {name: _Best(len(questions)) for name in ("", *SHARES)}
    shape = material.shape
    for first in range(0, shape.records, _BLOCK):
        numbers = range(first, min(first + _BLOCK, shape.records))
        scores = questions @ material.vectors(shape.views[0], numbers).T
        best[""].offer(scores, first)
        ranks = material.ranks[numbers.start : numbers.stop]
        for name, one_of in SHARES.items():
            kept = (ranks % one_of)[None, :] == values[name][:, None]
            best[name].offer(np.where(kept, scores, -np.inf), first)
    return {name: one.numbers for name, one in best.items()}


class _Best:
    """The best of each question so far."""

    def __init__(self, questions: int) -> None:
        self.numbers = np.full((questions, K), -1, np.int64)
        self._scores = np.full((questions, K), -np.inf, np.float32)

    def offer(self, scores: Vectors, first: int) -> None:
        """Scores of shape (questions, records) of the records from ``first`` on."""
        place = np.argpartition(-scores, min(K, scores.shape[1] - 1), axis=1)[:, :K]
        all_scores = np.hstack([self._scores, np.take_along_axis(scores, place, 1)])
        all_numbers = np.hstack([self.numbers, first + place])
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, :K]
        self._scores = np.take_along_axis(all_scores, order, 1)
        numbers = np.take_along_axis(all_numbers, order, 1)
        self.numbers = np.where(np.isneginf(self._scores), -1, numbers)


def _write_rows(material: Material, source: Source) -> None:
    shape = material.shape
    with ExitStack() as stack:
        files = {
            view: (
                stack.enter_context(material.text_file(view).open("w", encoding="utf-8")),
                stack.enter_context(material.vector_file(view).open("wb")),
            )
            for view in shape.views
        }
        for batch in source.batches(shape.records + shape.more, shape.views):
            for view, (texts, vectors) in batch.items():
                lines, arrays = files[view]
                lines.writelines(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
                arrays.write(np.ascontiguousarray(vectors, np.float32).tobytes())


def _write_questions(material: Material, questions: Sequence[tuple[str, Vectors]]) -> None:
    texts = [text for text, _ in questions]
    vectors = np.stack([vector for _, vector in questions])
    # Of some record, so that every question has an answer however few the records are.
    about = np.random.default_rng(6).integers(0, material.shape.records, len(texts))
    values = {name: material.ranks[about] % one_of for name, one_of in SHARES.items()}
    exact = exact_answers(material, vectors, values)
    (material.folder / "questions.json").write_text(
        json.dumps(texts, ensure_ascii=False), encoding="utf-8"
    )
    arrays: dict[str, Any] = {
        "vectors": vectors,
        **{f"value {name}": value for name, value in values.items()},
        **{f"exact {name}": numbers for name, numbers in exact.items()},
    }
    np.savez(material.folder / "questions.npz", **arrays)
