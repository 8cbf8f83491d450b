"""One scale of nearness for all encoders."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from remem.recall.relevance import Scale, scale_of
from remem.testing import HashEncoder


class Counting(HashEncoder):
    """Knows how often it was asked for documents."""

    asked = 0

    @property
    def fingerprint(self) -> str:
        return f"counting:{self.dim}"

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += 1
        return super().encode_documents(texts)


def test_equal_texts_have_one_and_unrelated_ones_nothing() -> None:
    scale = Scale(unrelated=0.8)
    assert scale.nearness(1.0) == 1
    assert scale.nearness(0.8) == 0
    assert scale.nearness(0.9) == pytest.approx(0.5)


@pytest.mark.parametrize("unrelated", [-1.0, 0.0, 0.8, 1.0])
@pytest.mark.parametrize("cosine", [-1.0, 0.0, 0.999, 1.0000001])
def test_nearness_stays_within_its_range(unrelated: float, cosine: float) -> None:
    assert -1 <= Scale(unrelated).nearness(cosine) <= 1


def test_texts_that_share_only_common_words_are_unrelated() -> None:
    encoder = HashEncoder(4096)
    asked = "Where did the giraffe sleep?"
    texts = [asked, "Five bolts are in the drawer."]
    equal, other = encoder.encode_documents(texts) @ encoder.encode_query(asked)
    scale = scale_of(encoder)
    assert scale.nearness(float(equal)) == pytest.approx(1)
    assert scale.nearness(float(other)) == pytest.approx(0, abs=0.1)


def test_an_encoder_is_measured_once_however_often_it_is_made() -> None:
    first, second = Counting(33), Counting(33)
    assert scale_of(first) == scale_of(second) == scale_of(first)
    assert (first.asked, second.asked) == (1, 0)


def test_another_encoder_is_measured_anew() -> None:
    first, second = Counting(34), Counting(35)
    assert scale_of(first) != scale_of(second)
