"""A message as an encoder reads it: whole, and each of its questions. Pure but for the encoder."""

from __future__ import annotations

from dataclasses import dataclass

from remem.encoders.sentence_transformer import Encoder
from remem.recall.reading.asking import as_marked, questions
from remem.recall.relevance import Scale, scale_of
from remem.store import Space, Vector
from remem.views import space_of

_MOST_QUESTIONS = 3
"""Of one message: more are asked together with the rest of it only."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message with its questions, and what they are to an encoder.

    Attributes:
        queries: The message as it was sent and, if it asks several questions, each of them: it is
            seldom one memory that answers all.
        vectors: Of each: float32, shape (dim,), length 1.
        space: That the vectors are of.
        scale: Of the encoder's cosines.
        across_languages: The encoder says that a question is near its answer in another language.
    """

    queries: tuple[str, ...]
    vectors: tuple[Vector, ...]
    space: Space
    scale: Scale
    across_languages: bool = False

    @staticmethod
    def by(encoder: Encoder, query: str) -> Encoded:
        """A message, encoded."""
        asked = questions(query)
        queries = (query, *asked) if 1 < len(asked) <= _MOST_QUESTIONS else (query,)
        vectors = tuple(encoder.encode_query(as_marked(each)) for each in queries)
        across = bool(getattr(encoder, "across_languages", False))
        return Encoded(queries, vectors, space_of(encoder), scale_of(encoder), across)
