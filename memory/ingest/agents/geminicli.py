"""Sessions of Gemini CLI: ``~/.gemini/tmp/PROJECT/chats/session-*.json``, or ``.jsonl`` of late.

PROJECT is a name for the folder, or the SHA-256 of its path. A file of lines is a journal: a
message may be written anew with its tools' results, and taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from remem.ingest.agents.calls import Call, text_in, turn_of
from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn

_ROLES = {"user": "user", "gemini": "assistant"}


def _turns(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    role = _ROLES.get(str(message.get("type")))
    if role is None:  # the program's own words
        return
    session = as_text(chat.facts.get("sessionId"), "its session")
    known = {"project": _project(chat)}
    moment = as_time(message.get("timestamp"))
    identity = as_text(message.get("id"), "its id")
    yield Turn(
        text=text_in(message.get("content")),
        role=role,
        said_at=moment,
        identity=identity,
        session=session,
        metadata=known,
    )
    for number, call in enumerate(as_list(message.get("toolCalls"), "its calls"), start=1):
        yield turn_of(
            Call(
                as_text(call.get("id"), "the id of a call") or f"{identity}-{number}",
                as_text(call.get("name"), "its tool") or "tool",
                call.get("args"),
                _output(call),
                failed=call.get("status") == "error",
                said_at=as_time(call.get("timestamp")) or moment,
                session=session,
                metadata=known,
            )
        )


def _output(call: Mapping[str, Any]) -> str:
    """The result that the model was given, else the one that was shown."""
    words: list[str] = []
    results = call.get("result")
    for result in results if isinstance(results, list) else [results]:
        response = result.get("functionResponse") if isinstance(result, dict) else None
        answer = response.get("response") if isinstance(response, dict) else result
        if isinstance(answer, dict):
            answer = answer.get("output") or answer.get("error") or answer.get("text")
        words.append(text_in(answer))
    shown = call.get("resultDisplay")
    return "\n".join(filter(None, words)) or (shown if isinstance(shown, str) else "")


def _project(chat: Chat) -> str | None:
    """The folder that the session was in, where the program notes it."""
    if "project" not in chat.facts:
        chat.facts["project"] = _noted(chat.path)
    folder: str | None = chat.facts["project"]
    return folder


def _noted(path: Path) -> str | None:
    home = path.parent.parent  # .../tmp/PROJECT/chats/session.json
    try:
        return (home / ".project_root").read_text("utf-8").strip() or None
    except (OSError, UnicodeError):
        pass
    try:
        known = json.loads((home.parent.parent / "projects.json").read_text("utf-8"))
        names = as_object(as_object(known, "it").get("projects"), "its projects")
    except (OSError, ValueError):
        return None
    return next((str(folder) for folder, name in names.items() if name == home.name), None)


# The journal: messages by their ids, in the order in which they first came.


def _journal(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    messages: dict[str, Mapping[str, Any]] = chat.facts.setdefault("messages", {})
    changed = line.get("$set")
    if "sessionId" in line:
        chat.facts["sessionId"] = line["sessionId"]
    elif isinstance(changed, dict):
        if isinstance(changed.get("messages"), list):
            messages.clear()
            messages.update((str(each.get("id")), each) for each in changed["messages"])
    elif "$rewindTo" in line:
        names = list(messages)
        back = str(line["$rewindTo"])
        for name in names[names.index(back) :] if back in messages else ():
            del messages[name]
    elif "id" in line:
        messages[str(line["id"])] = line
    return iter(())


def _messages(chat: Chat) -> Iterator[Turn]:
    for message in chat.facts.get("messages", {}).values():
        yield from _turns(message, chat)


GEMINI_CLI = (
    Format(
        "Gemini CLI session",
        "gemini-cli",
        _turns,
        frozenset({"sessionId", "projectHash", "messages"}),
        "messages.item",
    ),
    Format(
        "Gemini CLI session",
        "gemini-cli",
        _journal,
        knows_line=lambda line: {"sessionId", "projectHash", "startTime"} <= line.keys(),
        rest=_messages,
    ),
)
