"""Decisions: words that settle something, told from requests and from talk about it. Pure.

Where an agent works, what a user says is mostly a request, which uses the words of every question
about the same matter and answers none. English only: in other languages nothing is a decision, and
the ranking is as it is without this.
"""

from __future__ import annotations

import re

from remem.recall.reading.asking import is_question
from remem.recall.reading.sentences import statements
from remem.store.fulltext.folding import straight

_SETTLES = re.compile(
    r"\b(?:decid(?:e|ed|ing)|decision|settl(?:e|ed) on|let us settle|let's settle|settled|"
    r"(?:we|i|let us|let's|to) (?:will )?(?:go|went|stay|stick|stuck) with|"
    r"chos(?:e|en)|choose|opt(?:ed)? for|agreed (?:on|to|that)|"
    r"switch(?:ed)? (?:over )?to|moved? (?:over )?to|replac(?:e|ed) .{1,60} (?:by|with)|"
    r"from now on|no longer|instead of|changed (?:my|our) minds?|take (?:that|it|this) back|"
    r"rule:|convention|always use|never use|must (?:not )?use|"
    r"because|(?:the|our) reason (?:is|was)|, (?:since|as) (?:it|the|we|they|a|an|there|nobody)\b)",
    re.IGNORECASE,
)
_MOST_CHARACTERS = 4000


def decides(text: str) -> bool:
    """True if a text settles something, or gives the reason for what is settled."""
    beginning = straight(text[:_MOST_CHARACTERS])
    if _SETTLES.search(beginning) is None:  # as of most
        return False
    settling = (each for each in statements(beginning) if _SETTLES.search(each))
    return any(not is_question(each) for each in settling)
