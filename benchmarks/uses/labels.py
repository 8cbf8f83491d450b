"""Labels against people's ratings: the four sets of short texts that VADER's source archive has.

The archive is ``vaderSentiment-3.3.2.tar.gz`` on PyPI (MIT licence; C. J. Hutto and E. Gilbert,
ICWSM 2014): snippets of film reviews, of product reviews, tweets, and sentences of editorials, each
rated by twenty people from -4 to 4.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice, permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.intervals import Interval, mean_interval
from remem.benchmarks.trust import auroc
from remem.encoders.sentence_transformer import Encoder
from remem.store import InvalidInput
from remem.store.errors import MissingDependency
from remem.uses.labels import Classifier, learned

SETS = {
    "films": "movieReviewSnippets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}
EXAMPLES = (10, 30, 100, 300)
_DRAWS = 10
_TESTED = 3000
_NEUTRAL = 0.5
"""Ratings from -.5 to .5 are neutral."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A set of texts with their vectors and labels: good, bad or neutral."""

    name: str
    texts: Sequence[str]
    labels: Sequence[str]
    vectors: NDArray[np.float32]

    def some(self, chosen: Sequence[int]) -> Rated:
        """A part of the set."""
        texts, labels = ([of[at] for at in chosen] for of in (self.texts, self.labels))
        return Rated(self.name, texts, labels, self.vectors[list(chosen)])

    def classifier(self) -> Classifier:
        """The model that is learned from all of it."""
        return learned(self.vectors, self.texts, self.labels)


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Figures of a set.

    Attributes:
        accuracy: Number of examples -> share of right labels, where one has to be given.
        answered: The same share, of the texts that got a label, with the most examples.
        unknown: Share of the texts of the same kind that got none.
        vader: Share that VADER's own rules label right, without an example.
        commonest: Share that the commonest label has.
    """

    name: str
    accuracy: Mapping[float, Interval]
    answered: float
    unknown: float
    vader: float
    commonest: float


def rated_sets(folder: Path, encoder: Encoder) -> Iterator[Rated]:
    """The sets in a folder, each with as many texts as are needed.

    Raises:
        InvalidInput: one of them is not there.
    """
    for name, file in SETS.items():
        path = folder / file
        if not path.is_file():
            raise InvalidInput(
                f"{path} is not there; unpack additional_resources/hutto_ICWSM_2014.tar.gz of the "
                "source archive of vaderSentiment 3.3.2 and name its folder"
            )
        rows = [line.split("\t") for line in path.read_text("utf-8", "replace").splitlines()]
        rows = [row for row in rows if len(row) > 2]
        chosen = random.Random(0).sample(rows, min(len(rows), max(EXAMPLES) + _TESTED))
        texts = [row[2] for row in chosen]
        labels = [_label(float(row[1])) for row in chosen]
        yield Rated(name, texts, labels, encoder.encode_documents(texts))


def _label(rating: float) -> str:
    return "good" if rating > _NEUTRAL else "bad" if rating < -_NEUTRAL else "neutral"


def figures(of: Rated) -> LabelFigures:
    """Learn from some of a set and label the rest, several times."""
    right: dict[int, list[float]] = {}
    answered: list[float] = []
    unknown: list[float] = []
    for order in islice(_draws(of), _DRAWS):
        rest = of.some(order[max(EXAMPLES) :])
        for many in EXAMPLES:
            model = of.some(order[:many]).classifier()
            must = replace(model, nearest_known=-1.0).judge(rest.vectors, rest.texts)
            hits = [one.label == label for one, label in zip(must, rest.labels, strict=True)]
            right.setdefault(many, []).extend(map(float, hits))
        may = model.judge(rest.vectors, rest.texts)
        unknown += [float(one.label is None) for one in may]
        answered += [
            float(one.label == label)
            for one, label in zip(may, rest.labels, strict=True)
            if one.label is not None
        ]
    commonest = max(of.labels.count(label) for label in set(of.labels)) / len(of.labels)
    shares = {float(many): mean_interval(hits) for many, hits in right.items()}
    return LabelFigures(
        of.name,
        {many: share for many, share in shares.items() if share},
        float(np.mean(answered)),
        float(np.mean(unknown)),
        _vader(of),
        commonest,
    )


def _draws(of: Rated) -> Iterator[list[int]]:
    """Orders of the texts by chance, the examples first. From examples of one label nothing can be
    learned, so such an order is left out."""
    fewest = min(2, len(set(of.labels)))
    for seed in count():
        order = np.random.default_rng(seed).permutation(len(of.texts)).tolist()
        if len({of.labels[at] for at in order[: min(EXAMPLES)]}) >= fewest:
            yield order


def _vader(of: Rated) -> float:
    """VADER's rules with the bounds that its authors give."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise MissingDependency("the comparison with VADER", "'remem[labels]'") from error
    analyzer = SentimentIntensityAnalyzer()
    scores = [analyzer.polarity_scores(text)["compound"] for text in of.texts]
    told = ["good" if one >= 0.05 else "bad" if one <= -0.05 else "neutral" for one in scores]
    return float(np.mean([one == label for one, label in zip(told, of.labels, strict=True)]))


def strangers(sets: Sequence[Rated]) -> dict[tuple[str, str], float]:
    """Separation of the texts of another set from those of the set that was learned: (learned,
    other) -> area under the ROC curve of the nearness."""
    found: dict[tuple[str, str], float] = {}
    for own, other in permutations(sets, 2):
        model = own.some(range(max(EXAMPLES))).classifier()
        rest = own.some(range(max(EXAMPLES), len(own.texts)))
        near, far = (
            [one.nearness for one in model.judge(each.vectors, each.texts)]
            for each in (rest, other)
        )
        area = auroc(near, far)
        if area is not None:
            found[own.name, other.name] = area
    return found
