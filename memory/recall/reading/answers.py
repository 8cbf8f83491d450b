"""Kinds of answers: a question may say what its answer holds, a number, a name or a time. Pure.

"What is the dog called?" is answered by "She is retired from racing, and her name is Pickle", which
has no dog in it, and not by "She wanted a dog more than I did".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from remem.recall.reading.asking import without_opening
from remem.recall.reading.states import TWO_TO_TWELVE
from remem.store.fulltext.folding import CAPITALS, SMALLS

_MOST_CHARACTERS = 2000
"""Of longer texts the beginning is looked at; they hold a number and a name in any case."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer.

    Attributes:
        asked: In questions for it.
        held: In texts that give it.
        worth: How much that says for a text, in [0, 1]: many hold a number, few a name.
    """

    asked: re.Pattern[str]
    held: re.Pattern[str]
    worth: float


KINDS = (
    Kind(
        re.compile(
            r"\b(?:names?|named|called|hei(?:ß|ss)(?:t|en)|namen?|appelle|nom|llama[ns]?|nombre"
            r"|chiama(?:no)?|chamam?|nome|зовут|имя)\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b[Nn]ame[sdn]?\b|\b[Nn]om(?:e|bre)?\b|\bимя\b|\bзовут\b"
            r"|\b(?:[Cc]all(?:ed|s)?|hei(?:ß|ss)(?:t|en)|appelle|llaman?|chiaman?o?|chamam?)"
            rf"(?: (?:it|him|her|them|me|us))? [\"“‘'«]?[{CAPITALS}]"
        ),
        1.0,
    ),
    Kind(
        re.compile(
            r"\bhow (?:much|many|old|long|strong|far|big|tall|high|heavy)\b"
            r"|\b(?:price|cost|amount|percentage)\b"
            r"|\bwie (?:viele?|alt|lange?|weit|gro(?:ß|ss)|hoch)\b"
            r"|\bcombien\b|\bquel âge\b|\bcuánt[oa]s?\b|\bquant[oaie]s?\b|\bсколько\b",
            re.IGNORECASE,
        ),
        re.compile(
            rf"\d|\b(?:one|{TWO_TO_TWELVE}|twenty"
            r"|thirty|forty|fifty|hundred|thousand|half|dozen|once|twice)\b",
            re.IGNORECASE,
        ),
        2 / 3,
    ),
    Kind(
        re.compile(r"\b(?:who|whose|whom|where|which (?:city|country|place))\b", re.IGNORECASE),
        re.compile(rf"(?<=[a-z,;:'’] )[{CAPITALS}][{SMALLS}]+"),  # English writes other nouns small
        2 / 3,
    ),
    Kind(
        re.compile(
            r"^when\b|\bwhat (?:time|date|day)\b|\bwhich (?:day|month|year)\b", re.IGNORECASE
        ),
        re.compile(
            r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
            r"|\b(?:january|february|march|april|may|june|july|august|september|october|november"
            r"|december|yesterday|tomorrow|today|tonight|ago|morning|evening)\b"
            r"|\b(?:last|next|this) (?:week|month|year|night|weekend|summer|winter|spring|fall)\b",
            re.IGNORECASE,
        ),
        2 / 3,
    ),
)
"""For questions in English, and for numbers and names in six languages besides. Chinese words for
these are in most texts, and tell nothing."""


def kinds_of_answer(question: str) -> list[Kind]:
    """The kinds of answer that a question asks for, most often one or none."""
    asked = without_opening(question)
    return [kind for kind in KINDS if kind.asked.search(asked)]


def answer_held(text: str, kinds: list[Kind]) -> float:
    """The worth of a text, in [0, 1], for holding an answer of one of the kinds."""
    worth = [kind.worth for kind in kinds if kind.held.search(text, 0, _MOST_CHARACTERS)]
    return max(worth, default=0.0)
