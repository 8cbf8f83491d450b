"""Claude's data export: ``conversations.json``, alone, in its folder or in its .zip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.documents import passage_items
from remem.ingest.files import Files
from remem.ingest.jsonstream import CONVERSATION_FILES, elements_with, read_elements
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked, without_empty
from remem.ingest.passages import split_passages
from remem.store import Record

_ROLES = {"human": "user"}
_WRITES = ("artifacts", "create_file")
_SPOKEN = ("text", "voice_note")
_PLACEHOLDER = re.compile(
    r"(?:```\s*)?This block is not supported on your current device yet\.(?:\s*```)?"
)
_PROJECTS = ("projects.json", "projects/*.json", "*/projects.json", "*/projects/*.json")
_MEMORIES = ("memories.json", "*/memories.json")


class ClaudeReader:
    """A source is a conversation, a text attached to one of its messages, an artifact that the
    model wrote in it, a document of a project, or what the service remembers.

    Left out: the model's reasoning, its calls of tools, and files without extracted text.
    """

    name = "Claude export"

    def detect(self, path: Path) -> bool:
        """True if the first conversation has ``chat_messages``."""
        return elements_with(Files(path), CONVERSATION_FILES, "chat_messages")

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages and texts of each conversation, then of projects, then the memories."""
        files = Files(path, on_bytes)
        yield from read_elements(files, CONVERSATION_FILES, "conversation", _conversation)
        if not files.is_single:
            yield from read_elements(files, _PROJECTS, "project", _project)
            yield from read_elements(files, _MEMORIES, "memory", _memories)


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
            yield from _artifacts(message, source, path)


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
        _PLACEHOLDER.sub("", as_text(part.get("text"), "a part of its content"))
        for part in as_list(message.get("content"), "its content")
        if isinstance(part, dict) and part.get("type") in _SPOKEN
    ]
    whole = _PLACEHOLDER.sub("", as_text(message.get("text"), "its text"))
    return "\n".join(filter(str.strip, parts)) or whole


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


def _artifacts(
    message: Mapping[str, Any], conversation: str, path: Path
) -> Iterator[Item | Problem]:
    """The documents that the model wrote beside its answer, under the names they were shown by."""
    for part in as_list(message.get("content"), "its content"):
        call = part.get("input") if isinstance(part, dict) else None
        if not isinstance(call, dict) or part.get("type") != "tool_use":
            continue
        text = call.get("content") or call.get("file_text")
        title = call.get("title") or call.get("path")
        if part.get("name") not in _WRITES or not (isinstance(text, str) and title):
            continue
        yield from passage_items(
            f"{conversation}/{call.get('id') or title}",
            split_passages(text),
            path,
            title=as_text(title, "name of the artifact"),
            said_at=as_time(message.get("created_at")),
        )


def _project(project: Mapping[str, Any], number: int, path: Path) -> Iterator[Item | Problem]:
    """The documents of a project, and what it tells the model to do."""
    source = f"claude/project/{as_text(project.get('uuid'), 'its uuid') or number}"
    title = as_text(project.get("name"), "its name")
    for name in ("description", "prompt_template"):
        text = as_text(project.get(name), f"its {name}")
        yield from passage_items(f"{source}/{name}", split_passages(text), path, title=title)
    for document in as_list(project.get("docs"), "its documents"):
        document = as_object(document, "a document of it")
        name = as_text(document.get("filename"), "name of the document")
        yield from passage_items(
            f"{source}/{document.get('uuid') or name}",
            split_passages(as_text(document.get("content"), "content of the document")),
            path,
            title=name,
            metadata=without_empty({"project": title}),
            said_at=as_time(document.get("created_at")),
        )


def _memories(memories: Mapping[str, Any], number: int, path: Path) -> Iterator[Item | Problem]:
    """Notes of the service about the person, in all and for each project."""
    source = f"claude/memories/{as_text(memories.get('account_uuid'), 'its account') or number}"
    text = as_text(memories.get("conversations_memory"), "its memory")
    yield from passage_items(source, split_passages(text), path, title="Claude's memory")
    projects = as_object(memories.get("project_memories") or {}, "its memories of projects")
    for name, text in projects.items():
        text = as_text(text, "its memory of a project")
        yield from passage_items(f"{source}/{name}", split_passages(text), path, title=name)
