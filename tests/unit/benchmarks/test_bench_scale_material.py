"""The records and questions that all systems of the scale benchmark are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from remem.benchmarks.scale.making import (
    K,
    MadeUp,
    Material,
    Multiplied,
    Noise,
    Vectors,
    Views,
    encode,
    make,
    noisy_vector,
)
from remem.benchmarks.systems.engine import SHARES, Condition
from remem.store import InvalidInput
from remem.testing import HashEncoder

SMOKE = Path(__file__).parents[3] / "benchmarks" / "data" / "smoke"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return make(tmp_path_factory.mktemp("made") / "material", MadeUp(), 400, 2)


def all_vectors(material: Material) -> Vectors:
    return np.concatenate([rows.vector for rows in material.batches(64)])


def test_all_records_come_once_and_in_order_whatever_the_batch(material: Material) -> None:
    for size in (64, 400, 1000):
        batches = list(material.batches(size))
        assert [number for rows in batches for number in rows.numbers] == list(range(400))
        assert len({text for rows in batches for text in rows.text}) == 400


def test_further_records_come_one_at_a_time(material: Material) -> None:
    more = list(material.more())
    assert [list(rows.numbers) for rows in more] == [[400 + i] for i in range(len(more))]
    assert not {rows.text[0] for rows in more} & set(next(material.batches(400)).text)


def test_a_view_has_texts_and_vectors_of_its_own(material: Material) -> None:
    rows = next(material.batches(10))
    assert list(rows.texts) == list(rows.vectors) == ["turn", "window"]
    assert rows.texts["turn"] != rows.texts["window"]
    assert all(turn in window for turn, window in zip(*rows.texts.values(), strict=True))
    assert not np.allclose(rows.vectors["turn"], rows.vectors["window"])


def test_vectors_have_length_one(material: Material) -> None:
    assert np.linalg.norm(all_vectors(material), axis=1) == pytest.approx(1)


def test_exact_answers_are_those_of_brute_force(material: Material) -> None:
    vectors = all_vectors(material)
    for asked in material.questions():
        order = np.argsort(-(vectors @ asked.vector)).tolist()
        assert list(asked.exact[""]) == order[:K]
        for field, condition in asked.conditions.items():
            kept = set(material.chosen(condition))
            assert list(asked.exact[field]) == [n for n in order if n in kept][:K]


def test_every_question_with_a_filter_has_an_answer(material: Material) -> None:
    assert all(asked.exact[field] for asked in material.questions() for field in SHARES)


def test_metadata_says_what_a_filter_keeps(material: Material) -> None:
    condition = Condition("hundredth", 7)
    said = [
        number
        for rows in material.batches(100)
        for number, metadata in zip(rows.numbers, rows.metadata, strict=True)
        if metadata[condition.field] == condition.value
    ]
    assert said == material.chosen(condition)
    assert len(said) == 4


class Few:
    """Three records."""

    def batches(self, records: int, views: Sequence[str]) -> Iterator[Views]:
        vectors = np.eye(4, dtype=np.float32)
        for i in range(records):
            yield {view: ([f"number {i}"], vectors[[i % 4]]) for view in views}

    def questions(self, records: int, count: int) -> list[tuple[str, Vectors]]:
        return [("first?", np.eye(4, dtype=np.float32)[0])]


def test_fewer_records_than_are_asked_for_are_a_shorter_answer(tmp_path: Path) -> None:
    asked = make(tmp_path, Few(), 3, 1).questions()[0]
    assert asked.exact[""][0] == 0
    assert sorted(asked.exact[""]) == [0, 1, 2]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke") / "encoded"
    encode(folder, [SMOKE], ["turn", "window"], HashEncoder())
    return folder


def test_real_records_come_first_as_they_are_and_then_with_noise(encoded: Path) -> None:
    source = Multiplied(encoded)
    small = next(source.batches(10, ["turn"]))["turn"]
    texts, vectors = (
        [text for batch in source.batches(2500, ["turn"]) for text in batch["turn"][0]],
        np.concatenate([batch["turn"][1] for batch in source.batches(2500, ["turn"])]),
    )
    assert texts[:10] == list(small[0])
    assert vectors[:10] == pytest.approx(small[1])
    assert len(texts) == len(vectors) == 2500
    assert len({vector.tobytes() for vector in vectors}) == 2500
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)


def test_the_same_data_gives_the_same_records(encoded: Path) -> None:
    once, again = (list(Multiplied(encoded).batches(1500, ["window"])) for _ in range(2))
    assert [batch["window"][0] for batch in once] == [batch["window"][0] for batch in again]


def test_a_noisy_vector_stays_near_the_real_one() -> None:
    rng = np.random.default_rng(1)
    vector = np.eye(384, dtype=np.float32)[0]
    cosines = [float(noisy_vector(rng, vector) @ vector) for _ in range(200)]
    assert min(cosines) > 0.7
    assert max(cosines) < 0.99


def test_a_noisy_text_keeps_most_of_its_words() -> None:
    text = " ".join(f"word{i}" for i in range(1000))
    noisy = Noise(["other"]).text(text, 1)
    kept = sum(a == b for a, b in zip(noisy.split(), text.split(), strict=True))
    assert 600 < kept < 800


def test_a_noisy_window_holds_the_lines_of_its_noisy_turns() -> None:
    turns = ["Ana: one two three four", "Ben: five six seven eight", "Ana: nine ten"]
    noise = Noise(turns)
    window = noise.text("\n".join(turns), 3)
    assert window.split("\n") == [noise.text(turn, 3) for turn in turns]
    assert window != noise.text("\n".join(turns), 4)


def test_data_without_questions_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "mine"
    data.mkdir()
    (data / "records.jsonl").write_text('{"text": "Hello"}\n')
    (data / "questions.jsonl").write_text("")
    with pytest.raises(InvalidInput):
        encode(tmp_path / "encoded", [data], ["turn"], HashEncoder())
