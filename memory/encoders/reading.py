"""Ways in which the vectors of a record are made of its text, and which of them a store has.

The vectors of two ways are of one encoder and yet not alike, so that a store keeps its way until
it is re-encoded. An encoder that says nothing is used in the present way.

Importing this module loads no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from remem.encoders.sentence_transformer import queries_encoded
from remem.store import EncoderMismatch, Space

if TYPE_CHECKING:
    from remem.encoders.sentence_transformer import Encoder, Vectors
    from remem.store import Vector

WHOLE = ""
"""The way of earlier versions: the encoder reads a window in one piece."""

LINES = "lines"
"""The present way: the encoder reads each line once, and a window points where its lines do
together."""


class AsBefore:
    """An encoder as a store of an earlier version goes on using it. All else is its own.

    Attributes:
        encoder: The same for the present way.
    """

    reading = WHOLE

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def __repr__(self) -> str:
        return f"AsBefore({self.encoder!r})"

    @property
    def fingerprint(self) -> str:
        """That of the encoder: a question has the same vector in both ways."""
        return self.encoder.fingerprint

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.encoder.dim

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts as they are given."""
        return self.encoder.encode_documents(texts)

    def encode_query(self, text: str) -> Vector:
        """Encode a question."""
        return self.encoder.encode_query(text)

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Encode some questions together."""
        return queries_encoded(self.encoder, texts)


def reading_of(encoder: Encoder) -> str:
    """The way in which an encoder is used."""
    reading: str = getattr(encoder, "reading", LINES)
    return reading


def used_now(encoder: Encoder) -> Encoder:
    """The encoder in the present way, for what is encoded from the beginning."""
    return encoder.encoder if isinstance(encoder, AsBefore) else encoder


def used_in(space: Space, encoder: Encoder) -> Encoder:
    """The encoder in the way of a store.

    Raises:
        EncoderMismatch: it is a way that this version does not know.
    """
    if space.reading == LINES:
        return used_now(encoder)
    if space.reading == WHOLE:
        return AsBefore(used_now(encoder))
    raise EncoderMismatch(
        f"the store makes vectors of texts in a way that this version does not know "
        f"({space.reading}): open it with the version of remem that made it, or re-encode it "
        "with 'remem reindex'",
        space,
    )
