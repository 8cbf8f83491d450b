"""Demands of a question on its answer: an age, a home, or that somebody has something. Pure.

"How old is Maya?" is not answered by "The old theatre is open again", "What is her old address?" by
"An old couple", nor "Does Maya have children?" by "I work in the children's section", however near
they are. Only questions in English whose answer can be told by its form make a demand; all others
are answered by what comes nearest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from itertools import pairwise
from typing import Literal

from remem.recall.reading.asking import without_opening
from remem.recall.reading.states import TWO_TO_TWELVE
from remem.store.fulltext.tokens import content_words, tokenize

Demand = Callable[[str], bool]
"""True of a text that can be the answer."""

_NUMBER = (
    rf"(?:\d{{1,4}}|one|{TWO_TO_TWELVE}|\w+teen|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|ninety|a hundred)(?:-\w+)?"
)
_HOW_OLD = re.compile(r"\bhow old\b|\bwhat age\b|\b(?:my|'s|’s) age\b", re.IGNORECASE)
_AGE = re.compile(
    rf"\b{_NUMBER}[- ](?:years?|months?|weeks?|days?)\b|\b{_NUMBER}(?:st|nd|rd|th) birthday\b"
    rf"|\b(?:aged?|age of|turn(?:s|ed|ing)?|celebrated)\W+(?:\w+ )?{_NUMBER}\b"
    rf"|\b(?:am|is|are|was|were|be|['’](?:m|s|re))\s+(?:only |just |now |already |about )*{_NUMBER}"
    r"(?=\s*(?:[.,;!?)]|$|(?:now|today|yesterday|tomorrow|this|last|next|in|on|and|but)\b))"
    r"|\b(?:born|built|founded|made in \d{4}|since \d{4})\b",
    re.IGNORECASE,
)

_WHERE_AT_HOME = re.compile(
    r"(?:\b(?:my|our|his|her|their)|['’]s)(?: (?!e-?mail|mail|web|ip)\w+)? address\b"
    r"|\bwhere (?P<verb>do|does|did|am|is|are|was|were) (?:\S+ ){1,3}?(?:live|living|reside)\b",
    re.IGNORECASE,
)
_AT_HOME = re.compile(
    r"(?i:\b(?:live[sd]?|living|resid\w+|mov(?:e|ed|es|ing)|relocat\w+|settled|address|street|road"
    r"|avenue|flat|apartment|house|home|lodg\w+|rent(?:s|ed|ing)?|dorm)\b)"
    r"|\b\d{1,4} (?:[A-Z]\w+ )?[A-Z]\w+|\w{3,} \d{1,4}(?=[,.;!)]|$)",
)
_EARLIER = re.compile(
    r"\b(?:before|old|previous(?:ly)?|former(?:ly)?|earlier|used to|last)\b", re.IGNORECASE
)
_WAS = re.compile(
    r"\b(?:lived|used to|moved (?:from|out|away)|before|previous(?:ly)?|former(?:ly)?|back then"
    r"|was living|were living|my old|our old)\b",
    re.IGNORECASE,
)

_HAS = re.compile(
    r"^\W*(?:do|does|did|have|has)\s+(?:\S+\s+){1,3}?(?:have|own|got)\s+(?!to\b)"
    r"(?:(?:a|an|any|some|the|many)\s+)?(?P<what>[\w'’-]+(?:\s[\w'’-]+){0,3})",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"^\W*how many\s+(?P<what>\w+(?:\s\w+)?)\s+(?:do|does|did|have|has)\s+(?:\S+\s+){1,3}?"
    r"(?:have|own|got)\b",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s(?:for|in|on|at|with|to|of|and|or|about|from|by|after|before|during|that|which|who|whose"
    r"|called|named|now|yet|left|today|tonight|tomorrow|already|soon|still|too|again|anymore|when"
    r"|this|next|last|any ?where|instead|these|nearby|scheduled|planned|booked)\b.*",
    re.IGNORECASE,
)
_HOLDS = frozenset(
    "my our have had having ve got get getting own adopted adopting bought expecting".split()
)
_REACH = 4
"""Words before a thing among which one says that somebody has it."""

_WHETHER = re.compile(
    r"\W*(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|should)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\bwhat(?:['’]s| is| was| are| were)? (?:\S+ ){1,3}?(?P<called>\w+) (?:called|named)\b"
    r"|\bname of (?:\S+ ){0,2}?(?P<of>\w+)\W*$",
    re.IGNORECASE,
)

_KINDS = (
    ("child children kid kids", "son sons daughter daughters baby boy girl twins"),
    ("sibling siblings", "brother brothers sister sisters"),
    ("pet pets", "dog dogs cat cats puppy kitten hamster rabbit parrot"),
)
"""Words for things, and for those that are such things."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[^.!?\n]+")


def demand_of(question: str) -> Demand | None:
    """The demand that a question makes; None: any text may be its answer."""
    question = without_opening(question)
    if _HOW_OLD.search(question):
        return lambda text: _AGE.search(text) is not None
    if _WHERE_AT_HOME.search(question):
        return lambda text: _AT_HOME.search(text) is not None
    if found := _HAS.match(question) or _MANY.match(question):
        return _having(found["what"])
    return None


def is_yes_or_no(question: str) -> bool:
    """True if a question is whether something is so."""
    return _WHETHER.match(without_opening(question)) is not None


def thing_to_be_named(question: str) -> Set[str]:
    """The token of the thing whose name a question asks for; none if it asks for something else."""
    found = _NAMED.search(question)
    return set(tokenize(found["called"] or found["of"])) if found else set()


def time_of_home(question: str) -> Literal["", "then", "now"]:
    """The time of which a question asks for somebody's home or address: the one that was before,
    or the present one; empty if it asks for something else, or does not say."""
    home = _WHERE_AT_HOME.search(question)
    if home is None:
        return ""
    if _EARLIER.search(question):
        return "then"
    return "" if home["verb"] in ("did", "was", "were") else "now"


def is_past(text: str) -> bool:
    """True if a text speaks of what was so."""
    return _WAS.search(text) is not None


def _having(what: str) -> Demand | None:
    """The demand that somebody has something of a kind, by its last word."""
    words = list(content_words(_BEHIND.sub("", what)))
    if not words:
        return None
    wanted = {words[-1]}
    for general, special in _KINDS:
        if words[-1] in tokenize(general):
            wanted |= {*tokenize(general), *tokenize(special)}

    def holds(text: str) -> bool:
        return any(_says_so(sentence, wanted) for sentence in _SENTENCE.findall(text))

    return holds


def _says_so(sentence: str, wanted: set[str]) -> bool:
    words = _WORD.findall(sentence)
    return any(
        not wanted.isdisjoint(tokenize(word)) and _is_held(words[:place])
        for place, word in enumerate(words)
    )


def _is_held(before: Sequence[str]) -> bool:
    """True if the words before a thing say that the speaker has it, or somebody of a name: "my
    sister's children" and "she has children" are another's."""
    near = [word.lower() for word in before[-_REACH:]]
    if "s" in near:
        return False
    named = any(
        word == "has" and name.istitle() and name.lower() not in ("she", "he", "it", "who")
        for name, word in pairwise(before[-_REACH - 1 :])
    )
    return named or ("has" not in near and not _HOLDS.isdisjoint(near))
