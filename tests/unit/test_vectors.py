"""A view's vector is that of its text; the window of a long record is made of its passages."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from remem.encoders.reading import LINES, WHOLE
from remem.plan import Lines, embed_views, encoded, readings
from remem.recall.reading.sentences import passages
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
    lines = Lines("Ana: Hi", "Ana: Hi")
    assert readings(LINES, lines) == {TURN: ("Ana: Hi",), WINDOW: ("Ana: Hi",)}


def test_a_window_is_read_line_by_line() -> None:
    lines = Lines("Ana: Hi\nBen!", "Ana: Hi Ben!\nBen: Hello")
    assert readings(LINES, lines) == {
        TURN: ("Ana: Hi Ben!",),
        WINDOW: ("Ana: Hi Ben!", "Ben: Hello"),
    }


def test_a_window_is_read_in_one_piece_in_the_way_of_before() -> None:
    lines = Lines("Ana: Hi", "Ana: Hi\nBen: Hello")
    assert readings(WHOLE, lines) == {TURN: ("Ana: Hi",), WINDOW: ("Ana: Hi\nBen: Hello",)}


def test_the_window_of_a_long_record_is_read_in_all_its_passages() -> None:
    read = tuple(passages(LONG))
    assert readings(WHOLE, Lines(LONG, LONG)) == {TURN: (LONG,), WINDOW: read}
    assert readings(LINES, Lines(LONG, LONG)) == {TURN: read[:1], WINDOW: read}


def test_a_line_that_is_known_is_not_encoded_again() -> None:
    encoder = Listening()
    [tea] = encoder.encode_documents(["tea"])
    encoder.heard.clear()
    both = encoded(encoder, [("tea", "milk")], {("tea",): tea})
    assert encoder.heard == ["milk"]
    assert np.array_equal(both["tea", "milk"], encoded(encoder, [("tea", "milk")])["tea", "milk"])


def test_a_vector_as_a_store_keeps_it_counts_as_the_one_it_was() -> None:
    encoder = HashEncoder()
    [tea] = encoder.encode_documents(["tea"])
    stored = tea.astype(np.float16).astype(np.float32)
    assert not np.array_equal(stored, tea)
    from_store = encoded(encoder, [("tea", "milk")], {("tea",): stored})
    assert np.array_equal(
        from_store["tea", "milk"], encoded(encoder, [("tea", "milk")])["tea", "milk"]
    )


def test_the_vector_of_passages_is_their_mean_direction() -> None:
    encoder = HashEncoder()
    vectors = encoder.encode_documents(["tea", "coffee"])
    mean = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
    assert np.allclose(encoded(encoder, [("tea", "coffee")])["tea", "coffee"], mean, atol=1e-3)


def test_passages_that_cancel_out_still_have_a_direction() -> None:
    class Opposite(HashEncoder):
        def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([[1.0], [-1.0]], np.float32)

    assert encoded(Opposite(), [("no", "yes")])["no", "yes"].tolist() == [1.0]


def test_no_text_is_encoded_twice() -> None:
    encoder = Listening()
    embed_views(encoder, [LONG, LONG, "tea", "tea", LONG, LONG])
    assert sorted(encoder.heard) == sorted({"tea", *passages(LONG)})


def test_nothing_to_read_asks_no_encoder() -> None:
    encoder = Listening()
    assert encoded(encoder, []) == {}
    assert encoder.heard == []


def test_views_are_embedded_in_the_order_given() -> None:
    encoder = HashEncoder()
    rows = embed_views(encoder, ["tea", "tea\nmilk", LONG, LONG])
    beginning, *_ = read = tuple(passages(LONG))
    tea, first = encoder.encode_documents(["tea", beginning])
    together = encoded(encoder, [("tea", "milk"), read])
    assert np.array_equal(rows, np.stack([tea, together["tea", "milk"], first, together[read]]))
