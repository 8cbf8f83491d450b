"""LoCoMo: long conversations between two people, as the benchmark publishes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import read_elements, sniff
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked, without_empty
from remem.store import Record

_SESSION = re.compile(r"session_(\d+)")
_TURNS_OF_FIRST = re.compile(r"item\.conversation\.session_\d+")
_TIME = re.compile(r"(\d{1,2}):(\d{2}) ([ap])m on (\d{1,2}) (\w+),? (\d{4})", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class LocomoReader:
    """A namespace is a conversation (its ``sample_id``), a source one of its sessions.

    Only what the two people said is read: no questions, answers, summaries or observations. A
    shared photo is a second line, with its caption: "[shares a photo: a dog on a beach]". Times
    are those of the session, in UTC because the format names no zone.
    """

    name = "LoCoMo"

    def detect(self, path: Path) -> bool:
        """True if the first sample is a ``conversation`` of numbered sessions."""
        files = Files(path)
        return files.is_single and any(map(_TURNS_OF_FIRST.fullmatch, sniff(files, path.name)))

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns of each conversation."""
        return read_elements(Files(path, on_bytes), [path.name], "sample", conversation_items)


def conversation_items(
    sample: Mapping[str, Any], number: int, path: Path
) -> Iterator[Item | Problem]:
    """The turns of one sample, the ``number``-th of its file.

    Raises:
        ValueError: the sample is not of the format.
    """
    conversation = as_object(sample.get("conversation"), "its conversation")
    namespace = as_text(sample.get("sample_id"), "its sample_id") or f"conversation-{number}"
    ordinals = (match.group(1) for match in map(_SESSION.fullmatch, conversation) if match)
    for ordinal in sorted(map(int, ordinals)):
        name = f"session_{ordinal}"
        place = f"{name} of {namespace}"
        try:
            turns = as_list(conversation[name], "it")
            said_at = _time(conversation.get(f"{name}_date_time"))
        except ValueError as error:
            yield Problem(path, f"{place} was skipped: {error}")
            continue
        for position, turn in enumerate(turns):
            build = partial(_record, turn, f"session-{ordinal:02d}", position, said_at)
            place_of_turn = f"turn {position + 1} of {place}"
            yield from checked(build, path, place_of_turn, namespace=namespace)


def _record(data: Any, source: str, position: int, said_at: datetime | None) -> Record | None:
    turn = as_object(data, "it")
    caption = as_text(turn.get("blip_caption"), "its caption")
    photo = f"[shares a photo: {caption}]" if caption.strip() else ""
    lines = [line for line in (as_text(turn.get("text"), "its text"), photo) if line.strip()]
    if not lines:
        return None
    return Record(
        key=f"{source}#{as_text(turn.get('dia_id'), 'its dia_id') or position}",
        source=source,
        position=position,
        text="\n".join(lines),
        speaker=as_text(turn.get("speaker"), "its speaker") or None,
        said_at=said_at,
        metadata=without_empty({"caption": caption}),
    )


def _time(value: Any) -> datetime | None:
    """A moment like "1:56 pm on 8 May, 2023", or in ISO 8601; None if there is none."""
    match = _TIME.fullmatch(as_text(value, "its time").strip())
    if not match or match.group(5)[:3].lower() not in _MONTHS:
        return as_time(value)
    hour, minute, half, day, month, year = match.groups()
    return datetime(
        int(year),
        _MONTHS.index(month[:3].lower()) + 1,
        int(day),
        int(hour) % 12 + (12 if half in "pP" else 0),
        int(minute),
        tzinfo=timezone.utc,
    )
