"""Readers of chat exports and documents, and the import of what they read.

``import_path(memory, path)`` does it all; ``detect_reader(path).read(path)`` only reads.
"""

from memory.ingest.backup import BackupReader
from memory.ingest.base import Item, NamedByFile, OnBytes, Problem, Reader
from memory.ingest.beir import BeirReader
from memory.ingest.chatgpt import ChatGPTReader
from memory.ingest.claude import ClaudeReader
from memory.ingest.detect import READERS, detect_reader
from memory.ingest.documents import DocumentReader, read_document
from memory.ingest.folder import FolderReader
from memory.ingest.importing import ImportReport, Progress, Target, import_path
from memory.ingest.limits import Limit, limited
from memory.ingest.locomo import LocomoReader
from memory.ingest.longmemeval import LongMemEvalReader
from memory.ingest.messages import MessagesReader
from memory.ingest.passages import Passage, count_words, split_passages
from memory.ingest.slack import SlackReader
from memory.ingest.telegram import TelegramReader
from memory.ingest.whatsapp import WhatsAppReader

__all__ = [
    "READERS",
    "BackupReader",
    "BeirReader",
    "ChatGPTReader",
    "ClaudeReader",
    "DocumentReader",
    "FolderReader",
    "ImportReport",
    "Item",
    "Limit",
    "LocomoReader",
    "LongMemEvalReader",
    "MessagesReader",
    "NamedByFile",
    "OnBytes",
    "Passage",
    "Problem",
    "Progress",
    "Reader",
    "SlackReader",
    "Target",
    "TelegramReader",
    "WhatsAppReader",
    "count_words",
    "detect_reader",
    "import_path",
    "limited",
    "read_document",
    "split_passages",
]
