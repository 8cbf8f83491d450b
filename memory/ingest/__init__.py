"""Readers of chat exports and documents, and the import of what they read.

``import_path(memory, path)`` does it all; ``detect_reader(path).read(path)`` only reads: items,
problems, and of a backup the digests of what was deleted from its store.

For a format more: if it is JSON with a list of messages, write a row of ``CHAT_APPS`` in
``chatapps.py`` (people) or of ``ASSISTANTS`` in ``assistants.py`` (a model); it is detected by its
marks. A page of HTML is a ``PageReader`` (``chatpage.py``), lines of text are a
``TranscriptReader`` (``transcripts.py``), a document is a function in ``documents.py``. Anything
else is a ``Reader`` (``base.py``) in a module of its own, listed in ``detect.py`` before those that
take more. Each gets a line in the README's table and a test.
"""

from remem.departed import Digests
from remem.ingest.backup import BackupReader
from remem.ingest.base import Item, NamedByFile, OnBytes, Problem, Reader
from remem.ingest.beir import BeirReader
from remem.ingest.chatgpt import ChatGPTReader
from remem.ingest.claude import ClaudeReader
from remem.ingest.deepseek import DeepSeekReader
from remem.ingest.detect import READERS, detect_reader
from remem.ingest.documents import DocumentReader, read_document
from remem.ingest.files import Limit, limited
from remem.ingest.folders import FolderReader
from remem.ingest.locomo import LocomoReader
from remem.ingest.longmemeval import LongMemEvalReader
from remem.ingest.mail import MailReader
from remem.ingest.messages import MessagesReader
from remem.ingest.passages import Passage, count_words, split_passages
from remem.ingest.run import ImportReport, Progress, Target, import_path
from remem.ingest.slack import SlackReader
from remem.ingest.telegram import TelegramReader
from remem.ingest.telegrampage import TelegramPageReader
from remem.ingest.transcripts import IMessageReader, LineReader
from remem.ingest.translations import PoReader, TmxReader
from remem.ingest.turns import FormatReader
from remem.ingest.whatsapp import WhatsAppReader

__all__ = [
    "READERS",
    "BackupReader",
    "BeirReader",
    "ChatGPTReader",
    "ClaudeReader",
    "DeepSeekReader",
    "Digests",
    "DocumentReader",
    "FolderReader",
    "FormatReader",
    "IMessageReader",
    "ImportReport",
    "Item",
    "Limit",
    "LineReader",
    "LocomoReader",
    "LongMemEvalReader",
    "MailReader",
    "MessagesReader",
    "NamedByFile",
    "OnBytes",
    "Passage",
    "PoReader",
    "Problem",
    "Progress",
    "Reader",
    "SlackReader",
    "Target",
    "TelegramPageReader",
    "TelegramReader",
    "TmxReader",
    "WhatsAppReader",
    "count_words",
    "detect_reader",
    "import_path",
    "limited",
    "read_document",
    "split_passages",
]
