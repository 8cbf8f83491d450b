"""Material is made: records from a source, and the exact answers to its questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.corpus import Corpus
from remem.benchmarks.datasets.detect import detect_all
from remem.benchmarks.scale.figures import Ranks, ranks
from remem.benchmarks.systems.engine import SHARES, Condition, Query, Rows, Vectors
from remem.encoders.sentence_transformer import Encoder
from remem.store import InvalidInput, Record
from remem.views import TURN, VIEWS, line, window_texts

K = 10
_MORE = 30
_QUESTIONS = 103  # three warm up
_BLOCK = 1 << 16


# The records and questions that all systems are given: made once, on disk, read by the batch.
#
# Files rather than memory, because each system is measured in processes of its own, whose peak of
# memory is to be the system's and not ours.


@dataclass(frozen=True, slots=True)
class Shape:
    """Contents of a material: records to fill a system with, and more to add one at a time."""

    records: int
    more: int
    dim: int
    views: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """A folder of records and questions."""

    folder: Path

    @cached_property
    def shape(self) -> Shape:
        """Shape of the contents, as ``make`` wrote it."""
        stored = json.loads((self.folder / "shape.json").read_text("utf-8"))
        return Shape(**{**stored, "views": tuple(stored["views"])})

    @cached_property
    def ranks(self) -> Ranks:
        """The number of each record from which its metadata is derived."""
        return ranks(self.shape.records, self.shape.more)

    def batches(self, size: int) -> Iterator[Rows]:
        """The records to fill a system with."""
        return self._read(range(self.shape.records), size)

    def more(self) -> Iterator[Rows]:
        """Further records, one at a time."""
        shape = self.shape
        return self._read(range(shape.records, shape.records + shape.more), 1)

    def chosen(self, condition: Condition) -> list[int]:
        """The numbers of the records that a condition keeps, without those to add afterwards."""
        values = self.ranks[: self.shape.records] % SHARES[condition.field]
        return [int(number) for number in np.flatnonzero(values == condition.value)]

    def questions(self) -> list[Query]:
        """All questions."""
        texts = json.loads((self.folder / "questions.json").read_text("utf-8"))
        with np.load(self.folder / "questions.npz") as stored:
            arrays = dict(stored)
        return [
            Query(
                text,
                arrays["vectors"][i],
                {name: Condition(name, int(arrays[f"value {name}"][i])) for name in SHARES},
                {
                    name: [number for number in arrays[f"exact {name}"][i].tolist() if number >= 0]
                    for name in ("", *SHARES)
                },
            )
            for i, text in enumerate(texts)
        ]

    def vectors(self, view: str, numbers: range) -> Vectors:
        """The vectors of a view, float32 of shape (len(numbers), dim)."""
        # Not mapped: what is mapped counts as memory of the process that is measured.
        dim, file = self.shape.dim, self.vector_file(view)
        begin, count = 4 * dim * numbers.start, dim * len(numbers)
        return np.fromfile(file, np.float32, count, offset=begin).reshape(-1, dim)

    def vector_file(self, view: str) -> Path:
        """File of the vectors of a view, one after the other."""
        return self.folder / f"{view}.float32"

    def text_file(self, view: str) -> Path:
        """File of the texts of a view, each a line of JSON."""
        return self.folder / f"{view}.jsonl"

    def write_shape(self, shape: Shape) -> None:
        """Say what the folder holds, before anything else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "shape.json").write_text(json.dumps(asdict(shape)), "utf-8")

    def _read(self, numbers: range, size: int) -> Iterator[Rows]:
        with ExitStack() as stack:
            lines = {
                view: islice(
                    stack.enter_context(self.text_file(view).open(encoding="utf-8")),
                    numbers.start,
                    numbers.stop,
                )
                for view in self.shape.views
            }
            for first in range(numbers.start, numbers.stop, size):
                batch = range(first, min(first + size, numbers.stop))
                yield Rows(
                    batch,
                    {
                        view: [json.loads(line) for line in islice(lines[view], len(batch))]
                        for view in lines
                    },
                    {view: self.vectors(view, batch) for view in lines},
                    {
                        name: (self.ranks[batch.start : batch.stop] % one_of).tolist()
                        for name, one_of in SHARES.items()
                    },
                )


Views = Mapping[str, tuple[Sequence[str], Vectors]]
"""By view, the texts and vectors of some records."""


class Source(Protocol):
    """A supply of records, as many as one wants."""

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        """So many records in all."""

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:
        """Up to so many questions about that many records, as text and vector."""


class MadeUp:
    """The made-up conversation of ``remem.benchmarks.corpus``."""

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        """See ``Source``."""
        for entries in Corpus(records).batches():
            yield {
                view: (
                    [entry.views[view].text for entry in entries],
                    np.stack([entry.views[view].vector for entry in entries]),
                )
                for view in views
            }

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:
        """See ``Source``."""
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


# Real records, multiplied with noise: as many as one wants, each unlike the others.

_MOST = 20_000
"""Distinct texts that are encoded: more would take longer, and change little."""

_QUESTIONS_FILE = "questions"
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
    _keep(folder, _QUESTIONS_FILE, asked, np.stack([encoder.encode_query(text) for text in asked]))


@dataclass(frozen=True, slots=True)
class Multiplied:
    """Data that ``encode`` wrote, first as it is, then again and again with noise."""

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
        texts, vectors = _read(self.folder, _QUESTIONS_FILE)
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
