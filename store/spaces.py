"""Spaces written down, and told apart in words: the same in every store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from remem.store.errors import CorruptStore, EncoderMismatch
from remem.store.types import Space


@dataclass(frozen=True, slots=True)
class Meta:
    """Facts that a store keeps about its vectors as a whole.

    Attributes:
        generation: Of the vectors in use; 0 until a space was adopted.
        next_space: The space that a reindex under way is filling generation + 1 with.
    """

    generation: int
    adopted: Space | None
    next_space: Space | None

    @property
    def space(self) -> Space:
        """The space in use. Records can only be there after one was adopted."""
        assert self.adopted is not None
        return self.adopted

    @property
    def generations(self) -> tuple[int, ...]:
        """The generation in use, then the one being filled, if any."""
        return (self.generation,) + ((self.generation + 1,) if self.next_space else ())


def meta_of(facts: Mapping[str, str]) -> Meta:
    """The meaning of the facts ``generation``, ``space`` and ``next_space``.

    Raises:
        CorruptStore: they mean nothing.
    """
    try:
        return Meta(
            generation=int(facts.get("generation", 0)),
            adopted=from_json(facts.get("space")),
            next_space=from_json(facts.get("next_space")),
        )
    except (TypeError, ValueError, RecursionError):
        raise CorruptStore(
            "what the store says about its encoder is damaged: restore a backup or an export"
        ) from None


def to_json(space: Space) -> str:
    """A space as JSON: ``[fingerprint, dim, views]``, and the encoder's name and the reading as far
    as there are any, which older versions of remem do not know."""
    named = [space.encoder, space.reading]
    while named and not named[-1]:
        named.pop()
    return json.dumps([space.fingerprint, space.dim, space.views, *named])


def from_json(text: str | None) -> Space | None:
    """The space that ``to_json`` wrote; None stays None."""
    if text is None:
        return None
    match json.loads(text):
        case [str(fingerprint), int(dim), list(views)]:
            return Space(fingerprint, dim, tuple(views))
        case [str(fingerprint), int(dim), list(views), str(encoder)]:
            return Space(fingerprint, dim, tuple(views), encoder)
        case [str(fingerprint), int(dim), list(views), str(encoder), str(reading)]:
            return Space(fingerprint, dim, tuple(views), encoder, reading)
    raise ValueError("no space")


def check_same(stored: Space | None, given: Space | None) -> None:
    """Refuse vectors of ``given`` where those of ``stored`` are.

    Raises:
        EncoderMismatch: the spaces are not the same.
    """
    if stored == given:
        return
    if stored and given and stored == replace(given, reading=stored.reading):
        raise EncoderMismatch(
            "the store was re-encoded, or put back, by another process: vectors are made of texts "
            "in another way now; open it again",
            stored,
        )
    if stored and given and stored.fingerprint == given.fingerprint:
        raise EncoderMismatch(
            f"the store holds views {stored.views} of {stored.dim} dimensions, not {given.views} "
            f"of {given.dim}; open it with the version of remem that made it"
        )
    raise _other_encoder(stored, _called(given))


def check_fingerprint(stored: Space | None, given: str | None) -> None:
    """Refuse to open a store for another encoder than its own, where both are known.

    Raises:
        EncoderMismatch: it is another one.
    """
    if stored and given and stored.fingerprint != given:
        raise _other_encoder(stored, given)


def _called(space: Space | None) -> str:
    return (space.encoder or space.fingerprint) if space else "none"


def _other_encoder(stored: Space | None, given: str) -> EncoderMismatch:
    return EncoderMismatch(
        f"the store was made with encoder {_called(stored)} and this is {given}: open it with that "
        "encoder, or re-encode it with 'remem reindex'",
        stored,
    )
