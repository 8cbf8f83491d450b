"""Transcripts with times: ``.vtt`` of meetings (Teams, Zoom, Meet), ``.srt`` and ``.vtt`` of films.

Where cues name who speaks, what one person says in a row is a turn; else the words are a document.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.documents import passage_items
from remem.ingest.files import Files, Line, lines_apart
from remem.ingest.parsing import checked
from remem.ingest.passages import split_passages
from remem.store import Record

_ENDINGS = (".vtt", ".srt")
_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}.*")
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,80})?\s+([^>]{1,100})>")
_NAMED = re.compile(r"(?:- ?)?([^\W\d_][^:<>\n]{0,39}):\s+(\S.*)", re.DOTALL)
_MARKUP = re.compile(r"</?[a-z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{1,40}\}", re.IGNORECASE)
_MOST_SPEAKERS = 1000
_FLASH = timedelta(milliseconds=100)
_LONGEST_TURN = 1000  # characters
_LONGEST_SILENCE = timedelta(seconds=30)
_NEW_PARAGRAPH = timedelta(seconds=3)
_BEGAN = re.compile(r"GMT(\d{8})-(\d{6})")


@dataclass(slots=True)
class _Cue:
    """Words that are shown together; ``starts`` and ``ends`` count from the beginning."""

    line: int
    starts: timedelta
    ends: timedelta
    lines: list[str] = field(default_factory=list)
    speaker: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class SubtitleReader:
    """A source is a file; a record what one person says in a row, or a passage.

    ``metadata`` holds the time ``at`` which it is said, from the beginning of the recording. When
    that began is known of Zoom's, which have it in their name.
    """

    name = "transcript with times"

    def detect(self, path: Path) -> bool:
        """True if it has the ending of one, and the time of a cue near its beginning."""
        files = Files(path)
        if not files.is_single or path.suffix.lower() not in _ENDINGS:
            return False
        return any(map(_TIMING.fullmatch, files.head(path.name, 1 << 14).splitlines()))

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The turns or passages of the file."""
        return self.read_as(path.name, path, on_bytes)

    def read_as(
        self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes
    ) -> Iterator[Item | Problem]:
        """The same, under another name than the file's."""
        problems: list[Problem] = []
        lines = partial(lines_apart, member=path.name, problems=problems)
        speakers = _speakers(_cues(lines(Files(path))))
        cues = _cues(lines(Files(path, on_bytes)))
        if speakers:
            yield from _turns(source, path, _named(cues, speakers))
        else:
            yield from passage_items(source, split_passages(_paragraphs(cues)), path)
        yield from problems


def _cues(lines: Iterable[Line]) -> Iterator[_Cue]:
    """The cues that have words, without those that are still shown from the one before."""
    shown = ""
    for cue in _blocks(lines):
        if not cue.lines:
            continue
        last = cue.lines[-1]
        is_still = cue.lines[0] == shown
        # Captions that roll show each line twice; a person may say a word twice.
        if is_still and (len(cue.lines) > 1 or cue.ends - cue.starts < _FLASH):
            del cue.lines[0]
        shown = last
        if cue.lines:
            yield cue


def _blocks(lines: Iterable[Line]) -> Iterator[_Cue]:
    """The cues as they stand in the file; numbers, names and notes between them are left out."""
    cue: _Cue | None = None
    for line in lines:
        text = line.text.removeprefix("\ufeff").rstrip("\r")
        match = _TIMING.fullmatch(text)
        if cue and (match or not text.strip()):
            yield cue
            cue = None
        if match:
            times = match.groups()
            cue = _Cue(line.number, _since(times[:4]), _since(times[4:]))
        elif cue:
            voice = _VOICE.search(text)
            cue.speaker = cue.speaker or (voice[1].strip() if voice else "")
            if plain := html.unescape(_MARKUP.sub("", text)).strip():
                cue.lines.append(plain)
    if cue:
        yield cue


def _since(parts: Sequence[str | None]) -> timedelta:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    milliseconds = int(fraction.ljust(3, "0"))
    return timedelta(
        hours=int(hours), minutes=int(minutes), seconds=int(seconds), milliseconds=milliseconds
    )


def _speakers(cues: Iterable[_Cue]) -> frozenset[str]:
    """Names of who speaks, where cues have them: marked as voices, or before a colon in most."""
    voices: set[str] = set()
    names = Counter[str]()
    count = 0
    for cue in cues:
        count += 1
        if cue.speaker:
            voices.add(cue.speaker)
        elif (match := _NAMED.fullmatch(cue.text)) and len(names) < _MOST_SPEAKERS:
            names[match[1]] += 1
    if voices:
        return frozenset(voices)
    return frozenset(names) if names.total() * 2 > count else frozenset()


def _named(cues: Iterable[_Cue], speakers: frozenset[str]) -> Iterator[_Cue]:
    """The cues with their speakers; one without a name is of who spoke before."""
    before = ""
    for cue in cues:
        match = _NAMED.fullmatch(cue.text)
        if not cue.speaker and match and match[1] in speakers:
            cue.speaker, cue.lines = match[1].strip(), match[2].split("\n")
        before = cue.speaker = cue.speaker or before
        yield cue


def _turns(source: str, path: Path, cues: Iterable[_Cue]) -> Iterator[Item | Problem]:
    """Turns of all that one person says in a row, unless it is long or there is silence in it."""
    began = _began(path)
    turn: _Cue | None = None
    for cue in cues:
        if turn and (
            cue.speaker == turn.speaker
            and len(turn.text) + len(cue.text) < _LONGEST_TURN
            and cue.starts - turn.ends < _LONGEST_SILENCE
        ):
            turn.lines += cue.lines
            turn.ends = cue.ends
            continue
        if turn:
            yield from _item(turn, source, path, began)
        turn = cue
    if turn:
        yield from _item(turn, source, path, began)


def _item(turn: _Cue, source: str, path: Path, began: datetime | None) -> Iterator[Item | Problem]:
    build = partial(_record, turn, source, began)
    yield from checked(build, path, "what is said", line=turn.line)


def _record(turn: _Cue, source: str, began: datetime | None) -> Record:
    at = turn.starts // timedelta(milliseconds=1)
    return Record(
        key=f"{source}#{at}-{turn.line}",
        source=source,
        position=at,
        text=" ".join(turn.lines),
        speaker=turn.speaker or None,
        said_at=began + turn.starts if began else None,
        metadata={"at": str(turn.starts).partition(".")[0]},
    )


def _began(path: Path) -> datetime | None:
    """The time at which a recording began, where the name of its file tells."""
    match = _BEGAN.match(path.name)
    try:
        moment = datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S") if match else None
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc) if moment else None


def _paragraphs(cues: Iterable[_Cue]) -> Iterator[str]:
    """The words, with a new paragraph after each silence."""
    ended = timedelta()
    for cue in cues:
        if cue.starts - ended > _NEW_PARAGRAPH:
            yield "\n"
        yield cue.text + "\n"
        ended = cue.ends
