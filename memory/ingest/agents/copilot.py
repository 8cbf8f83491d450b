"""Chats of VS Code with Copilot: ``workspaceStorage/ID/chatSessions/*.json``, ``.jsonl`` of late.

A request is what the user asked, and a response of many parts. A file of lines is a journal: the
whole session first, then changes to it by their path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from remem.ingest.agents.calls import Call, turn_of
from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn

_CALLS = ("toolInvocationSerialized", "toolInvocation")
_EDITS = ("textEditGroup", "notebookEditGroup")


def _turns(request: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    identity = as_text(request.get("requestId"), "its id")
    moment = as_time(request.get("timestamp")) or as_time(chat.facts.get("creationDate"))
    session = as_text(chat.facts.get("sessionId"), "its session")
    if "project" not in chat.facts:
        chat.facts["project"] = folder_of(chat.path.parent.parent)
    known = {"project": chat.facts["project"], "title": chat.facts.get("customTitle")}
    message = request.get("message")
    asked = message.get("text") if isinstance(message, dict) else message
    yield Turn(
        text=as_text(asked, "its message"),
        role="user",
        said_at=moment,
        identity=identity,
        session=session,
        metadata=known,
    )
    said: list[str] = []
    called = _called(request)
    for number, part in enumerate(as_list(request.get("response"), "its response")):
        kind = part.get("kind") if isinstance(part, dict) else None
        if kind in _CALLS:
            yield turn_of(_call(part, number, identity, moment, session, called, known))
        elif kind in _EDITS:
            yield turn_of(
                Call(
                    f"{identity}-{number}",
                    "edit",
                    {"path": _path(part.get("uri")), "content": _edited(part)},
                    said_at=moment,
                    session=session,
                    metadata=known,
                )
            )
        else:
            said.append(_words(part))
    yield Turn(
        text="".join(said).strip(),
        role="assistant",
        said_at=moment,
        identity=f"{identity}-response" if identity else "",
        session=session,
        metadata=known,
    )


def _words(part: Any) -> str:
    """The words of a part of an answer; a reference stands in the middle of a sentence."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    kind = part.get("kind")
    if kind == "inlineReference":
        reference = part.get("inlineReference")
        return str(part.get("name") or Path(_path(reference)).name)
    if kind in (None, "markdownContent", "markdown"):
        content = part.get("content", part)
        value = content.get("value") if isinstance(content, dict) else content
        return value if isinstance(value, str) else ""
    return ""


def _called(request: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Arguments and results of tools, by the id of the call."""
    result = request.get("result")
    metadata = result.get("metadata") if isinstance(result, dict) else None
    if not isinstance(metadata, dict):
        return {}
    results = metadata.get("toolCallResults")
    known = results if isinstance(results, dict) else {}
    return {
        str(call.get("id")): (call.get("arguments"), _plain(known.get(str(call.get("id")))))
        for each in as_list(metadata.get("toolCallRounds"), "its rounds")
        for call in as_list(each.get("toolCalls"), "its calls")
    }


def _plain(result: Any) -> str:
    contents = result.get("content") if isinstance(result, dict) else None
    values = [each.get("value") for each in contents or () if isinstance(each, dict)]
    return "\n".join(value for value in values if isinstance(value, str))


def _call(
    part: Mapping[str, Any],
    number: int,
    identity: str,
    moment: Any,
    session: str,
    called: Mapping[str, tuple[Any, str]],
    known: Mapping[str, Any],
) -> Call:
    call_id = as_text(part.get("toolCallId"), "the id of a call")
    given, output = called.get(call_id, (None, ""))
    special = part.get("toolSpecificData")
    data = special if isinstance(special, dict) else {}
    code = None
    if data.get("kind") == "terminal":
        line = data.get("commandLine")
        command = line.get("original") if isinstance(line, dict) else data.get("command")
        state, shown = data.get("terminalCommandState"), data.get("terminalCommandOutput")
        code = state.get("exitCode") if isinstance(state, dict) else None
        given = given or {"command": command}
        output = output or (str(shown.get("text") or "") if isinstance(shown, dict) else "")
    told = part.get("pastTenseMessage") or part.get("invocationMessage")
    told = told.get("value") if isinstance(told, dict) else told
    return Call(
        call_id or f"{identity}-{number}",
        as_text(part.get("toolId"), "its tool") or "tool",
        given or {"did": told},
        output,
        exit_code=code if isinstance(code, int) else None,
        said_at=moment,
        session=session,
        metadata=known,
    )


def _edited(part: Mapping[str, Any]) -> str:
    edits = as_list(part.get("edits"), "its edits")
    flat = [one for each in edits for one in (each if isinstance(each, list) else [each])]
    texts = [one.get("text") for one in flat if isinstance(one, dict)]
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def _path(uri: Any) -> str:
    if isinstance(uri, dict):
        inner = uri.get("uri")
        return (
            _path(inner)
            if isinstance(inner, dict)
            else str(uri.get("fsPath") or uri.get("path") or "")
        )
    return ""


def folder_of(workspace: Path) -> str | None:
    """The folder that a workspace of the editor is of, as ``workspace.json`` notes it."""
    try:
        noted = json.loads((workspace / "workspace.json").read_text("utf-8"))
        uri = as_text(as_object(noted, "it").get("folder"), "its folder")
    except (OSError, ValueError):
        return None
    path = unquote(urlsplit(uri).path)
    # A drive of Windows: file:///c%3A/work
    return (path[1:] if path[2:3] == ":" else path) or None


# The journal: an object, and changes to it.


def _journal(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    if line.get("kind") == 0:
        chat.facts["whole"] = as_object(line.get("v"), "its session")
    elif "whole" in chat.facts:
        _change(chat.facts["whole"], line)
    return iter(())


def _change(whole: Any, line: Mapping[str, Any]) -> None:
    """Set (1), add to (2) or take out (3) what is at a path."""
    *above, last = as_list(line.get("k"), "its path")
    place = whole
    for step in above:
        place = place[step]
    kind, value = line.get("kind"), line.get("v")
    if kind == 1:
        place[last] = value
    elif kind == 2:
        listed = place.setdefault(last, []) if isinstance(place, dict) else place[last]
        if isinstance(line.get("i"), int):
            del listed[line["i"] :]
        listed += as_list(value, "what it adds")
    elif kind == 3:
        del place[last]


def _requests(chat: Chat) -> Iterator[Turn]:
    whole = chat.facts.pop("whole", {})
    requests = as_list(whole.get("requests"), "its requests")
    chat.facts.update((name, value) for name, value in whole.items() if name != "requests")
    for request in requests:
        yield from _turns(as_object(request, "a request"), chat)


def _begins(line: Mapping[str, Any]) -> bool:
    value = line.get("v")
    return line.get("kind") == 0 and isinstance(value, dict) and "requests" in value


COPILOT = (
    Format(
        "VS Code chat",
        "vscode",
        _turns,
        frozenset({"requests", "responderUsername"}),
        "requests.item",
    ),
    Format("VS Code chat", "vscode", _journal, knows_line=_begins, rest=_requests),
)
