"""Which reader a file or folder needs."""

from __future__ import annotations

from pathlib import Path

from memory.ingest.backup import BackupReader
from memory.ingest.base import Reader
from memory.ingest.beir import BeirReader
from memory.ingest.chatgpt import ChatGPTReader
from memory.ingest.claude import ClaudeReader
from memory.ingest.documents import DocumentReader
from memory.ingest.folder import FolderReader
from memory.ingest.locomo import LocomoReader
from memory.ingest.longmemeval import LongMemEvalReader
from memory.ingest.messages import MessagesReader
from memory.ingest.slack import SlackReader
from memory.ingest.telegram import TelegramReader
from memory.ingest.whatsapp import WhatsAppReader
from store import InvalidInput

__all__ = ["READERS", "detect_reader"]

_LAYOUTS: tuple[Reader, ...] = (
    ChatGPTReader(),
    ClaudeReader(),
    SlackReader(),
    TelegramReader(),
    BeirReader(),
)
_EXPORTS: tuple[Reader, ...] = (
    BackupReader(),
    *_LAYOUTS,
    LocomoReader(),
    LongMemEvalReader(),
    MessagesReader(),
    WhatsAppReader(),
)
_DOCUMENTS = DocumentReader()
_FOLDERS = FolderReader(_LAYOUTS, _EXPORTS, _DOCUMENTS)

READERS: tuple[Reader, ...] = (*_EXPORTS, _DOCUMENTS, _FOLDERS)
"""All readers, in the order in which they are asked: the more special before the more general."""


def detect_reader(path: str | Path) -> Reader:
    """The first reader that knows the file or folder, by what is in it.

    Raises:
        InvalidInput: there is nothing at the path, or a pipe or device, or no reader knows it.
    """
    path = Path(path)
    if not path.exists():
        raise InvalidInput(f"there is no file or folder {path}")
    if path.is_file():
        try:
            path.open("rb").close()
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read ({error.strerror})") from error
    if path.is_dir():
        return _FOLDERS.reader_of_whole(path) or _FOLDERS
    if not path.is_file():
        raise InvalidInput(
            f"{path} is neither a file nor a folder; save what it gives to a file first"
        )
    for reader in READERS:
        if reader.detect(path):
            return reader
    known = ", ".join(reader.name for reader in READERS)
    raise InvalidInput(f"{path} is of no known format; known are: {known}")
