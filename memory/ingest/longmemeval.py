"""LongMemEval: haystacks of chat sessions, as the benchmark publishes them (.json or .json.gz)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import read_elements, sniff
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked
from remem.store import Record

_TIME = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?: \(\w+\))?(?: (\d{1,2}):(\d{2}))?")


class LongMemEvalReader:
    """A namespace is the haystack of one question (its ``question_id``), a source a session.

    Sessions are named by their place in the haystack, because the original ids tell which ones
    hold the answer. Questions, answers and labels are never read into a record. Times are those
    of the session, in UTC because the format names no zone.
    """

    name = "LongMemEval"

    def detect(self, path: Path) -> bool:
        """True if the first item has ``haystack_sessions``."""
        files = Files(path)
        return files.is_single and "item.haystack_sessions" in sniff(files, path.name)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns of each haystack."""
        return read_elements(Files(path, on_bytes), [path.name], "item", haystack_items)


def haystack_items(item: Mapping[str, Any], number: int, path: Path) -> Iterator[Item | Problem]:
    """The turns of one item's haystack; the item is the ``number``-th of its file.

    Raises:
        ValueError: the item is not of the format.
    """
    namespace = as_text(item.get("question_id"), "its question_id") or f"item-{number}"
    sessions = as_list(item.get("haystack_sessions"), "its list of sessions")
    dates = as_list(item.get("haystack_dates"), "its list of dates")[: len(sessions)]
    for ordinal, (turns, date) in enumerate(zip_longest(sessions, dates), start=1):
        source = session_name(ordinal)
        place = f"{source} of {namespace}"
        try:
            turns, said_at = as_list(turns, "it"), as_date(date)
        except ValueError as error:
            yield Problem(path, f"{place} was skipped: {error}")
            continue
        for position, turn in enumerate(turns):
            build = partial(_record, turn, source, position, said_at)
            place_of_turn = f"turn {position + 1} of {place}"
            yield from checked(build, path, place_of_turn, namespace=namespace)


def session_name(ordinal: int) -> str:
    """Name of the ``ordinal``-th session of a haystack, counted from 1."""
    return f"session-{ordinal:03d}"


def _record(data: Any, source: str, position: int, said_at: datetime | None) -> Record | None:
    turn = as_object(data, "it")
    text = as_text(turn.get("content"), "its content")
    if not text.strip():
        return None
    return Record(
        key=f"{source}#{position}",
        source=source,
        position=position,
        text=text,
        role=as_text(turn.get("role"), "its role") or None,
        said_at=said_at,
    )


def as_date(value: Any) -> datetime | None:
    """A moment like "2023/05/20 (Sat) 02:21", or in ISO 8601; None for an undated session."""
    match = _TIME.fullmatch(as_text(value, "its date").strip())
    if not match:
        return as_time(value)
    year, month, day, hour, minute = (int(number or 0) for number in match.groups())
    return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)
