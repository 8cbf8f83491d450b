"""Detection of the reader that a file or folder needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from remem.ingest.agents.places import AGENT_READERS, OPEN_CODE
from remem.ingest.archives import ArchiveReader
from remem.ingest.assistants import ASSISTANTS
from remem.ingest.backup import BackupReader
from remem.ingest.base import Reader
from remem.ingest.beir import BeirReader
from remem.ingest.chatapps import CHAT_APPS
from remem.ingest.chatgpt import ChatGPTReader
from remem.ingest.chatpages import DiscordPageReader, GeminiPageReader, MessengerPageReader
from remem.ingest.claude import ClaudeReader
from remem.ingest.deepseek import DeepSeekReader
from remem.ingest.documents import DocumentReader
from remem.ingest.folders import FolderReader
from remem.ingest.imessage import IMessageDatabaseReader
from remem.ingest.kakaotalk import KakaoTalkReader
from remem.ingest.locomo import LocomoReader
from remem.ingest.longmemeval import LongMemEvalReader
from remem.ingest.mail import MailReader
from remem.ingest.markdown import MarkdownReader
from remem.ingest.messages import MessagesReader
from remem.ingest.slack import SlackReader
from remem.ingest.subtitles import SubtitleReader
from remem.ingest.tables import MessageTableReader
from remem.ingest.telegram import TelegramReader
from remem.ingest.telegrampage import TelegramPageReader
from remem.ingest.transcripts import IMessageReader, LineReader
from remem.ingest.translations import PoReader, TmxReader
from remem.ingest.turns import FormatReader
from remem.ingest.wechat import WeChatReader
from remem.ingest.whatsapp import WhatsAppReader
from remem.store import InvalidInput

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
    DiscordPageReader(),
    MessengerPageReader(),
    GeminiPageReader(),
    IMessageDatabaseReader(),
    SubtitleReader(),
    MessageTableReader(),
    KakaoTalkReader(),
    WeChatReader(),
    LineReader(),
    IMessageReader(),
    MessagesReader(),
    WhatsAppReader(),
)
_DOCUMENTS = DocumentReader()


def _folders(added: Sequence[Reader] = ()) -> tuple[Reader, FolderReader]:
    """The readers of archives and of folders, in which added readers are asked first."""
    layouts, exports = (*added, *_LAYOUTS), (*added, *_EXPORTS)
    archives = ArchiveReader(FolderReader(layouts, exports, (_DOCUMENTS,)))
    return archives, FolderReader(layouts, exports, (archives, _DOCUMENTS))


def _readers(added: Sequence[Reader] = ()) -> tuple[Reader, ...]:
    """Added readers and ours, in the order in which they are asked."""
    archives, folders = _folders(added)
    return (*added, *_EXPORTS, archives, _DOCUMENTS, folders)


READERS = _readers()
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
        folders = _folders(added)[1]
        return folders.reader_of_whole(path) or folders
    if not path.is_file():
        raise InvalidInput(
            f"{path} is neither a file nor a folder; save what it gives to a file first"
        )
    readers = _readers(added)
    for reader in readers:
        if reader.detect(path):
            return reader
    known = ", ".join(dict.fromkeys(reader.name for reader in readers))
    raise InvalidInput(f"{path} is of no known format; known are: {known}")
