"""Scores of an answer by its words. Pure.

Token F1 and exact match are those of SQuAD (P. Rajpurkar et al., "SQuAD: 100,000+ Questions for
Machine Comprehension of Text", EMNLP 2016): case, punctuation and articles do not count. Beyond
that, signs of every script are dropped, and each Chinese or Japanese character is a token.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import Enum

from remem.benchmarks.datasets.base import Question
from remem.generators.prompts import Prompt
from remem.recall.prompt import neutralise
from remem.store.fulltext.tokens import STOP_WORDS

F1 = "token F1"
EXACT = "exact match"
CONTAINED = "contains the answer"
ABSTAINED = "says it does not know"
"""Of a question that has an answer: to say so is wrong."""
ADMITTED = "admits that nobody said"
"""Of a question without an answer: to say so is right."""


def score_answer(question: Question, answer: str) -> dict[str, float]:
    """Scores of an answer by name, each in [0, 1]: those that are defined for its question.

    A question that cannot be answered has one score only: 1 if the answer admits it, else 0.
    """
    silent = float(abstains(answer))
    if not question.answerable:
        return {ADMITTED: silent}
    gold = question.answer or ""
    return {
        F1: token_f1(answer, gold),
        EXACT: float(exact_match(answer, gold)),
        CONTAINED: float(contains(answer, gold)),
        ABSTAINED: silent,
    }


def token_f1(answer: str, gold: str) -> float:
    """Harmonic mean of precision and recall over tokens, each counted as often as it occurs."""
    given, wanted = answer_tokens(answer), answer_tokens(gold)
    if not given or not wanted:
        return float(given == wanted)
    shared = (Counter(given) & Counter(wanted)).total()
    return 2 * shared / (len(given) + len(wanted))


def exact_match(answer: str, gold: str) -> bool:
    """True if both have the same tokens in the same order."""
    return answer_tokens(answer) == answer_tokens(gold)


def contains(answer: str, gold: str) -> bool:
    """True if the answer has every token of the gold that carries evidence, in any order.

    Stop words carry none, unless the gold has nothing else.
    """
    wanted = set(answer_tokens(gold))
    return bool(wanted) and (wanted - STOP_WORDS or wanted) <= set(answer_tokens(answer))


def answer_tokens(text: str) -> list[str]:
    """The tokens of a text in order, without case, punctuation and articles."""
    letters = "".join(
        each for each in text.lower() if unicodedata.category(each)[0] not in _DROPPED
    )
    return [token for token in _TOKEN.findall(letters) if token not in _ARTICLES]


_DROPPED = frozenset("PS")  # punctuation and symbols, as the categories of Unicode begin
_ARTICLES = frozenset({"a", "an", "the"})
_HAN_KANA = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_HAN_KANA}]|[^\s{_HAN_KANA}]+")


def abstains(answer: str) -> bool:
    """True if an answer says that the answer is not known, was not said, or cannot be told.

    The rule is a list of phrases; an answer that only hedges ("perhaps in May") does not abstain.
    """
    return _ABSTAINS.search(answer.lower().replace("’", "'")) is not None


_TOLD = r"(?:mentioned|specified|stated|provided|said|given|known|discussed|recorded|clear)"
_TELL = r"(?:mention|specify|say|state|contain|indicate|provide|give)"
_PHRASES = (
    r"\bi (?:do not|don't|can not|cannot|can't) (?:know|recall|remember|have|find|see|tell|say)\b",
    rf"\b(?:do|does|did)(?: not|n't) (?:explicitly |specifically )?{_TELL}\b",
    rf"\b(?:is|was|are|were|been)(?: not|n't) (?:explicitly |specifically )?{_TOLD}\b",
    rf"^\W*(?:not|never) (?:explicitly |specifically )?{_TOLD}\b",
    r"\b(?:cannot|can not|can't|could not|couldn't|unable to|impossible to) "
    r"(?:be )?(?:answer|determin|infer|know)",
    r"\bno (?:information|mention|record|indication|evidence|memory|memories|idea)\b",
    r"\b(?:not enough|insufficient) (?:information|context|evidence)\b",
    r"\b(?:unknown|unanswerable|not sure)\b",
    r"不知道|不清楚|不确定|未知|(?:没有?|未)(?:被)?(?:提到|提及|说明|说过|记录|相关信息)",
    r"无法(?:回答|确定|得知|判断)",
)
_ABSTAINS = re.compile("|".join(_PHRASES))


# Whether an answer is right, in the opinion of a model. What it is asked is pure.


class Verdict(Enum):
    """A judge's reply, read; ``UNREADABLE`` if it was neither yes nor no."""

    YES = "yes"
    NO = "no"
    UNREADABLE = "unreadable"


_RUBRIC = """\
Grade the answer to a question about past conversations.

Question: {question}
Correct answer: {gold}
Answer to grade: {answer}

The answer is right if it states the correct answer, in whatever words or form of a date; more
detail does no harm. It is wrong if it does not state the correct answer, states only a part of
it, or contradicts it.
Is the answer right? Reply with one word, yes or no."""

_UNANSWERABLE = "nobody said so; to be right, the answer has to say that this is not known"


def judge_prompt(question: Question, answer: str) -> Prompt:
    """The rubric over one answer; what the model wrote cannot pose as part of it."""
    gold = (question.answer or "") if question.answerable else _UNANSWERABLE
    fields = {"question": question.text, "gold": gold, "answer": answer}
    quoted = {name: " ".join(neutralise(text).split()) for name, text in fields.items()}
    return Prompt(_RUBRIC.format(**quoted))


def read_verdict(reply: str) -> Verdict:
    """The verdict, if the reply's first word is one; nothing is guessed."""
    found = re.match(r"\W*(yes|no)\b", reply.lower())
    return Verdict(found.group(1)) if found else Verdict.UNREADABLE
