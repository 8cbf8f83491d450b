"""Windows: the turns around a turn that are encoded with it, besides its own line. Pure.

Each is a view of the record, with vectors and words of its own.

A window is measured in words, not in turns: short chat turns get neighbours, which say what "yes,
at nine" is about, and long ones stand alone, which keeps what they say from being blurred. One rule
thus serves texting and long prose.
"""

from __future__ import annotations

from collections.abc import Sequence

from remem.encoders.reading import reading_of
from remem.encoders.sentence_transformer import Encoder
from remem.store import (
    Record,
    Space,
)
from remem.store.fulltext.tokens import word_count

TURN = "turn"
WINDOW = "window"
VIEWS = (TURN, WINDOW)

WINDOW_WORDS = 100
"""Neighbours join a window while it stays within this many words."""

REACH = 8
"""Most neighbours on either side, however short they are."""

CALL = "call"
"""Kind of a record of what a tool did, such as a command and its output: found by its own words,
and no part of what people said around it."""

PROJECT = "project"
"""Name in the metadata of what was said to or by a coding agent: the folder that it worked in."""

_ALONE = frozenset({"note", CALL})
"""Kinds of records that stand for themselves."""


def line(record: Record) -> str:
    """The indexed line of one record: who said it, or under which headings it stands, and the text.

    Headings are taken from ``metadata["headings"]``, a list of strings.
    """
    if record.speaker:
        return f"{record.speaker}: {record.text}"
    headings = record.metadata.get("headings")
    if isinstance(headings, list) and headings:
        return f"{' > '.join(map(str, headings))}: {record.text}"
    return record.text


def one_line(text: str) -> str:
    """The text in one line, as encoders read it anyway."""
    return text.replace("\n", " ")


def is_agents(record: Record) -> bool:
    """True for what was said where a coding agent worked."""
    return record.kind == TURN and PROJECT in record.metadata


def stands_alone(record: Record) -> bool:
    """True for a record whose window is itself: a note, or history by now."""
    return is_never_quoted(record) or record.superseded_by is not None


def is_never_quoted(record: Record) -> bool:
    """True for a record that is in no other's window and never was: a note."""
    return record.kind in _ALONE


def window_texts(
    records: Sequence[Record], budget: int = WINDOW_WORDS, reach: int = REACH
) -> dict[str, str]:
    """The window of each record, by key: its line alone as it is, or several, each in one line.

    Args:
        records: Records of one source, in order.
        budget: Most words of a window, unless the record alone has more.
        reach: Most neighbours on either side.
    """
    lines = [line(record) for record in records]
    words = [word_count(text) for text in lines]
    alone = [stands_alone(record) for record in records]
    windows: dict[str, str] = {}
    for i, record in enumerate(records):
        first, last = (i, i) if alone[i] else _span(i, words, alone, budget, reach)
        near = lines[first : last + 1]
        windows[record.key] = "\n".join(map(one_line, near)) if len(near) > 1 else lines[i]
    return windows


def _span(
    center: int, words: Sequence[int], alone: Sequence[bool], budget: int, reach: int
) -> tuple[int, int]:
    """First and last index: neighbours join in turns, before and after, while there is room."""
    edges = {-1: center, 1: center}
    room = budget - words[center]
    growing = [-1, 1]
    while growing:
        for side in tuple(growing):
            i = edges[side] + side
            near = 0 <= i < len(words) and abs(i - center) <= reach
            if near and not alone[i] and words[i] <= room:
                edges[side] = i
                room -= words[i]
            else:
                growing.remove(side)
    return edges[-1], edges[1]


def space_of(encoder: Encoder) -> Space:
    """The space of an encoder's vectors, over our views, in the way in which it is used."""
    # Only an encoder that cannot be recognised by its fingerprint has a name.
    name = getattr(encoder, "name", "")
    return Space(encoder.fingerprint, encoder.dim, VIEWS, name, reading_of(encoder))
