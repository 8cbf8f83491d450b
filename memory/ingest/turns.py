"""Turns of exports of many programs, told apart by a table of formats: one reader for all.

A ``Format`` says which files are its own, what their list of conversations or of messages is, and
what one element of it says. The rest, such as keys, places and problems, is the same for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import Entered, json_lines, json_pieces, sniff
from remem.ingest.parsing import Clock, checked, without_empty
from remem.store import Record

BROKEN = (ValueError, TypeError, LookupError, AttributeError)
"""Errors of taking apart what is not laid out as its format has it."""

_SNIFFED_LINES = 20
_REMEMBERED_SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Turn:
    """Words that somebody said; empty ones are left out.

    Attributes:
        text: The words.
        role: Of an assistant's conversation: "user" or "assistant".
        speaker: Name of the person who said it.
        said_at: Time at which it was said.
        identity: Its own name in its conversation; its number, if it has none.
        place: Of turns in one instant, in a list that begins with the newest.
        session: Name of its conversation, if it names one itself.
        origin: Source of the words, if it is not the speaker.
        metadata: All else that is known.
        kind: As in ``Record``.
    """

    text: str
    role: str = ""
    speaker: str = ""
    said_at: datetime | None = None
    identity: str = ""
    place: int = 0
    session: str = ""
    origin: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "turn"


@dataclass(slots=True)
class Chat:
    """Facts that a file tells about itself before its messages, filled in while it is read.

    Attributes:
        path: The file.
        name: The file's, without its ending.
        facts: Fields beside the list, or those that earlier lines told.
    """

    path: Path
    name: str
    facts: dict[str, Any] = field(default_factory=dict)


Turns = Callable[[Mapping[str, Any], Chat], Iterator[Turn]]
"""Function that reads one element of a format's list; raises ValueError if it is broken."""


def nothing_more(chat: Chat) -> Iterator[Turn]:  # noqa: ARG001
    """The rest of a format that says everything where it stands."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Format:
    """One program's export.

    Attributes:
        name: What it is called, for people.
        prefix: First part of its sources' names.
        turns: What an element says.
        marks: Paths that must be at the head of the file, as ``sniff`` has them.
        list: Path of the elements: "item", "messages.item"; empty for a line each.
        knows_line: Of a file of lines, whether one of the first is of this format.
        is_newest_first: Whether messages stand in reverse order.
        rest: What is known only once the whole file is read, such as a message written anew.
    """

    name: str
    prefix: str
    turns: Turns
    marks: frozenset[str] = frozenset()
    list: str = ""
    knows_line: Callable[[Mapping[str, Any]], bool] | None = None
    is_newest_first: bool = False
    rest: Callable[[Chat], Iterator[Turn]] = nothing_more


class FormatReader:
    """A source is a conversation, a record a turn with words."""

    def __init__(self, format: Format) -> None:
        self._format = format
        self.name = format.name

    def detect(self, path: Path) -> bool:
        """True if the head of the file has the marks of the format."""
        files = Files(path)
        if not files.is_single:
            return False
        if self._format.list:
            return self._format.marks <= sniff(files, path.name)
        knows = self._format.knows_line
        return knows is not None and any(map(knows, _first_lines(files)))

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns of each conversation, in their order."""
        files = Files(path, on_bytes)
        chat = Chat(path, path.name.partition(".")[0])
        makers = Makers(self._format.prefix, self._format.is_newest_first)
        number = 0
        for element in self._elements(files, chat):
            if isinstance(element, Problem):
                yield element
                continue
            number += 1
            place = f"element {number}"
            try:
                if not isinstance(element, dict):
                    raise ValueError("it is not an object")
                for turn in self._format.turns(element, chat):
                    yield from checked(partial(makers.record, turn, chat.name), path, place)
            except BROKEN as error:
                yield Problem(path, f"{place} was skipped: {error}")
        try:
            for turn in self._format.rest(chat):
                yield from checked(partial(makers.record, turn, chat.name), path, "its end")
        except BROKEN as error:
            yield Problem(path, f"its end was skipped: {error}")

    def _elements(self, files: Files, chat: Chat) -> Iterator[Any]:
        """The elements; what stands beside their list goes to the chat's facts."""
        member = files.path.name
        if not self._format.list:
            for line in json_lines(files, member):
                yield line if isinstance(line, Problem) else line.value
            return
        above = self._format.list.removesuffix("item").removesuffix(".")
        entered = {"", above}
        for piece in json_pieces(files, member, entered.__contains__):
            if isinstance(piece, Problem):
                yield piece
            elif piece[0] == self._format.list:
                yield piece[1]
            elif not isinstance(piece[1], Entered):
                chat.facts[piece[0]] = piece[1]


def _first_lines(files: Files) -> Iterator[Mapping[str, Any]]:
    for line in files.head(files.path.name).split("\n", _SNIFFED_LINES)[:_SNIFFED_LINES]:
        if not line.lstrip("\ufeff \t").startswith("{"):
            return
        try:
            value = json.loads(line.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value


@dataclass(slots=True)
class _Session:
    """Place in a conversation: the number and time of the last turn that was read."""

    clock: Clock = field(default_factory=Clock)
    number: int = 0
    last: datetime | None = None


class Makers:
    """Makes records of turns, counting within each of the conversations that came up last.

    Args:
        prefix: First part of the names of sources.
        is_newest_first: Whether turns come in reverse order.
    """

    def __init__(self, prefix: str, is_newest_first: bool = False) -> None:
        self._prefix = prefix
        self._is_newest_first = is_newest_first
        self._sessions: dict[str, _Session] = {}

    def record(self, turn: Turn, name: str) -> Record | None:
        """The record of a turn, None if it has no words; ``name`` is that of a conversation that
        names itself nowhere."""
        source = f"{self._prefix}/{turn.session or name}"
        session = self._sessions.setdefault(source, _Session())
        if len(self._sessions) > _REMEMBERED_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session.number += 1
        position = self._position(session, turn)
        if not turn.text.strip():
            return None
        return Record(
            key=f"{source}#{turn.identity or session.number}",
            source=source,
            position=position,
            text=turn.text,
            kind=turn.kind,
            role=turn.role or None,
            speaker=turn.speaker or None,
            said_at=turn.said_at,
            metadata=without_empty(turn.metadata),
            origin=turn.origin,
        )

    def _position(self, session: _Session, turn: Turn) -> int:
        """Its time, or the time of what was said before it, if it has none."""
        session.last = turn.said_at or session.last
        if session.last is None:
            return session.number
        if self._is_newest_first:
            return int(session.last.timestamp() * 1_000_000) + turn.place
        return session.clock.position(session.last)
