"""Questions about the wrong person: the same question with the name of another speaker. Pure.

"What did Ana plant?" has its answer where Ana says so; "What did Ben plant?" has none, unless Ben
planted the same, which makes such questions a little harder to tell apart than they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.datasets.base import Haystack, Question

__all__ = ["WRONG_PERSON", "wrong_person"]

WRONG_PERSON = "the wrong person"
"""The category of ``wrong_person``."""


def wrong_person(haystack: Haystack) -> Iterator[tuple[Question, Question]]:
    """Each answerable question that names one of the speakers, with the same about another one.

    A speaker is named by the whole name or its first word. Of several others, the next in
    alphabetical order takes the place.
    """
    names = {record.speaker for record in haystack.records if record.speaker}
    if len(names) < 2:
        return
    speakers = sorted(names)
    for question in haystack.questions:
        if not question.answerable or not (question.evidence or question.sources):
            continue
        named = [name for name in speakers if _mention(name).search(question.text)]
        if len(named) == 1:
            other = speakers[(speakers.index(named[0]) + 1) % len(speakers)]
            yield question, _about(other, named[0], question)


def _about(other: str, named: str, question: Question) -> Question:
    text = _mention(named).sub(lambda _: _first(other), question.text)
    return replace(
        question,
        id=f"{question.id}/{WRONG_PERSON}",
        text=text,
        category=WRONG_PERSON,
        evidence={},
        sources={},
        answer=None,
        answerable=False,
    )


def _mention(name: str) -> re.Pattern[str]:
    """The name where a text has it, whole if it stands there whole."""
    forms = (re.escape(form) for form in _forms(name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def _forms(name: str) -> Iterable[str]:
    return dict.fromkeys((name, _first(name)))


def _first(name: str) -> str:
    return name.split()[0] if name.split() else name
