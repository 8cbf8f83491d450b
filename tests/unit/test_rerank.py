"""Reranking: how scores are mixed in, and cross-encoders, of which a tiny one is made here."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.recall.recollection import Recollection
from remem.recall.rerank import CrossEncoderReranker, reranked
from remem.store import Record
from remem.store.errors import InvalidInput, RememError
from tests.tiny_models import save_bert


def ranking(*scores: float) -> list[Recollection]:
    """Recollections named a, b, c, ..., whose scores come from one leg."""
    return [
        Recollection(
            Record(key=key, source="chat", position=i, text=key), score, parts={"dense": score}
        )
        for i, (key, score) in enumerate(zip("abcdefghij", scores, strict=False))
    ]


def keys(found: list[Recollection]) -> str:
    return "".join(one.record.key for one in found)


def test_the_mix_is_convex_and_its_parts_add_up() -> None:
    (one,) = reranked(ranking(0.8), [0.4], weight=0.25)
    assert one.score == pytest.approx(0.7)
    assert one.parts == pytest.approx({"dense": 0.6, "reranker": 0.1})


def test_a_weight_of_zero_keeps_the_order_and_one_replaces_it() -> None:
    found, scores = ranking(0.9, 0.8, 0.7), [0.1, 0.2, 0.3]
    assert keys(reranked(found, scores, weight=0.0)) == "abc"
    assert keys(reranked(found, scores, weight=1.0)) == "cba"


def test_equal_scores_keep_the_order_of_the_first_stage() -> None:
    assert keys(reranked(ranking(0.5, 0.5, 0.5), [0.2, 0.2, 0.2], weight=0.5)) == "abc"


@given(
    st.lists(st.floats(0, 1), max_size=10).map(lambda scores: sorted(scores, reverse=True)),
    st.lists(st.floats(0, 1), max_size=10),
    st.floats(0, 1),
)
def test_what_was_not_scored_stays_behind_in_its_order(
    first: list[float], second: list[float], weight: float
) -> None:
    second = second[: len(first)]
    order = keys(reranked(ranking(*first), second, weight))
    scored, rest = "abcdefghij"[: len(second)], "abcdefghij"[len(second) : len(first)]
    assert sorted(order[: len(scored)]) == sorted(scored)
    assert order[len(scored) :] == rest


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_zero_to_one_is_refused(weight: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        reranked(ranking(0.5), [0.5], weight)


def test_more_scores_than_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="2 scores for 1 candidates"):
        reranked(ranking(0.5), [0.5, 0.5], 0.5)


TEXTS = ["the cat slept on the warm stove.", "my dog barked", "rain came down", ""]

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes the folder of a tiny BERT with random weights."""

    def model(kind: str = "BertForSequenceClassification", labels: int = 1) -> Path:
        return save_bert(tmp_path_factory.mktemp("model"), kind, labels)

    return model


@pytest.fixture(scope="module")
def folder(make: Make) -> Path:
    return make()


@pytest.fixture
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(folder, device="cpu")


def test_scores_are_one_number_in_zero_to_one_for_each_text(
    reranker: CrossEncoderReranker,
) -> None:
    scores = reranker.scores("what slept?", TEXTS)
    assert scores.shape == (4,)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(set(scores.tolist())) == 4


def test_scores_are_the_models_outputs_through_a_sigmoid(
    reranker: CrossEncoderReranker, folder: Path
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    features = tokenizer(["what slept?"] * 4, TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = torch.sigmoid(model(**features).logits[:, 0]).numpy()
    # bfloat16 where the processor has it
    np.testing.assert_allclose(reranker.scores("what slept?", TEXTS), expected, atol=0.05)


def test_scores_do_not_depend_on_the_order_of_the_texts(reranker: CrossEncoderReranker) -> None:
    forwards = reranker.scores("who barked?", TEXTS)
    backwards = reranker.scores("who barked?", TEXTS[::-1])
    np.testing.assert_allclose(forwards, backwards[::-1], atol=0.01)


def test_no_texts_give_no_scores_and_load_no_model() -> None:
    assert CrossEncoderReranker("no/where").scores("who?", []).shape == (0,)


def test_text_beyond_what_the_model_reads_changes_nothing(reranker: CrossEncoderReranker) -> None:
    long = "the cat slept " * 100
    scores = reranker.scores("who slept?", [long, long + "rain " * 100_000])
    assert scores[0] == scores[1]


def test_threads_get_the_scores_that_one_would(
    folder: Path, reranker: CrossEncoderReranker
) -> None:
    expected = reranker.scores("who?", TEXTS)
    fresh = CrossEncoderReranker(folder, device="cpu")  # so that they load it together
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(fresh.scores, ["who?"] * 8, [TEXTS] * 8):
            np.testing.assert_array_equal(scores, expected)


def test_loading_is_quiet(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    CrossEncoderReranker(folder, device="cpu").scores("who?", TEXTS)
    assert capfd.readouterr() == ("", "")


def test_importing_it_loads_no_torch() -> None:
    code = "import sys, remem.recall.rerank; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_half_a_surrogate_pair_is_refused(reranker: CrossEncoderReranker) -> None:
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        reranker.scores("who?", ["\ud83d"])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RememError, match=r"there is no model folder .*nowhere"):
        CrossEncoderReranker(tmp_path / "nowhere").scores("who?", TEXTS)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RememError, match="there are no model weights"):
        CrossEncoderReranker(tmp_path).scores("who?", TEXTS)


def test_a_model_without_an_output_for_pairs_is_refused(make: Make) -> None:
    with pytest.raises(RememError, match="compares two texts: name a cross-encoder"):
        CrossEncoderReranker(make("BertModel")).scores("who?", TEXTS)


def test_a_classifier_of_several_labels_is_refused(make: Make) -> None:
    with pytest.raises(RememError, match="3 numbers for a text where one is needed"):
        CrossEncoderReranker(make(labels=3), device="cpu").scores("who?", TEXTS)


def test_damaged_weights_are_named(make: Make) -> None:
    folder = make()
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(RememError, match="cannot be loaded as a cross-encoder"):
        CrossEncoderReranker(folder, device="cpu").scores("who?", TEXTS)


def test_a_damaged_configuration_is_named(make: Make) -> None:
    folder = make()
    (folder / "config.json").write_text("{")
    with pytest.raises(RememError, match=r"config\.json is damaged"):
        CrossEncoderReranker(folder, device="cpu").scores("who?", TEXTS)
