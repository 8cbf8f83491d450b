"""The probability that a memory matters for a message, comparable between searches. Pure.

The score of a ranking says which memory is best, not whether the best is any good: for "hi" there
is a best one too. Relevance looks at what normalising throws away: how near the meaning is, how
much of what the question asks for the memory holds, and how much of it nobody ever spoke of. It is
the product of three probabilities: that something here answers the question, that it speaks of
whom the question names, and that it is this memory, by its place in the ranking.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from remem.encoders.sentence_transformer import Encoder, queries_encoded
from remem.recall.doubts import Evidence, doubt
from remem.recall.rarity import Rarity
from remem.recall.reading.asking import is_question
from remem.recall.reading.dates import Span
from remem.recall.reading.question import Query, named_among
from remem.recall.reading.sentences import is_prose
from remem.recall.reading.smalltalk import is_greeting, is_small_talk
from remem.recall.reading.tongues import tongue_of
from remem.recall.recollection import Recollection
from remem.store import Hit, InvalidInput
from remem.store.fulltext.tokens import split_words, tokenize, word_tokens
from remem.views import line

FLOOR = 0.0002
"""Memories of a lower relevance are left out of a prompt, by default: only those of a search that
found nothing to the matter, because what fits into a prompt may as well be read."""


def text_reach(
    legs: Mapping[str, Sequence[Hit]], query: Query, rarity: Rarity, same: float
) -> dict[str, float]:
    """The worth of the best hit of each full-text leg, in [0, 1]: the square of the share of the
    question that it holds, and all where the memories are in the language of the question.

    Its words tell much where they are all there. Where the answer may be in another language, a
    memory that shares half of them by chance must not count as if it had them all.

    Args:
        same: See ``share_in_tongue``.
    """

    def held(hit: Hit) -> float:
        return rarity.covered(query.tokens.keys() & {*tokenize(line(hit.record))})

    return {
        leg: same + (1.0 - same) * held(hits[0]) ** 2
        for leg, hits in legs.items()
        if leg.startswith("text") and hits
    }


def share_in_tongue(question: str, legs: Mapping[str, Sequence[Hit]]) -> float:
    """The share of the memories nearest to a question that are in its language, beyond one half,
    in [0, 1]: 1 if all of them are, and 0 if half or less."""
    nearest = [hit.record.text for hit in legs.get("dense turn", ())[:_NEAREST]]
    if not nearest:
        return 0.0
    tongue = tongue_of(question)
    same = sum(tongue_of(text) == tongue for text in nearest) / len(nearest)
    return max(0.0, 2.0 * same - 1.0)


_NEAREST = 20


def relevant(recollections: Sequence[Recollection], floor: float) -> list[Recollection]:
    """Those of at least this relevance.

    Raises:
        InvalidInput: the floor is not in [0, 1].
    """
    if not 0.0 <= floor <= 1.0:
        raise InvalidInput(f"the floor of relevance is between 0 and 1, not {floor}")
    return [one for one in recollections if one.relevance >= floor]


def judged(
    query: Query,
    ranking: Sequence[Recollection],
    cosines: Mapping[str, float],
    scale: Scale,
    rarity: Rarity,
    k: int,
    *,
    is_known: bool = False,
    reads_all: bool = False,
) -> list[Recollection]:
    """The first k of a ranking, with the relevance of each, the words that the query asks for, and
    the doubt that they answer it.

    Whether anything here matters is judged by the best memories together: an answer given in a few
    words is neither near in meaning nor full of the question's words, but those around it are.

    Args:
        ranking: Best first, and not yet cut to k, so that k has no say in what is relevant.
        cosines: By key, of the records that the dense legs returned; of others it is only known
            that they are no nearer.
        is_known: Somebody stated what the question asks for.
        reads_all: The encoder is one of all languages.
    """
    if not ranking or not ranking[0].score:
        return list(ranking[:k])
    if query.only_when and not is_greeting(query.text):
        return [_by_time(one, query.spans) for one in ranking[:k]]
    best = ranking[:_BEST]
    words = [_words_of(one, query.tokens.keys()) for one in ranking[: max(k, _BEST)]]
    farthest = min(cosines.values(), default=scale.unrelated)
    nearness = max(scale.nearness(cosines.get(one.record.key, farthest)) for one in best)
    covered = max(rarity.covered(held.keys()) for held in words[:_BEST])
    worth = _worth(nearness, covered, rarity.foreign, rarity.experience)
    if worth < _least_worth(query) or is_small_talk(query.text):
        worth = 0.0
    right_person = _of_the_right_person(query, ranking)
    worth *= right_person
    held_by = [held.keys() for held in words]
    evidence = Evidence(
        nearness, covered, right_person, rarity.weights, held_by, is_known, reads_all
    )
    why = doubt(query, ranking, evidence)
    return [
        replace(one, relevance=worth * share, words=tuple(dict.fromkeys(held.values())), doubt=why)
        for one, share, held in zip(ranking[:k], _shares(ranking), words, strict=False)
    ]


def _by_time(one: Recollection, spans: Sequence[Span]) -> Recollection:
    """A memory with its relevance where no word says what a question is about: how close it is to
    one of the times that it names."""
    said = one.record.said_at
    if said is None:
        return one
    return replace(one, relevance=max((span.closeness(said) for span in spans), default=0.0))


def _worth(nearness: float, covered: float, foreign: float, experience: float) -> float:
    """Probability that a question's answer is remembered.

    A logistic regression of questions about a memory against questions about somebody else's and
    off-topic messages, over five data sets, with rounded coefficients; see benchmarks/README.md.

    Args:
        nearness: Of the nearest memory; see ``Scale.nearness``.
        covered: Of the memory that covers most; see ``Rarity.covered``.
        foreign: See ``Rarity.foreign``.
        experience: See ``Rarity.experience``. The fit is of namespaces that have it all; while
            there is little to choose from, a memory is let through rather than held back.
    """
    against = 5.0 - 2.5 * (1.0 - experience) + 2.8 * foreign * experience**2
    return _probability(12.8 * nearness + 3.8 * covered - against)


def _of_the_right_person(query: Query, ranking: Sequence[Recollection]) -> float:
    """The probability that what was found speaks of whom the question names: where one of several
    speakers is named, by how far the best of theirs stands above the best of the others."""
    lead = lead_of_named(query.names, ranking)
    return 1.0 if lead is None else _probability(1.0 + 9.0 * lead)


def lead_of_named(names: Set[str], ranking: Sequence[Recollection]) -> float | None:
    """The lead of the best memory of whom a question names over the best of all others, in shares
    of the first score, leaving out what the name itself adds; below 0 where another one leads.

    Args:
        names: Of the question; see ``question.names_in``.
        ranking: Best first, with the parts of the scores.

    Returns:
        None where not exactly one of several speakers is named.
    """
    scores: dict[str, float] = {}
    for one in ranking:
        if one.record.speaker:
            score = one.score - one.parts.get("speaker", 0.0)
            scores[one.record.speaker] = max(score, scores.get(one.record.speaker, score))
    named = named_among(names, scores.keys())
    if len(named) != 1 or len(scores) < 2:
        return None
    others = max(score for name, score in scores.items() if name not in named)
    return (scores[min(named)] - others) / ranking[0].score


def _shares(ranking: Sequence[Recollection]) -> Iterator[float]:
    """The probability that each memory holds the answer, or a part of it, if there is one: by its
    rank, and by how far it stands above the tenth, measured by the best."""
    highest = ranking[0].score
    tenth = ranking[min(_BEST, len(ranking)) - 1].score
    for rank, one in enumerate(ranking, 1):
        yield _probability(4.5 * (one.score - tenth) / highest - 1.0 * math.log(rank) - 1.1)


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))


def _least_worth(query: Query) -> float:
    """The worth below which nothing is relevant.

    A question is about what is remembered even if nobody used its words: "What is my address?"
    stands for the street that was moved into. What asks nothing must be nearer, and nearer still
    if it is code or a log, which share words with any talk about them.
    """
    if is_question(query.text):
        return 0.01
    return 0.15 if is_prose(query.text) else 0.7


_BEST = 10
"""Memories by which a question is judged."""

_MOST_CHARACTERS = 20_000
"""Of a longer text the beginning is searched for words; ten megabytes would take a second."""


def _words_of(recollection: Recollection, tokens: Set[str]) -> dict[str, str]:
    """Token -> the word as written, for those of the tokens that the record's line holds."""
    return {
        token: word
        for word in split_words(line(recollection.record)[:_MOST_CHARACTERS])
        for token in word_tokens(word)
        if token in tokens
    }


# How near two texts are in meaning, on one scale for all encoders.
#
# The cosine of unrelated texts is about 0.05 with all-MiniLM-L6-v2 and 0.8 with the E5 family, so
# a cosine by itself says nothing. The mean cosine of texts that have nothing to do with each
# other is the zero of the scale, and 1 stays 1.


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
        questions = np.stack(queries_encoded(encoder, _QUESTIONS))
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
