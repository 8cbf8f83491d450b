"""DeepSeek's data export: ``conversations.json`` in ChatGPT's layout, with other messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.chatgpt import current_branch
from remem.ingest.files import Files
from remem.ingest.jsonstream import CONVERSATION_FILES, elements_with, read_elements
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked, without_empty
from remem.store import Record

_ROLES = {"REQUEST": "user", "RESPONSE": "assistant", "TEMPLATE_RESPONSE": "assistant"}


class DeepSeekReader:
    """A source is a conversation, a record a message on the branch that was last written to.

    Left out: the model's reasoning, its searches, and what they found.
    """

    name = "DeepSeek export"

    def detect(self, path: Path) -> bool:
        """True if the first conversations are a ``mapping``, with the times of this service."""
        return elements_with(Files(path), CONVERSATION_FILES, "mapping", "inserted_at")

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of each conversation."""
        files = Files(path, on_bytes)
        return read_elements(files, CONVERSATION_FILES, "conversation", _conversation)


def _conversation(
    conversation: Mapping[str, Any], number: int, path: Path
) -> Iterator[Item | Problem]:
    source = f"deepseek/{as_text(conversation.get('id'), 'its id') or number}"
    title = as_text(conversation.get("title"), "its title")
    nodes = [node for node in current_branch(conversation) if node.get("message")]
    for position, node in enumerate(nodes):
        build = partial(_record, node, source, position, title)
        yield from checked(build, path, f"message {position + 1} of conversation {number}")


def _record(node: Mapping[str, Any], source: str, position: int, title: str) -> Record | None:
    message = as_object(node["message"], "it")
    role, text = _said(message, position)
    if not text.strip():
        return None
    return Record(
        key=f"{source}#{as_text(node.get('id'), 'its id') or position}",
        source=source,
        position=position,
        text=text,
        role=role,
        said_at=as_time(message.get("inserted_at")),
        metadata=without_empty({"title": title}),
    )


def _said(message: Mapping[str, Any], position: int) -> tuple[str, str]:
    """Role and text. Older exports name no role: a person begins, and the model answers."""
    role = "assistant" if position % 2 else "user"
    texts = [as_text(message.get("content"), "its content")]
    for each in as_list(message.get("fragments"), "its fragments"):
        fragment = as_object(each, "a fragment of it")
        if said := _ROLES.get(str(fragment.get("type"))):
            role = said
            texts.append(as_text(fragment.get("content"), "the content of a fragment"))
    return role, "\n".join(filter(str.strip, texts))
