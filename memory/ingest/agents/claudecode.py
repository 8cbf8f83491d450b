"""Sessions of Claude Code: ``~/.claude/projects/PROJECT/SESSION.jsonl``.

A line is an event. What people and the model said, each block of a message on a line of its own,
and what tools were called with; their results stand in later lines, as messages of the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from remem.ingest.agents.calls import Call, text_in, turn_of
from remem.ingest.parsing import as_list, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn

_ROLES = ("user", "assistant")
_NOTES = re.compile(
    r"\s*(?:<(?:command-|local-command|system-reminder|task-notification|bash-|user-prompt-)"
    r"|\[Request interrupted)"
)
_SKIPPED = ("isMeta", "isSidechain", "isCompactSummary", "isApiErrorMessage")
"""Marks of lines that nobody said: the program's own, what a helper of the model was told, a
summary of what stands above it."""


def _turns(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    message = line.get("message")
    role = str(line.get("type"))
    if role not in _ROLES or not isinstance(message, dict) or any(map(line.get, _SKIPPED)):
        return
    content = message.get("content")
    blocks = [content] if isinstance(content, str) else as_list(content, "its content")
    calls: dict[str, dict[str, Any]] = chat.facts.setdefault("calls", {})
    known = {"project": line.get("cwd"), "branch": line.get("gitBranch")}
    moment, session = as_time(line.get("timestamp")), as_text(line.get("sessionId"), "its session")
    for block in blocks:
        if isinstance(block, dict) and block.get("type") == "tool_use":
            calls[str(block.get("id"))] = block
        elif isinstance(block, dict) and block.get("type") == "tool_result":
            identity = str(block.get("tool_use_id"))
            called = calls.pop(identity, {})
            yield turn_of(
                Call(
                    identity,
                    as_text(called.get("name"), "its tool") or "tool",
                    called.get("input"),
                    text_in(block.get("content")),
                    failed=block.get("is_error") is True,
                    said_at=moment,
                    session=session,
                    metadata=known,
                )
            )
    text = "\n".join(filter(str.strip, map(_said, blocks)))
    yield Turn(
        text="" if _NOTES.match(text) else text,
        role=role,
        said_at=moment,
        identity=as_text(line.get("uuid"), "its uuid"),
        session=session,
        metadata=known,
    )


def _said(block: Any) -> str:
    if isinstance(block, dict):
        return text_in([block]) if block.get("type") == "text" else ""
    return as_text(block, "its words")


CLAUDE_CODE = Format(
    "Claude Code session",
    "claude-code",
    _turns,
    knows_line=lambda line: {"sessionId", "uuid", "message"} <= line.keys(),
)
