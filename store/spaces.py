"""Spaces written down, and told apart in words: the same in every store."""

from __future__ import annotations

import json

from store.errors import EncoderMismatch
from store.types import Space

__all__ = ["from_json", "mismatch", "other_encoder", "to_json"]


def to_json(space: Space) -> str:
    """A space as JSON: ``[fingerprint, dim, views]``."""
    return json.dumps([space.fingerprint, space.dim, space.views])


def from_json(text: str | None) -> Space | None:
    """The space that ``to_json`` wrote; None stays None."""
    if text is None:
        return None
    fingerprint, dim, views = json.loads(text)
    return Space(fingerprint, dim, tuple(views))


def mismatch(stored: Space | None, given: Space | None) -> EncoderMismatch:
    """The error for vectors of ``given`` where those of ``stored`` are."""
    if stored and given and stored.fingerprint == given.fingerprint:
        return EncoderMismatch(
            f"the store holds views {stored.views} of {stored.dim} dimensions, not {given.views} "
            f"of {given.dim}; open it with the version of remem that made it"
        )
    return other_encoder(*(space.fingerprint if space else "none" for space in (stored, given)))


def other_encoder(stored: str, given: str) -> EncoderMismatch:
    """The error for an encoder with another fingerprint than the store's."""
    return EncoderMismatch(
        f"the store was made with encoder {stored} and this is {given}: open it with that "
        "encoder, or re-encode it with 'remem reindex'"
    )
