"""A view's vector is that of its text; the window of a long record is made of its passages."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from remem.plan import embed_views, encoded, reading
from remem.recall.sentences import passages
from remem.testing import HashEncoder
from remem.views import TURN, WINDOW

LONG = " ".join(f"Sentence {n} speaks of matter{n} and of nothing else." for n in range(60))


class Listening(HashEncoder):
    """Remembers what it was given to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.heard += texts
        return super().encode_documents(texts)


def test_a_short_record_is_read_as_it_is_in_both_views() -> None:
    assert reading(TURN, "Ana: Hi") == reading(WINDOW, "Ana: Hi") == ("Ana: Hi",)


def test_the_window_of_a_long_record_is_read_in_all_its_passages() -> None:
    assert reading(TURN, LONG) == (LONG,)
    assert reading(WINDOW, LONG) == tuple(passages(LONG))


def test_the_vector_of_passages_is_their_mean_direction() -> None:
    encoder = HashEncoder()
    vectors = encoder.encode_documents(["tea", "coffee"])
    mean = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
    assert np.allclose(encoded(encoder, [("tea", "coffee")])["tea", "coffee"], mean, atol=1e-6)


def test_passages_that_cancel_out_still_have_a_direction() -> None:
    class Opposite(HashEncoder):
        def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([[1.0], [-1.0]], np.float32)

    assert encoded(Opposite(), [("no", "yes")])["no", "yes"].tolist() == [1.0]


def test_no_text_is_encoded_twice() -> None:
    encoder = Listening()
    embed_views(encoder, [LONG, LONG, "tea", "tea", LONG, LONG])
    assert sorted(encoder.heard) == sorted({LONG, "tea", *passages(LONG)})


def test_nothing_to_read_asks_no_encoder() -> None:
    encoder = Listening()
    assert encoded(encoder, []) == {}
    assert encoder.heard == []


def test_views_are_embedded_in_the_order_given() -> None:
    encoder = HashEncoder()
    rows = embed_views(encoder, ["tea", "tea\nmilk", LONG, LONG])
    alone = encoder.encode_documents(["tea", "tea\nmilk", LONG])
    assert np.array_equal(rows[:3], alone)
    read = reading(WINDOW, LONG)
    assert np.array_equal(rows[3], encoded(encoder, [read])[read])
