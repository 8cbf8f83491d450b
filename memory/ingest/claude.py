"""Claude's data export: ``conversations.json``, alone, in its folder or in its .zip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.documents import passage_items
from remem.ingest.files import Files
from remem.ingest.jsonstream import CONVERSATION_FILES, first_element_has, read_elements
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked, without_empty
from remem.ingest.passages import split_passages
from remem.store import Record

_ROLES = {"human": "user"}


class ClaudeReader:
    """A source is a conversation, or a text attached to one of its messages.

    Left out: the model's reasoning, its calls of tools, and files without extracted text.
    """

    name = "Claude export"

    def detect(self, path: Path) -> bool:
        """Whether the first conversation has ``chat_messages``."""
        files = Files(path)
        return first_element_has(files, files.members(*CONVERSATION_FILES), "item.chat_messages")

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages and attached texts of each conversation."""
        files = Files(path, on_bytes)
        members = files.members(*CONVERSATION_FILES)
        return read_elements(files, members, "conversation", _conversation)


def _conversation(
    conversation: Mapping[str, Any], number: int, path: Path
) -> Iterator[Item | Problem]:
    source = f"claude/{as_text(conversation.get('uuid'), 'its uuid') or number}"
    title = as_text(conversation.get("name"), "its name")
    messages = as_list(conversation.get("chat_messages"), "its list of messages")
    for position, message in enumerate(messages):
        place = f"message {position + 1} of conversation {number}"
        build = partial(_message, message, source, position, title)
        yield from checked(build, path, place)
    for position, message in enumerate(messages):
        if isinstance(message, dict):
            yield from _attachments(message, source, position, path)


def _message(data: Any, source: str, position: int, title: str) -> Record | None:
    message = as_object(data, "it")
    text = _words(message)
    if not text.strip():
        return None
    sender = as_text(message.get("sender"), "its sender")
    return Record(
        key=f"{source}#{_identity(message, position)}",
        source=source,
        position=position,
        text=text,
        role=_ROLES.get(sender, sender) or None,
        said_at=as_time(message.get("created_at")),
        metadata=without_empty({"title": title}),
    )


def _identity(message: Mapping[str, Any], position: int) -> str:
    return as_text(message.get("uuid"), "its uuid") or str(position)


def _words(message: Mapping[str, Any]) -> str:
    """The text parts; in older exports ``text``, where newer ones mix in names of tools."""
    parts = [
        as_text(part.get("text"), "a part of its content")
        for part in as_list(message.get("content"), "its content")
        if isinstance(part, dict) and part.get("type") == "text"
    ]
    return "\n".join(filter(str.strip, parts)) or as_text(message.get("text"), "its text")


def _attachments(
    message: Mapping[str, Any], conversation: str, position: int, path: Path
) -> Iterator[Item | Problem]:
    """The texts attached to a message, such as long pasted ones: each is a document of its own."""
    attachments = as_list(message.get("attachments"), f"attachments of message {position + 1}")
    for number, attachment in enumerate(attachments, start=1):
        text = attachment.get("extracted_content") if isinstance(attachment, dict) else None
        if isinstance(text, str):
            yield from passage_items(
                f"{conversation}/{_identity(message, position)}/{number}",
                split_passages(text),
                path,
                title=as_text(attachment.get("file_name"), "name of the attachment"),
                said_at=as_time(message.get("created_at")),
            )
