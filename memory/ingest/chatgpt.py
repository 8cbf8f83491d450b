"""ChatGPT's data export: ``conversations.json``, alone, in its folder or in its .zip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.ingest.jsonstream import CONVERSATION_FILES, elements_with, read_elements
from remem.ingest.parsing import as_list, as_object, as_text, as_time, checked, without_empty
from remem.store import Record

# Profile texts that the service repeats in each conversation, and the model's notes to itself.
_NOT_SAID = ("user_editable_context", "model_editable_context", "thoughts", "reasoning_recap")
# Of these it is normal to find some without words; of others it means that we cannot read them.
_KNOWN = (
    "text",
    "multimodal_text",
    "code",
    "execution_output",
    "system_error",
    "tether_quote",
    "tether_browsing_display",
)
# The page shows a number in place of these; between them stands what it refers to.
_CITATION = re.compile("\ue200([^\ue200\ue201]*)\ue201|[\ue200-\ue206]")
_SHOWN = re.compile('(?:url|entity|link)[\ue202\ue203](?:\\["[^"]*",")?([^\ue202",]+)')
_OLD_CITATION = re.compile(r"【\d+(?::\d+)?†[^【】]*】")


class ChatGPTReader:
    """Conversations are trees, because messages can be edited and answers regenerated; the branch
    that the user last saw is read. A source is a conversation, a record a message with words.

    Left out: system messages, hidden ones, the model's reasoning, and images and other media.
    Code and queries that the model sent to a tool are kept, with the tool's name in ``to``.
    """

    name = "ChatGPT export"

    def detect(self, path: Path) -> bool:
        """True if the first conversations are a ``mapping`` of messages with authors."""
        return elements_with(Files(path), CONVERSATION_FILES, "mapping")

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of each conversation's current branch."""
        files = Files(path, on_bytes)
        return read_elements(files, CONVERSATION_FILES, "conversation", _conversation)


def _conversation(
    conversation: Mapping[str, Any], number: int, path: Path
) -> Iterator[Item | Problem]:
    identity = conversation.get("conversation_id") or conversation.get("id")
    source = f"chatgpt/{as_text(identity, 'its id') or number}"
    title = as_text(conversation.get("title"), "its title")
    for position, node in enumerate(current_branch(conversation)):
        build = partial(_record, node, source, position, title)
        yield from checked(build, path, f"message {position + 1} of conversation {number}")


def current_branch(conversation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The nodes from the root to the current one."""
    nodes = as_object(conversation.get("mapping"), "its mapping")
    name = as_text(conversation.get("current_node"), "its current_node")
    if name not in nodes:
        name = _newest_leaf(nodes)
    branch: dict[str, Mapping[str, Any]] = {}
    while name in nodes and name not in branch:
        branch[name] = as_object(nodes[name], f"its node {name!r}")
        name = as_text(branch[name].get("parent"), f"the parent of its node {name!r}")
    return list(reversed(branch.values()))


def _newest_leaf(nodes: Mapping[str, Any]) -> str:
    def created(name: str) -> float:
        message = nodes[name].get("message")
        time = message.get("create_time") if isinstance(message, dict) else None
        return time if isinstance(time, (int, float)) else 0.0

    leaves = [
        name for name, node in nodes.items() if isinstance(node, dict) and not node.get("children")
    ]
    return max(leaves, key=created, default="")


def _record(node: Mapping[str, Any], source: str, position: int, title: str) -> Record | None:
    if node.get("message") is None:
        return None
    message = as_object(node["message"], "it")
    author = as_object(message.get("author") or {}, "its author")
    content = as_object(message.get("content") or {}, "its content")
    hidden = as_object(message.get("metadata") or {}, "its metadata").get(
        "is_visually_hidden_from_conversation"
    )
    role = as_text(author.get("role"), "its role")
    if hidden or role == "system" or content.get("content_type") in _NOT_SAID:
        return None
    text = _words(content)
    if not text.strip():
        return None
    recipient = as_text(message.get("recipient"), "its recipient")
    return Record(
        key=f"{source}#{as_text(message.get('id') or node.get('id'), 'its id') or position}",
        source=source,
        position=position,
        text=text,
        role=role or None,
        speaker=as_text(author.get("name"), "its author's name") or None,
        said_at=as_time(message.get("create_time")),
        metadata=without_empty({"title": title, "to": recipient if recipient != "all" else ""}),
    )


def _words(content: Mapping[str, Any]) -> str:
    """Written words, the transcript of spoken ones, or the result of a tool."""
    parts = [
        part.get("text") if isinstance(part, dict) else part
        for part in as_list(content.get("parts"), "its list of parts")
    ]
    texts = [*parts, content.get("text"), content.get("result")]
    words = "\n".join(text for text in texts if isinstance(text, str) and text.strip())
    words = _OLD_CITATION.sub("", _CITATION.sub(_shown, words))
    kind = content.get("content_type")
    if not words and kind not in _KNOWN and len(content) > 1:
        raise ValueError(f"its content is of the unknown type {kind!r}")
    return words


def _shown(citation: re.Match[str]) -> str:
    """Words that are read in place of a reference: those of a link, none for a source."""
    shown = _SHOWN.match(citation[1] or "")
    return shown[1] if shown else ""
