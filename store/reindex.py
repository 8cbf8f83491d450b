"""Re-encoding a whole store: fill a new generation of vectors, then flip to it at once.

Writers go on meanwhile, with the old encoder; what they add or change is found missing in the new
generation by the next sweep. The flip happens in the transaction that found none missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from remem.store.base import Embed
from remem.store.errors import EncoderMismatch, InvalidInput
from remem.store.spaces import Meta
from remem.store.types import Space, Vector
from remem.store.validation import check_encoded

Place = tuple[Any, ...]
"""Place of a record among all; records are encoded in this order."""

Texts = Mapping[Place, list[str]]
"""The text of each view of some records, in the order of their places."""

_BATCH = 128
"""Records encoded at a time; each is one commit, so that an interruption loses little work."""


class Filling(Protocol):
    """A generation of vectors on its way, in some store."""

    def counts(self) -> tuple[int, int]:
        """Number of records that have vectors in it, and number of all records."""

    def missing(self, after: Place, limit: int) -> Texts:
        """The first records behind a place (``()`` is before all) that have none in it."""

    def put(self, texts: Texts, vectors: Vector) -> int:
        """Store the vectors, shape (records, views, dim), of those records whose texts are still
        the same; their number."""

    def flip(self) -> bool:
        """Make it the one in use, unless a record is missing in it."""


def fill(
    filling: Filling, space: Space, embed: Embed, progress: Callable[[int, int], None] | None
) -> None:
    """Encode the texts of all records with ``embed`` and make ``space`` the one in use."""
    done, total = filling.counts()
    after: Place = ()
    while True:
        texts = filling.missing(after, _BATCH)
        if not texts:
            if after == () and filling.flip():
                return
            after = ()  # one more sweep, for what was written during this one
            continue
        after = list(texts)[-1]
        flat = [text for views in texts.values() for text in views]
        vectors = check_encoded(embed(flat), len(flat), space.dim)
        done += filling.put(texts, vectors.reshape(len(texts), len(space.views), space.dim))
        if progress:
            progress(min(done, total), total)


def check_views(meta: Meta, space: Space) -> None:
    """Refuse to change the views along with the encoder.

    Raises:
        InvalidInput: the views of ``space`` are not those of the store.
    """
    if meta.adopted is None or meta.adopted.views != space.views:
        views = "none" if meta.adopted is None else ", ".join(meta.adopted.views)
        raise InvalidInput(
            f"reindex keeps the views of the store ({views}), got {', '.join(space.views)}"
        )


def check_mine(meta: Meta, space: Space, generation: int) -> None:
    """Refuse to go on where another reindex did.

    Raises:
        EncoderMismatch: the generation being filled is no longer ours.
    """
    if meta.next_space != space or meta.generation + 1 != generation:
        raise EncoderMismatch(
            "another reindex took over while this one was encoding; let it finish, then try again"
        )
