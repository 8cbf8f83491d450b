"""The bundled encoder: NumPy and torch beside the library that the model was made with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from remem import BundledEncoder, Memory, SentenceTransformerEncoder
from remem.encoders.minilm import MiniLM
from remem.encoders.models import bundled_folder
from remem.store import InvalidInput

pytestmark = pytest.mark.model

TEXTS = [
    "",
    " \n\t",
    "a",
    "Ana: I adopted a dog from the shelter.",
    "ANA: Ich hätte gern Crème brûlée!",
    "我们昨天去了公园，看见了两只小狗。",
    "明日の会議は三時からです。",
    "Мы встретимся в четверг.",
    "🎉🐕 see you @ 7pm 🥳",
    "word\0with\x01controls",
    "supercalifragilisticexpialidocious" * 8,
    "https://example.org/a/b?c=d&e=f#g",
    "The handbook says that leave is requested two weeks ahead. " * 30,
    "狗" * 400,
]
LONG = [f"Turn {number}: " + "we walked along the river and talked. " * 24 for number in range(80)]


@pytest.fixture(scope="module")
def library() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(bundled_folder()), device="cpu")


@pytest.fixture
def encoder() -> BundledEncoder:
    return BundledEncoder()


def cosines(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    products: NDArray[np.float32] = np.sum(ours * theirs, axis=1)
    return products


def in_a_fresh_process(code: str, *arguments: object) -> Any:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


LOADED = (
    "import json, sys; names = 'torch', 'transformers', 'sentence_transformers', 'pandas'; "
    "print(json.dumps([name for name in names if name in sys.modules]))"
)


def test_vectors_of_numpy_are_those_of_the_library(encoder: BundledEncoder, library: Any) -> None:
    expected = library.encode(TEXTS, normalize_embeddings=True)
    found = encoder.encode_documents(TEXTS)
    assert found.dtype == np.float32
    assert cosines(found, expected).min() > 0.999999
    assert np.abs(found - expected).max() < 1e-5


def test_a_question_has_the_vector_that_it_has_as_a_document(encoder: BundledEncoder) -> None:
    questions = np.array([encoder.encode_query(text) for text in TEXTS])
    assert np.abs(questions - encoder.encode_documents(TEXTS)).max() < 1e-6


def test_questions_together_have_the_vectors_that_each_has_alone(encoder: BundledEncoder) -> None:
    alone = np.array([encoder.encode_query(text) for text in TEXTS])
    assert np.abs(np.array(encoder.encode_queries(TEXTS)) - alone).max() < 1e-6


def test_vectors_are_the_same_in_any_company(encoder: BundledEncoder) -> None:
    alone = np.concatenate([encoder.encode_documents([text]) for text in TEXTS])
    backwards = encoder.encode_documents([*TEXTS[::-1], *TEXTS])
    assert np.abs(backwards[: len(TEXTS)][::-1] - alone).max() < 1e-6
    assert np.array_equal(backwards[: len(TEXTS)][::-1], backwards[len(TEXTS) :])


def test_what_is_too_long_is_read_as_far_as_the_library_reads_it(library: Any) -> None:
    model = MiniLM(bundled_folder())
    assert [len(tokens) for tokens in model.tokens(TEXTS[-2:])] == [256, 256]
    assert model.max_tokens == library.max_seq_length


def test_an_import_goes_on_with_torch_and_the_vectors_belong_together() -> None:
    few, much = BundledEncoder(), BundledEncoder()
    texts = [*TEXTS, *LONG]
    by_numpy = np.concatenate(
        [few.encode_documents(texts[at : at + 20]) for at in range(0, 94, 20)]
    )
    assert not few._uses_torch
    first = much.encode_documents(texts[:50])
    assert not much._uses_torch
    assert np.abs(first - by_numpy[:50]).max() < 1e-6
    by_torch = much.encode_documents(texts)
    assert much._uses_torch
    assert cosines(by_numpy, by_torch).min() > 0.9998
    assert cosines(by_numpy, by_torch).mean() > 0.9999
    assert cosines(much.encode_query(TEXTS[3])[None], by_numpy[3:4])[0] > 0.9998


def test_a_program_that_remembers_one_text_after_the_other_gets_torch_too(
    encoder: BundledEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remem.encoders.bundled._MUCH_BIT_BY_BIT", 600)  # not to wait for many
    rows = []
    for text in LONG[:5]:
        rows.append(encoder.encode_documents([text])[0])
        encoder.encode_query(text * 9)  # questions do not count
    assert encoder._uses_torch
    assert cosines(np.array(rows), BundledEncoder().encode_documents(LONG[:5])).min() > 0.9998


def test_a_server_may_have_torch_from_the_beginning(encoder: BundledEncoder) -> None:
    by_library = SentenceTransformerEncoder().encode_documents(TEXTS)
    encoder.use_torch()
    questions = np.array([encoder.encode_query(text) for text in TEXTS])
    assert np.array_equal(questions, encoder.encode_documents(TEXTS))
    assert cosines(questions, by_library).min() > 0.9998


def test_much_text_loads_torch_but_no_training_library() -> None:
    code = (
        "from remem import BundledEncoder; e = BundledEncoder(); e.use_torch(); "
        "e.encode_documents(['hello', 'is anybody there?']); " + LOADED
    )
    assert in_a_fresh_process(code) == ["torch"]


@pytest.mark.parametrize("problem", [AttributeError("no such operator"), None])
def test_where_onednns_products_fail_torchs_own_are_used(
    encoder: BundledEncoder, monkeypatch: pytest.MonkeyPatch, problem: Exception | None
) -> None:
    import torch

    from remem.encoders import minilm_torch

    def broken(*layers: tuple[torch.Tensor, torch.Tensor]) -> Any:
        if problem is not None:
            raise problem
        bias = torch.cat([bias for _, bias in layers])
        return lambda states: torch.zeros(len(states), 1) + bias

    expected = encoder.encode_documents(TEXTS)
    monkeypatch.setattr(minilm_torch, "reordered", broken)
    encoder.use_torch()
    assert cosines(encoder.encode_documents(TEXTS), expected).min() > 0.9998


def test_no_documents_are_an_empty_array(encoder: BundledEncoder) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dim)


def test_its_length_is_that_of_the_model(encoder: BundledEncoder) -> None:
    assert len(encoder.encode_query("hello")) == encoder.dim == MiniLM(bundled_folder()).dim


def test_half_a_surrogate_pair_is_one_clear_sentence(encoder: BundledEncoder) -> None:
    for call in (encoder.encode_query, lambda text: encoder.encode_documents(["fine", text])):
        with pytest.raises(InvalidInput, match="not valid Unicode"):
            call("broken \ud800 text")


def test_ten_megabytes_are_encoded_by_their_beginning(encoder: BundledEncoder) -> None:
    beginning = "a walk in the park " * 1000
    assert np.array_equal(encoder.encode_query(beginning * 500), encoder.encode_query(beginning))


def test_threads_that_ask_at_once_get_what_each_would_get_alone(encoder: BundledEncoder) -> None:
    alone = [encoder.encode_query(text) for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(encoder.encode_query, TEXTS * 4))
    assert np.abs(np.array(together) - np.array(alone * 4)).max() < 1e-6


def test_a_first_question_loads_no_training_framework() -> None:
    code = "from remem import BundledEncoder; BundledEncoder().encode_query('hello'); " + LOADED
    assert in_a_fresh_process(code) == []


def test_a_search_from_the_command_line_loads_no_training_framework(tmp_path: Path) -> None:
    with Memory(tmp_path / "store") as memory:
        memory.add("The spare key is under the blue pot.")
    code = (
        "import sys; from remem.cli import main; "
        "main(['search', 'Where is the key?', '--json', '--store', sys.argv[1]]); " + LOADED
    )
    assert in_a_fresh_process(code, tmp_path / "store") == []


def test_the_fingerprint_is_that_of_stores_written_before_there_was_numpy() -> None:
    fingerprint = (
        "sentence-transformers:1ca573edf3c19e6f7e732adbc392d4e9dfc456861ffd4c4ef232c5fd33f1ce81"
    )
    assert BundledEncoder().fingerprint == fingerprint
    assert SentenceTransformerEncoder().fingerprint == fingerprint


@pytest.fixture
def limits() -> Iterator[list[int]]:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    before = threads()
    yield before
    assert threads() == before


def test_the_threads_of_other_numpy_code_are_left_as_they_were(
    encoder: BundledEncoder, limits: list[int]
) -> None:
    assert limits
    encoder.encode_documents(TEXTS)


def test_encoders_that_answer_at_once_leave_no_limit_of_threads_behind(limits: list[int]) -> None:
    encoders = [BundledEncoder() for _ in range(4)]
    with ThreadPoolExecutor(len(encoders)) as pool:
        list(pool.map(lambda turn: encoders[turn % 4].encode_query(TEXTS[3]), range(80)))
    assert limits


def test_questions_are_answered_while_another_thread_encodes_documents(
    encoder: BundledEncoder,
) -> None:
    encoder.encode_query(TEXTS[3])
    answered = 0
    with ThreadPoolExecutor(1) as pool:
        importing = pool.submit(encoder.encode_documents, LONG[:30])
        while not importing.done():
            encoder.encode_query(TEXTS[3])
            answered += not importing.done()
    assert answered > 5
