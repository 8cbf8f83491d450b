"""Whether an answer is right, in the opinion of a model. What it is asked is pure."""

from __future__ import annotations

import re
from enum import Enum

from benchmarks.datasets.base import Question
from memory.attach.layout import Prompt
from memory.recall.prompt import neutralise

__all__ = ["Verdict", "judge_prompt", "read_verdict"]


class Verdict(Enum):
    """What a judge said; ``UNREADABLE`` where it was neither yes nor no."""

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
