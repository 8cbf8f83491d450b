"""How near two texts are in meaning, on one scale for all encoders.

The cosine of unrelated texts is about 0.05 with all-MiniLM-L6-v2 and 0.8 with the E5 family, so a
cosine by itself says nothing. The mean cosine of texts that have nothing to do with each other is
the zero of the scale, and 1 stays 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memory.encoder import Encoder

__all__ = ["Scale", "scale_of"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one encoder.

    Attributes:
        unrelated: Mean cosine of a question and a text that have nothing to do with each other.
    """

    unrelated: float

    def nearness(self, cosine: float) -> float:
        """The cosine on the common scale, in [-1, 1]: 0 for unrelated texts, 1 for equal ones."""
        nearness = (cosine - self.unrelated) / max(1.0 - self.unrelated, 1e-6)
        return max(-1.0, min(1.0, nearness))


def scale_of(encoder: Encoder) -> Scale:
    """The scale of an encoder; measured once in a process, in a fifth of a second."""
    # By fingerprint, because encoders come and go, and several may share one model. Two threads
    # that measure at the same time find the same.
    fingerprint = encoder.fingerprint
    if fingerprint not in _SCALES:
        questions = np.stack([encoder.encode_query(question) for question in _QUESTIONS])
        cosines = questions @ encoder.encode_documents(_TEXTS).T
        _SCALES[fingerprint] = Scale(float(cosines.mean()))
    return _SCALES[fingerprint]


_SCALES: dict[str, Scale] = {}

_QUESTIONS = (
    "When did Ruben hand in his thesis?",
    "Which brand of tyres is on the van?",
    "Does anybody in the choir sing bass?",
    "How deep is the well behind the barn?",
)
_TEXTS = (
    "Ines: The soup needs more salt, and I forgot the bread again.",
    "The committee moved the vote to the second week of autumn.",
    "Oskar: My tooth hurts so much that I can hardly talk.",
    "Copper conducts heat better than steel does.",
    "Lena: We saw two otters by the harbour before breakfast!",
    "Refunds are paid within ten days by bank transfer.",
    "Tomas: I could not log in, so I restarted the router.",
    "The novel begins with a storm and ends with a wedding.",
)
