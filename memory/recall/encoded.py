"""A message as an encoder reads it: whole, and each of its questions. Pure but for the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from remem.encoders.sentence_transformer import Encoder, queries_encoded
from remem.recall.reading.asking import as_marked, questions
from remem.recall.reading.tellers import as_told
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
        told: Of each, the vectors of how somebody whom it may name would put it, by the name.
        space: That the vectors are of.
        scale: Of the encoder's cosines.
        across_languages: The encoder says that a question is near its answer in another language.
    """

    queries: tuple[str, ...]
    vectors: tuple[Vector, ...]
    told: tuple[Mapping[str, Vector], ...]
    space: Space
    scale: Scale
    across_languages: bool = False

    @staticmethod
    def by(encoder: Encoder, query: str) -> Encoded:
        """A message, encoded."""
        asked = questions(query)
        queries = (query, *asked) if 1 < len(asked) <= _MOST_QUESTIONS else (query,)
        told = [as_told(each) for each in queries]
        texts = [*queries, *(text for each in told for text in each.values())]
        vectors = queries_encoded(encoder, [as_marked(text) for text in texts])
        of_told = iter(vectors[len(queries) :])
        return Encoded(
            queries=queries,
            vectors=tuple(vectors[: len(queries)]),
            told=tuple(dict(zip(each, of_told, strict=False)) for each in told),
            space=space_of(encoder),
            scale=scale_of(encoder),
            across_languages=bool(getattr(encoder, "across_languages", False)),
        )
