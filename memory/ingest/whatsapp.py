"""WhatsApp's text export ("Export chat"): a .txt, or the .zip or folder it comes in.

The layout follows the language and region of the phone: ``31/12/23, 23:59 - Ana: Hi``,
``[2023-12-31, 11:59:01 PM] Ana: Hi``, ``2023/12/31 下午11:59 - Ana: Hi``, ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.dialects import Dialect, Survey
from remem.ingest.files import Files, Line, text_lines
from remem.ingest.headers import Header, clean_marks, is_notice_speaker, parse_header, said_words
from remem.ingest.parsing import Clock, Ordinals, checked, doubted, localize
from remem.store import Record

_FILES = ("_chat.txt", "*WhatsApp*.txt", "*/_chat.txt", "*/*WhatsApp*.txt")
_ANY_TEXT = ("*.txt",)  # a .zip may have been given any name, and a chat one in any script
_FIRST_LINES = 5
_LOOKED_AT = 200
_SAID = re.compile(r"(?P<speaker>[^:]{1,100}):(?:\s(?P<text>.*)|$)", re.DOTALL)
_CHAT_NAME = re.compile(
    r".*whatsapp.*?(?:[ _]-[ _]|[ _](?:with|mit|con|avec|com|met|с)[ _])(.+)", re.IGNORECASE
)
_COPY = re.compile(r" ?\(\d+\)$")  # what a browser appends to the second download
_LEVELS = frozenset(
    "debug info notice warning warn error critical fatal trace stdout stderr".split()
)
_STRANGE = (
    "the line begins like a message, but no language has the words in its date, and it was read as "
    "a part of the message before it"
)


class WhatsAppReader:
    """A source is a chat, named by its file; a record is a message with words.

    Left out: lines that the app wrote itself, and media without a caption. The export names no
    time zone: ``zone`` is that of the phone, None this machine's. The language of the headers, and
    whether 03/04 is in March or in April, is decided once for the whole file: a ``Problem`` says
    so if nothing decides the latter, and stands for the whole file if no language fits.

    The key of a message is its time and its place in that minute or second, so that an export
    which begins later, as long chats do, gives the same messages the same keys.
    """

    name = "WhatsApp export"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def detect(self, path: Path) -> bool:
        """True if one of the first lines begins like a message."""
        files = Files(path)
        return any(_is_chat(files, member) for member in _members(files)[:1])

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of the chat."""
        files = Files(path, on_bytes)
        for member in _members(files):
            yield from self._chat(files, member)

    def _chat(self, files: Files, member: str) -> Iterator[Item | Problem]:
        path = files.locate(member)
        survey = Survey()
        for line in text_lines(Files(files.path), member):
            if isinstance(line, Line) and (header := parse_header(line.text)):
                survey.add(header)
        dialect = survey.dialect()
        if refusal := survey.refusal(dialect):
            yield Problem(path, refusal)
            return
        if not dialect.is_certain:
            reason = (
                f"nothing in the file tells days from months; dates were read {dialect.words}: "
                "if that is wrong, change the dates in the file before you import it"
            )
            yield Problem(path, reason)
        chat = _Chat(f"whatsapp/{_chat_name(path)}", dialect, self._zone)
        for message in _messages(files, member, dialect):
            if isinstance(message, Problem):
                yield message
            else:
                build = partial(chat.record, message)
                for one in checked(build, path, "the message", line=message.number):
                    yield one if dialect.is_certain else doubted(one)


@dataclass(frozen=True, slots=True)
class _Message:
    """The header of a message, the number of its first line, and all lines of it."""

    header: Header
    number: int
    lines: list[str]


def _members(files: Files) -> list[str]:
    """The chats in a file, folder or .zip; by their names, else, of a .zip, by what is in them."""
    if named := files.members(*_FILES):
        return named
    if files.path.is_dir():
        return []  # a folder of texts is read text by text
    return [member for member in files.members(*_ANY_TEXT) if _is_chat(files, member)]


def _is_chat(files: Files, member: str) -> bool:
    """True if one of the first lines begins like a message, and some are said by people."""
    lines = (line for line in files.head(member).split("\n") if clean_marks(line).strip())
    headers = [parse_header(line) for line, _ in zip(lines, range(_LOOKED_AT), strict=False)]
    begins = [header for header in headers[:_FIRST_LINES] if header]
    if not begins:
        return False
    said = [speaker for header in headers if header and (speaker := _speaker(header.rest))]
    if all(speaker.casefold() in _LEVELS for speaker in said):
        return False  # the log of a program
    survey = Survey()
    for header in filter(None, headers):
        survey.add(header)
    return len(said) > 1 or any(map(survey.dialect().knows, begins))


def _speaker(rest: str) -> str:
    said = _SAID.fullmatch(rest)
    return _name(said["speaker"]) if said else ""


def _name(written: str) -> str:
    """A name without the marks around it, and without the ~ before one that is no contact's."""
    return " ".join(clean_marks(written).split()).removeprefix("~").strip()


def _messages(files: Files, member: str, dialect: Dialect) -> Iterator[_Message | Problem]:
    """The messages with all their lines; one that does not begin like a message continues it."""
    message: _Message | None = None
    for line in text_lines(files, member):
        if isinstance(line, Problem):
            yield line
            continue
        header = parse_header(line.text)
        if header and dialect.knows(header):
            if message:
                yield message
            message = _Message(header, line.number, [header.rest])
        elif message:
            message.lines.append(line.text)
            if header and dialect.is_strange(header):
                yield Problem(files.locate(member), _STRANGE, line.number)
        elif clean_marks(line.text).strip():
            yield Problem(files.locate(member), "no message begins before this line", line.number)
    if message:
        yield message


@dataclass(slots=True)
class _Chat:
    """Makes the records of one chat, in the order of its messages."""

    source: str
    dialect: Dialect
    zone: tzinfo | None
    clock: Clock = field(default_factory=Clock)
    ordinals: Ordinals = field(default_factory=Ordinals)

    def record(self, message: _Message) -> Record | None:
        header = message.header
        said_at = self.dialect.time(header)
        stamp = said_at.isoformat(timespec="minutes" if header.second is None else "seconds")
        ordinal = self.ordinals.next(stamp)
        position = self.clock.position(said_at)
        said = _SAID.fullmatch("\n".join(message.lines))
        if not said or is_notice_speaker(said["speaker"]):
            return None
        is_iphone = header.layout.ends.startswith("[")
        text = said_words(said["text"] or "", is_iphone=is_iphone)
        if not text.strip():
            return None
        return Record(
            key=f"{self.source}#{stamp}-{ordinal}",
            source=self.source,
            position=position,
            text=text,
            speaker=_name(said["speaker"]),
            said_at=localize(said_at, self.zone),
        )


def _chat_name(path: Path) -> str:
    name = path.parent.name.removesuffix(".zip") if path.stem == "_chat" else path.stem
    name = _COPY.sub("", name)
    match = _CHAT_NAME.fullmatch(name)
    return match.group(1) if match else name
