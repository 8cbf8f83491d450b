"""Sessions of Codex: ``~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl``.

A line is an envelope of a time, a type and a payload. What was said and called are items of the
responses; events say the same once more, for the screen. Before October 2025 items stood on the
lines themselves, below a first line about the session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from remem.ingest.agents.calls import Call, text_in, turn_of
from remem.ingest.parsing import as_object, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn

_TOLD = re.compile(
    r"\s*(?:<(?:environment_context|user_instructions|INSTRUCTIONS|permissions|turn_aborted|skill"
    r"|collaboration_mode|user_shell_command|subagent_notification)|# AGENTS\.md instructions)"
)
"""Beginnings of what the program tells the model in the user's name."""

_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output")
_ITEMS = ("message", "reasoning", *_CALLS, *_OUTPUTS)


def _turns(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    facts = chat.facts
    facts["line"] = facts.get("line", 0) + 1
    kind, payload = line.get("type"), line.get("payload")
    if kind == "session_meta" or ("id" in line and "timestamp" in line and kind is None):
        _begin(as_object(payload if payload is not None else line, "its session"), facts)
    elif kind == "turn_context" and isinstance(payload, dict):
        facts["project"] = payload.get("cwd") or facts.get("project")
    elif kind == "response_item" and isinstance(payload, dict):
        yield from _item(payload, as_time(line.get("timestamp")), facts)
    elif kind in _ITEMS:
        yield from _item(line, as_time(facts.get("began")), facts)


def _begin(session: Mapping[str, Any], facts: dict[str, Any]) -> None:
    git = as_object(session.get("git") or {}, "its git")
    facts["session"] = as_text(session.get("id"), "the id of its session")
    facts["began"] = session.get("timestamp")
    facts["project"] = session.get("cwd")
    facts["repository"] = git.get("repository_url")
    facts["branch"] = git.get("branch")


def _item(item: Mapping[str, Any], moment: Any, facts: dict[str, Any]) -> Iterator[Turn]:
    known = {name: facts.get(name) for name in ("project", "repository", "branch")}
    session = as_text(facts.get("session"), "its session")
    kind, identity = item.get("type"), str(item.get("call_id") or item.get("id") or facts["line"])
    calls: dict[str, Mapping[str, Any]] = facts.setdefault("calls", {})
    if kind == "message" and item.get("role") in ("user", "assistant"):
        text = text_in(item.get("content"))
        yield Turn(
            text="" if _TOLD.match(text) else text,
            role=str(item["role"]),
            said_at=moment,
            identity=str(facts["line"]),
            session=session,
            metadata=known,
        )
    elif kind in _CALLS:
        calls[identity] = item
    elif kind in _OUTPUTS:
        called = calls.pop(identity, {})
        output, code = _output(item.get("output"))
        yield turn_of(
            Call(
                identity,
                as_text(called.get("name"), "its tool") or "shell",
                called.get("arguments") or called.get("input") or called.get("action"),
                output,
                exit_code=code,
                said_at=moment,
                session=session,
                metadata=known,
            )
        )


def _output(output: Any) -> tuple[str, int | None]:
    """The output of a tool and its exit code, which some versions wrap into JSON."""
    if isinstance(output, str) and output.startswith("{"):
        try:
            output = json.loads(output)
        except (ValueError, RecursionError):
            return output, None
    if isinstance(output, dict):
        told = output.get("metadata")
        code = told.get("exit_code") if isinstance(told, dict) else None
        words = output.get("output", output.get("content"))
        return text_in(words), code if isinstance(code, int) else None
    return text_in(output), None


def _knows(line: Mapping[str, Any]) -> bool:
    payload = line.get("payload")
    if line.get("type") == "session_meta":
        return isinstance(payload, dict) and {"id", "cwd"} <= payload.keys()
    return "type" not in line and {"id", "timestamp", "instructions"} <= line.keys()


CODEX = Format("Codex session", "codex", _turns, knows_line=_knows)
