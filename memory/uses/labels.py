"""Labels of texts, learned from some that have one: a linear model in closed form. Pure.

Ridge regression (A. Hoerl and R. Kennard, Technometrics 12(1), 1970) of a column of ones and
zeros for each label, on the encoder's vectors and the tones of the lexicon. How strongly it is
held back is decided by leaving each example out in turn, which one decomposition gives for all of
them. So it is learned in milliseconds, from as many examples as a person gives.

It is asked only about what it knows: a text that is farther from its nearest examples than almost
all examples are from theirs gets no label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from remem.store import InvalidInput
from remem.uses.lexicon import TONES, tones

Floats = NDArray[np.float64]

_STRENGTHS = (0.3, 1.0, 3.0, 10.0)
"""Ridges that are tried."""

_SHARPNESSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Factors before the softmax that are tried: scores of a ridge are no probabilities."""

_LEAST = 1e-9
"""The least that is divided by."""

_NEAREST = 5
"""Examples that decide how near a text is to what is known; at most a quarter of all, because a few
are of everything."""

_STRANGE = 0.05
"""Share of the examples that are as far from the others as what gets no label."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A label for a text.

    Attributes:
        label: The likeliest; None where nothing near is known.
        probability: Of the likeliest label, also where nothing near is known, in [0, 1].
        nearness: Mean cosine with the nearest examples.
        nearest: Numbers of these examples, the nearest first, each with its cosine.
    """

    label: str | None
    probability: float
    nearness: float
    nearest: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model of labels.

    Attributes:
        labels: In alphabetical order.
        vectors: Of the examples, of length 1; shape (n, dim).
        weights, bias: From a text's features to a score for each label.
        sharpness: From scores to logits.
        nearest_known: The least nearness of a text that gets a label.
    """

    labels: tuple[str, ...]
    vectors: Floats
    weights: Floats
    bias: Floats
    sharpness: float
    nearest_known: float

    def judge(self, vectors: NDArray[np.floating], texts: Sequence[str]) -> list[Judgement]:
        """Label texts, given their vectors of shape (len(texts), dim)."""
        if not len(texts):
            return []
        found = np.asarray(vectors, np.float64)
        scores = _features(found, texts) @ self.weights + self.bias
        # As if each label had been right once more: four examples make nobody certain.
        many = len(self.vectors)
        shares = (many * _softmax(self.sharpness * scores) + 1) / (many + len(self.labels))
        cosines = found @ self.vectors.T
        near = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEAREST]
        return [
            self._judgement(shares[row], [(int(at), float(cosines[row, at])) for at in near[row]])
            for row in range(len(texts))
        ]

    def _judgement(self, shares: Floats, nearest: Sequence[tuple[int, float]]) -> Judgement:
        best = int(shares.argmax())
        nearness = fmean(cosine for _, cosine in nearest[: _few(len(self.vectors))])
        label = self.labels[best] if nearness >= self.nearest_known else None
        return Judgement(label, float(shares[best]), nearness, tuple(nearest))


def learned(
    vectors: NDArray[np.floating], texts: Sequence[str], labels: Sequence[str]
) -> Classifier:
    """The model of examples, given their vectors of shape (len(texts), dim), of length 1.

    Raises:
        InvalidInput: fewer than two labels, or two examples of each in the mean.
    """
    names = tuple(sorted(set(labels)))
    _check(labels)
    known = np.asarray(vectors, np.float64)
    features = _features(known, texts)
    targets = np.asarray([[label == name for name in names] for label in labels], np.float64)
    mean, base = features.mean(axis=0), targets.mean(axis=0)
    u, s, vt = np.linalg.svd(features - mean, full_matrices=False)
    projected = u.T @ (targets - base)

    def unseen(strength: float) -> Floats:
        """The scores that a model which had not seen an example would have given it."""
        kept = s**2 / (s**2 + strength)
        missed = targets - base - u @ (kept[:, None] * projected)
        leverage = u**2 @ kept + 1 / len(texts)
        scores: Floats = targets - missed / np.maximum(1 - leverage, _LEAST)[:, None]
        return scores

    def error(strength: float) -> float:
        return float(np.square(targets - unseen(strength)).mean())

    strength = min(_STRENGTHS, key=error)
    weights = vt.T @ ((s / (s**2 + strength))[:, None] * projected)
    sharpness = _sharpness(unseen(strength), targets)
    return Classifier(
        names, known, weights, base - mean @ weights, sharpness, _nearest_known(known)
    )


def _check(labels: Sequence[str]) -> None:
    counts = Counter(labels)
    if not counts:
        raise InvalidInput("there is no example to learn from: label some memories first")
    if len(counts) == 1:
        [(only, count)] = counts.items()
        examples = "example is" if count == 1 else f"{count} examples are"
        raise InvalidInput(
            f"the only {examples} labelled {only!r}: label some memories otherwise, too"
        )
    if sum(counts.values()) < 2 * len(counts):
        raise InvalidInput(
            f"{len(counts)} labels have {sum(counts.values())} examples: label two memories or "
            "more with each"
        )


def _features(vectors: Floats, texts: Sequence[str]) -> Floats:
    toned = np.asarray([tones(text) for text in texts], np.float64).reshape(len(texts), TONES)
    return np.hstack([vectors, toned])


def _softmax(logits: Floats) -> Floats:
    shares: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _sharpness(scores: Floats, targets: Floats) -> float:
    def surprise(sharpness: float) -> float:
        given = (_softmax(sharpness * scores) * targets).sum(axis=1)
        return float(-np.log(np.maximum(given, _LEAST)).mean())

    return min(_SHARPNESSES, key=surprise)


def _nearest_known(known: Floats) -> float:
    """The nearness that all but the strangest examples have, each to the others."""
    cosines = known @ known.T
    np.fill_diagonal(cosines, -np.inf)
    nearness = -np.sort(-cosines, axis=1)[:, : _few(len(known))].mean(axis=1)
    return float(np.quantile(nearness, _STRANGE))


def _few(examples: int) -> int:
    return max(1, min(_NEAREST, examples // 4))
