"""Detection of the reader that a file or folder needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from remem.ingest.agents.places import AGENT_READERS, OPEN_CODE
from remem.ingest.assistants import ASSISTANTS
from remem.ingest.backup import BackupReader
from remem.ingest.base import Item, NamedByFile, OnBytes, Problem, Reader, ignore_bytes
from remem.ingest.beir import BeirReader
from remem.ingest.chatapps import CHAT_APPS
from remem.ingest.chatgpt import ChatGPTReader
from remem.ingest.claude import ClaudeReader
from remem.ingest.deepseek import DeepSeekReader
from remem.ingest.documents import DocumentReader
from remem.ingest.locomo import LocomoReader
from remem.ingest.longmemeval import LongMemEvalReader
from remem.ingest.mail import MailReader
from remem.ingest.markdown import MarkdownReader
from remem.ingest.messages import MessagesReader
from remem.ingest.slack import SlackReader
from remem.ingest.telegram import TelegramReader
from remem.ingest.telegrampage import TelegramPageReader
from remem.ingest.transcripts import IMessageReader, LineReader
from remem.ingest.translations import PoReader, TmxReader
from remem.ingest.turns import FormatReader
from remem.ingest.whatsapp import WhatsAppReader
from remem.store import InvalidInput, RememError

_LAYOUTS: tuple[Reader, ...] = (
    DeepSeekReader(),  # before ChatGPT's: its conversations are laid out alike
    ChatGPTReader(),
    ClaudeReader(),
    SlackReader(),
    TelegramReader(),
    BeirReader(),
    OPEN_CODE,
)
_EXPORTS: tuple[Reader, ...] = (
    BackupReader(),
    MarkdownReader(),
    *_LAYOUTS,
    *AGENT_READERS,
    LocomoReader(),
    LongMemEvalReader(),
    *(FormatReader(each) for each in (*CHAT_APPS, *ASSISTANTS)),
    MailReader(),
    PoReader(),
    TmxReader(),
    TelegramPageReader(),
    LineReader(),
    IMessageReader(),
    MessagesReader(),
    WhatsAppReader(),
)
_DOCUMENTS = DocumentReader()


# A folder of documents and chat exports: each is read by the reader that knows it.

_MEDIA = frozenset(
    ".jpg .jpeg .png .gif .webp .heic .mp4 .mov .3gp .avi .mkv .opus .ogg .m4a .aac .mp3 .amr .wav"
    " .was".split()
)


class FolderReader:
    """All that is in a folder and the folders inside it, in sorted order, but hidden files.

    A folder inside it that is one export as a whole, such as Slack's, is read as that. A document
    is named by its path from the folder on: "notes/2024/travel.md".

    Args:
        layouts: Readers of exports that may be a folder.
        exports: Readers of all exports, ``layouts`` among them, as they are to be asked.
        documents: The reader of what is no export.
    """

    name = "folder"

    def __init__(
        self, layouts: Sequence[Reader], exports: Sequence[Reader], documents: Reader
    ) -> None:
        self._layouts = layouts
        self._exports = exports
        self._readers = (*exports, documents)

    def detect(self, path: Path) -> bool:
        """True if it is a folder."""
        return path.is_dir()

    def reader_of_whole(self, folder: Path) -> Reader | None:
        """The reader to which the folder belongs as a whole, None if it is a mixed one.

        It is the innermost folder in the layout of an export, without files of other exports, so
        that an export never hides what lies beside it.
        """
        reader = _first(self._layouts, folder)
        if reader is None:
            return None
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if any(reader.detect(path) for path in inside if path.is_dir()):
            return None
        known = (_first(self._exports, path) for path in inside if path.is_file())
        return reader if all(each in (None, reader) for each in known) else None

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The records of one file or export after the other."""
        name = path.resolve().name
        unreadable: list[OSError] = []
        for part, reader in self._parts(path, unreadable.append):
            source = f"{name}/{part.relative_to(path).as_posix()}"
            try:
                if reader is None:
                    yield Problem(part, "there is no reader for this kind of file")
                elif isinstance(reader, NamedByFile):
                    yield from reader.read_as(source, part, on_bytes)
                else:
                    yield from reader.read(part, on_bytes)
            except (RememError, OSError) as error:
                yield Problem(part, f"the file was skipped: {error}")
        for failure in unreadable:
            yield Problem(Path(failure.filename), f"the folder was skipped: {failure.strerror}")

    def _parts(
        self, path: Path, on_error: Callable[[OSError], None]
    ) -> Iterator[tuple[Path, Reader | None]]:
        """Files, and folders that belong together, each with its reader."""
        for parent, folders, files in os.walk(path, onerror=on_error):
            # A pipe would be waited for, and a device read for ever.
            found = [
                (file, _first(self._readers, file) if file.is_file() else None)
                for file in _visible(parent, files)
            ]
            has_chat = any(isinstance(reader, WhatsAppReader) for _, reader in found)
            for file, reader in found:
                # What was sent in a chat lies beside it, and has no words.
                if reader is not None or not (has_chat and file.suffix.lower() in _MEDIA):
                    yield file, reader
            mixed = []
            for folder in _visible(parent, folders):
                if reader := self.reader_of_whole(folder):
                    yield folder, reader
                else:
                    mixed.append(folder.name)
            folders[:] = mixed


def _first(readers: Sequence[Reader], path: Path) -> Reader | None:
    return next((reader for reader in readers if reader.detect(path)), None)


def _visible(parent: str, names: Sequence[str]) -> list[Path]:
    return [Path(parent, name) for name in sorted(names) if not name.startswith(".")]


READERS: tuple[Reader, ...] = (
    *_EXPORTS,
    _DOCUMENTS,
    FolderReader(_LAYOUTS, _EXPORTS, _DOCUMENTS),
)
"""Our readers, in the order in which they are asked: the more special before the more general."""

GROUP = "remem.readers"
"""Entry points by which packages add readers: each names a ``remem.ingest.Reader``, or its class.
They are asked before ours."""


def added_readers() -> tuple[Reader, ...]:
    """The readers that installed packages add, by the names of their entry points.

    Raises:
        InvalidInput: one cannot be loaded.
    """
    return tuple(map(_loaded, sorted(entry_points(group=GROUP), key=lambda each: each.name)))


def _loaded(entry: EntryPoint) -> Reader:
    try:
        found = entry.load()
        reader: Reader = found() if isinstance(found, type) else found
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InvalidInput(
            f"the reader {entry.name!r} ({entry.value}) cannot be loaded ({reason}); "
            "reinstall or remove the package that it is from"
        ) from error
    if all(hasattr(reader, name) for name in ("name", "detect", "read")):
        return reader
    raise InvalidInput(
        f"the reader {entry.name!r} ({entry.value}) is none; it needs name, detect and read"
    )


def detect_reader(path: str | Path) -> Reader:
    """The first reader that knows the file or folder, by what is in it.

    Raises:
        InvalidInput: there is nothing at the path, or a pipe or device, or no reader knows it; or
            a reader that a package adds cannot be loaded.
    """
    path = Path(path)
    if not path.exists():
        raise InvalidInput(f"there is no file or folder {path}")
    if path.is_file():
        try:
            path.open("rb").close()
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read ({error.strerror})") from error
    added = added_readers()
    if path.is_dir():
        folders = FolderReader((*added, *_LAYOUTS), (*added, *_EXPORTS), _DOCUMENTS)
        return folders.reader_of_whole(path) or folders
    if not path.is_file():
        raise InvalidInput(
            f"{path} is neither a file nor a folder; save what it gives to a file first"
        )
    readers = (*added, *READERS)
    for reader in readers:
        if reader.detect(path):
            return reader
    known = ", ".join(dict.fromkeys(reader.name for reader in readers))
    raise InvalidInput(f"{path} is of no known format; known are: {known}")
