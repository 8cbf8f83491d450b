"""The reasoning that a model writes in front of its answer; it is not what was said. Pure.

Servers that do not take it apart leave it in the answer, between ``<think>`` and ``</think>`` or
tags like these, and sometimes without the first tag, because the model's template wrote that one.
"""

from __future__ import annotations

import re

__all__ = ["without_reasoning"]

_NAMES = r"think|thinking|thought|reasoning"
_OPENING = re.compile(
    rf"\s*<(?:(?P<name>{_NAMES})|(?P<details>details)\s+type=[\"']reasoning[\"'][^<>]*)>",
    re.IGNORECASE,
)
_CLOSING_ALONE = re.compile(rf"</(?:{_NAMES})>", re.IGNORECASE)
_OPENING_ANYWHERE = re.compile(rf"<(?:{_NAMES})>", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_ENDS = frozenset('\n.!?…:;)]}"”*。！？；：）」』।؟')
"""Last characters of a thought, in the scripts that have sentences with an end."""


def without_reasoning(answer: str) -> str:
    """The words of an assistant without the reasoning in front of them.

    Only what stands in front counts: an assistant that speaks about these tags, in a sentence or in
    code, keeps its words. Reasoning that does not end is all there is of an answer: nothing was
    said.
    """
    place = 0
    while opening := _OPENING.match(answer, place):
        name = opening["name"] or opening["details"]
        # One between backticks is spoken of, and ends nothing.
        closing = re.compile(rf"(?<!`)</{name}>|</{name}>(?!`)", re.IGNORECASE)
        found = closing.search(answer, opening.end())
        if found is None:
            return ""
        place = found.end()
    place = place or _end_without_beginning(answer)
    return answer[place:].lstrip() if place else answer


def _end_without_beginning(text: str) -> int:
    """The place where the answer begins behind reasoning without a first tag; 0: there is no
    such reasoning."""
    closing = _CLOSING_ALONE.search(text)
    if closing is None:
        return 0
    before, after = text[: closing.start()], text[closing.end() :]
    line = before.rpartition("\n")[2]
    in_code = line.count("`") % 2 or len(_FENCE.findall(before)) % 2
    last = before.rstrip(" \t\r")[-1:]
    ends_a_thought = not last or last in _ENDS or after[:1] in ("", "\n", "\r")
    if in_code or _OPENING_ANYWHERE.search(before) or not ends_a_thought:
        return 0
    return closing.end()
