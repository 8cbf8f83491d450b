from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from remem.benchmarks.measuring import RememberingEncoder
from remem.recall.encoded import Encoded
from remem.testing import HashEncoder
from remem.views import space_of


class CountingEncoder(HashEncoder):
    """Writes down what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.documents += texts
        return super().encode_documents(texts)


class AcrossLanguages(HashEncoder):
    """Says so, as the multilingual encoder does."""

    across_languages = True


def test_the_vectors_are_those_of_the_encoder_inside() -> None:
    texts = ["the kiln broke", "a boat", "the kiln broke"]
    inside = HashEncoder()
    encoder = RememberingEncoder(inside)
    assert_array_equal(encoder.encode_documents(texts), inside.encode_documents(texts))
    assert_array_equal(encoder.encode_query("a boat"), inside.encode_query("a boat"))
    assert (encoder.fingerprint, encoder.dim) == (inside.fingerprint, inside.dim)


def test_a_search_learns_of_it_what_it_learns_of_the_encoder_inside() -> None:
    asked = Encoded.by(RememberingEncoder(AcrossLanguages()), "Wo ist das Boot?")
    assert asked.across_languages
    assert asked.space == space_of(AcrossLanguages())


def test_a_text_is_encoded_once() -> None:
    inside = CountingEncoder()
    encoder = RememberingEncoder(inside)
    encoder.encode_documents(["one", "two", "one"])
    encoder.encode_documents(["two", "three"])
    assert inside.documents == ["one", "two", "three"]


def test_no_texts_are_no_rows() -> None:
    assert RememberingEncoder(HashEncoder(8)).encode_documents([]).shape == (0, 8)


def test_what_a_caller_does_to_a_vector_is_his_own_affair() -> None:
    encoder = RememberingEncoder(HashEncoder())
    kept = encoder.encode_query("a boat").copy()
    encoder.encode_query("a boat")[:] = 0
    encoder.encode_documents(["a boat"])[:] = 0
    assert_array_equal(encoder.encode_query("a boat"), kept)
    assert_array_equal(encoder.encode_documents(["a boat"])[0], kept)


def test_time_is_counted_only_while_the_encoder_works() -> None:
    encoder = RememberingEncoder(HashEncoder())
    encoder.encode_documents(["one"])
    encoder.encode_query("one")
    spent = encoder.seconds
    assert spent > 0
    encoder.encode_documents(["one"])
    encoder.encode_query("one")
    assert encoder.seconds == spent


def test_speed_is_measured_where_there_was_work() -> None:
    encoder = RememberingEncoder(HashEncoder())
    assert encoder.figures().figures == {}
    encoder.encode_documents(["one"])
    encoder.encode_query("two")
    assert set(encoder.figures().figures) == {"texts/s", "query p50 ms"}
