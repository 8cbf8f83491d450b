"""A message as an encoder reads it: whole, and each of its questions. Pure but for the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from remem.encoders.sentence_transformer import Encoder, queries_encoded
from remem.recall.reading.asking import as_marked, questions
from remem.recall.reading.question import undated
from remem.recall.reading.tellers import as_told
from remem.recall.relevance import Scale, scale_of
from remem.store import Space, Vector
from remem.views import space_of

_MOST_QUESTIONS = 3
"""Of one message: more are asked together with the rest of it only."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an encoder reads it.

    Attributes:
        vector: Of it: float32, shape (dim,), length 1.
        told: Name -> the same of the question as whoever has that name would put it.
    """

    text: str
    vector: Vector
    told: Mapping[str, Vector]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message with its questions, and what they are to an encoder.

    Attributes:
        asked: The message as it was sent and, if it asks several questions, each of them: it is
            seldom one memory that answers all.
        space: That the vectors are of.
        scale: Of the encoder's cosines.
        across_languages: The encoder says that a question is near its answer in another language.
    """

    asked: tuple[Asked, ...]
    space: Space
    scale: Scale
    across_languages: bool = False

    @staticmethod
    def by(encoder: Encoder, query: str) -> Encoded:
        """A message, encoded."""
        several = questions(query)
        texts = (query, *several) if 1 < len(several) <= _MOST_QUESTIONS else (query,)
        told = [as_told(text) for text in texts]
        all_texts = [*texts, *(text for each in told for text in each.values())]
        vectors = iter(queries_encoded(encoder, [as_marked(undated(text)) for text in all_texts]))
        of_texts = [next(vectors) for _ in texts]
        of_told = [{name: next(vectors) for name in each} for each in told]
        return Encoded(
            asked=tuple(map(Asked, texts, of_texts, of_told)),
            space=space_of(encoder),
            scale=scale_of(encoder),
            across_languages=bool(getattr(encoder, "across_languages", False)),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The message and its questions as they were sent."""
        return tuple(each.text for each in self.asked)
