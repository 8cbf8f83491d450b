"""Our layers against those of transformers, on models of a few thousand random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remem.encoders.sentence_transformer import SentenceTransformerEncoder
from tests.tiny_models import save_bert

pytestmark = pytest.mark.model

TEXTS = ["the cat slept", "the dog barked at my warm stove on rain", "what? who?"]


@pytest.fixture
def library(tmp_path: Path) -> Any:
    """A BERT as sentence-transformers runs it; in the folder that it was read from."""
    return _library(save_bert(tmp_path, "BertModel"))


def _library(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu").eval()


def _has_our_layers(model: Any) -> bool:
    return type(model[0].auto_model.forward).__module__ == "remem.encoders.bert"


def test_the_layers_of_a_bert_give_the_librarys_vectors_alone_and_padded(library: Any) -> None:
    from remem.encoders.bert import quicken

    alone, padded = library.encode(TEXTS[0]), library.encode(TEXTS)
    quicken(library)
    assert _has_our_layers(library)
    assert np.allclose(library.encode(TEXTS[0]), alone, atol=1e-5)
    assert np.allclose(library.encode(TEXTS), padded, atol=1e-5)


def test_layers_that_compute_something_else_here_are_not_used(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from remem.encoders import bert

    expected = library.encode(TEXTS)

    def biases_alone(*layers: Any) -> Any:
        bias = torch.cat([bias for _, bias in layers])
        return lambda states: states.new_ones((*states.shape[:-1], 1)) * bias

    monkeypatch.setattr(bert, "reordered", biases_alone)
    bert.quicken(library)
    assert not _has_our_layers(library)
    assert np.array_equal(library.encode(TEXTS), expected)


def test_without_the_products_the_librarys_layers_stay(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from remem.encoders import bert

    def missing(*_: object) -> object:
        raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute")

    monkeypatch.setattr(bert, "reordered", missing)
    bert.quicken(library)
    assert not _has_our_layers(library)


def test_other_models_go_through_the_library(tmp_path: Path) -> None:
    import torch
    import transformers

    from remem.encoders.bert import quicken

    save_bert(tmp_path, "BertModel")
    torch.manual_seed(7)
    configuration = transformers.AutoConfig.from_pretrained(tmp_path)
    electra = transformers.ElectraConfig(**configuration.to_dict() | {"model_type": "electra"})
    transformers.ElectraModel(electra).save_pretrained(tmp_path)
    model = _library(tmp_path)
    expected = model.encode(TEXTS)
    quicken(model)
    assert not _has_our_layers(model)
    assert np.array_equal(model.encode(TEXTS), expected)


def test_the_bundled_model_has_our_layers() -> None:
    encoder = SentenceTransformerEncoder(device="cpu")
    encoder.encode_query("loads it")
    assert _has_our_layers(encoder._model)
