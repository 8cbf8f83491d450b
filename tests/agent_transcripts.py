"""Transcripts of coding agents, laid out as the agents lay them out, in a home folder of a test.

The same session everywhere: Ana asks why the build breaks, a command fails, a file is edited, the
command succeeds, and the agent says what it decided.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ASKED = "Why does the kiln build break since we moved to Python 3.13?"
DECIDED = "We decided to pin setuptools below 81, because the kiln plugin imports pkg_resources."
COMMAND = "python -m build --wheel"
FAILED = "ModuleNotFoundError: No module named 'pkg_resources'"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
MS = 1767261600000  # 1 January 2026, 10:00 UTC


def lines(values: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def home_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, with nothing in the environment that remem or an agent would heed."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("STORE", "NAMESPACE", "ENCODER", "RERANKER", "SECRETS"):
        monkeypatch.delenv(f"REMEM_{name}", raising=False)
    return home


def repository(folder: Path, url: str | None = "git@github.com:ana/kiln.git") -> Path:
    """A folder with the notes of git that a clone has."""
    remote = f'[remote "origin"]\n\turl = {url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
    written(folder / ".git" / "config", "[core]\n\tbare = false\n" + (remote if url else ""))
    return folder


def claude_code(home: Path, folder: Path, session: str = "5c7e0f3a-1b2c") -> Path:
    """A session of Claude Code 2: a block of a message on each line."""
    common = {"sessionId": session, "cwd": str(folder), "gitBranch": "main", "version": "2.0.74"}
    common |= {"userType": "external", "isSidechain": False}
    number = 0

    def event(kind: str, content: Any, **more: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        message: dict[str, Any] = {"role": kind, "content": content}
        if kind == "assistant":
            message |= {"id": f"msg_{number}", "model": "claude-opus-4-5", "stop_reason": None}
        return {
            **common,
            "parentUuid": f"u{number - 1}" if number > 1 else None,
            "type": kind,
            "message": message,
            "uuid": f"u{number}",
            "timestamp": f"2026-01-01T10:00:{number:02}.000Z",
            **more,
        }

    def use(identity: str, name: str, **given: Any) -> list[dict[str, Any]]:
        return [{"type": "tool_use", "id": identity, "name": name, "input": given}]

    def result(identity: str, content: Any, **more: Any) -> list[dict[str, Any]]:
        return [{"tool_use_id": identity, "type": "tool_result", "content": content, **more}]

    meta = "<local-command-caveat>Caveat: ...</local-command-caveat>"
    edit = {"file_path": f"{folder}/pyproject.toml", "old_string": "setuptools"}
    events = [
        {"type": "summary", "summary": "Kiln build", "leafUuid": "u9"},
        {"type": "file-history-snapshot", "messageId": "u1", "snapshot": {}},
        event("user", meta, isMeta=True),
        event("user", ASKED),
        event("assistant", [{"type": "thinking", "thinking": "Hmm.", "signature": "x"}]),
        event("assistant", [{"type": "text", "text": "I run the build first."}]),
        event("assistant", use("toolu_1", "Bash", command=COMMAND, description="Build")),
        event(
            "user",
            result("toolu_1", f"Exit code 1\n{FAILED}\ntoken {SECRET}", is_error=True),
            toolUseResult=f"Error: Exit code 1\n{FAILED}",
        ),
        event("assistant", use("toolu_2", "Edit", **edit, new_string="setuptools<81")),
        event(
            "user",
            result("toolu_2", "The file has been updated."),
            toolUseResult={"filePath": edit["file_path"], "structuredPatch": []},
        ),
        event("assistant", use("toolu_3", "Bash", command=COMMAND)),
        event(
            "user",
            result("toolu_3", [{"type": "text", "text": "wheel built\n" + "log line\n" * 900}]),
            toolUseResult={"stdout": "", "stderr": "", "interrupted": False},
        ),
        event("assistant", [{"type": "text", "text": DECIDED}]),
        event("user", "Find all callers", isSidechain=True),
        event("assistant", use("toolu_4", "Read", file_path=f"{folder}/a.py")),
    ]
    name = str(folder).replace("/", "-")
    return written(home / ".claude" / "projects" / name / f"{session}.jsonl", lines(events))


def codex(home: Path, folder: Path) -> Path:
    """A session of Codex 0.65."""
    session = "019b0000-1111-7222-8333-444444444444"

    def item(
        payload: Mapping[str, Any], second: int, kind: str = "response_item"
    ) -> dict[str, Any]:
        stamp = f"2026-01-01T10:00:{second:02}.000Z"
        return {"timestamp": stamp, "type": kind, "payload": payload}

    def said(role: str, text: str) -> dict[str, Any]:
        part = "output_text" if role == "assistant" else "input_text"
        return {"type": "message", "role": role, "content": [{"type": part, "text": text}]}

    def shell(call: str) -> dict[str, Any]:
        given = json.dumps({"command": ["bash", "-lc", COMMAND], "workdir": str(folder)})
        return {"type": "function_call", "name": "shell", "arguments": given, "call_id": call}

    meta = {
        "id": session,
        "timestamp": "2026-01-01T10:00:00.000Z",
        "cwd": str(folder),
        "originator": "codex_cli_rs",
        "cli_version": "0.65.0",
        "instructions": None,
        "source": "cli",
        "git": {
            "commit_hash": "abc",
            "branch": "main",
            "repository_url": "https://github.com/ana/kiln.git",
        },
    }
    failed = json.dumps({"output": FAILED, "metadata": {"exit_code": 1, "duration_seconds": 0.5}})
    done = "Exit code: 0\nWall time: 1.2 seconds\nOutput:\nwheel built\n"
    patch = "*** Begin Patch\n*** Update File: pyproject.toml\n@@\n-setuptools\n+setuptools<81\n"
    applied = {"type": "custom_tool_call", "name": "apply_patch", "input": patch, "call_id": "c2"}
    context = "<environment_context>\n  <cwd>/x</cwd>\n</environment_context>"
    events = [
        item(meta, 0, "session_meta"),
        item(said("user", context), 1),
        item(said("user", ASKED), 2),
        item({"type": "user_message", "message": ASKED}, 2, "event_msg"),
        item({"cwd": str(folder), "model": "gpt-5-codex"}, 2, "turn_context"),
        item({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}, 3),
        item(shell("c1"), 4),
        item({"type": "function_call_output", "call_id": "c1", "output": failed}, 5),
        item(applied, 6),
        item({"type": "custom_tool_call_output", "call_id": "c2", "output": "Success."}, 7),
        item(shell("c3"), 8),
        item({"type": "function_call_output", "call_id": "c3", "output": done}, 9),
        item({"type": "token_count", "info": None}, 9, "event_msg"),
        item(said("assistant", DECIDED), 10),
    ]
    name = f"rollout-2026-01-01T10-00-00-{session}.jsonl"
    return written(home / ".codex" / "sessions" / "2026" / "01" / "01" / name, lines(events))


def _gemini_messages(folder: Path) -> list[dict[str, Any]]:
    def called(identity: str, name: str, given: Any, output: str, status: str) -> dict[str, Any]:
        response = {"id": identity, "name": name, "response": {"output": output}}
        return {
            "id": identity,
            "name": name,
            "args": given,
            "result": [{"functionResponse": response}],
            "status": status,
            "timestamp": "2026-01-01T10:00:02.000Z",
            "resultDisplay": output,
            "displayName": name,
        }

    failed = f"Command: {COMMAND}\nOutput: {FAILED}\nExit Code: 1"
    calls = [
        called("run-1", "run_shell_command", {"command": COMMAND}, failed, "success"),
        called(
            "edit-2",
            "replace",
            {
                "file_path": f"{folder}/pyproject.toml",
                "old_string": "setuptools",
                "new_string": "setuptools<81",
            },
            "Successfully modified file.",
            "success",
        ),
        called("run-3", "run_shell_command", {"command": COMMAND}, "Output: built", "success"),
    ]
    at = "2026-01-01T10:00:0"
    return [
        {"id": "m0", "timestamp": f"{at}0.000Z", "type": "info", "content": "Update available"},
        {"id": "m1", "timestamp": f"{at}1.000Z", "type": "user", "content": [{"text": ASKED}]},
        {
            "id": "m2",
            "timestamp": f"{at}2.000Z",
            "type": "gemini",
            "content": "",
            "thoughts": [{"subject": "Building", "description": "Hmm."}],
            "toolCalls": calls,
            "model": "gemini-3-pro",
        },
        {"id": "m3", "timestamp": f"{at}9.000Z", "type": "gemini", "content": DECIDED},
    ]


def gemini_cli(home: Path, folder: Path) -> Path:
    """A session of Gemini CLI 0.16."""
    project = home / ".gemini" / "tmp" / "kiln"
    written(project / ".project_root", str(folder))
    session = {
        "sessionId": "ef937a63-814d",
        "projectHash": "be36aa85",
        "startTime": "2026-01-01T10:00:00.000Z",
        "lastUpdated": "2026-01-01T10:01:00.000Z",
        "messages": _gemini_messages(folder),
    }
    name = "session-2026-01-01T10-00-ef937a63.json"
    return written(project / "chats" / name, json.dumps(session, indent=2))


def gemini_cli_journal(home: Path, folder: Path) -> Path:
    """A session of Gemini CLI of late: a message is written anew when its tools are done."""
    first, asked, calling, decided = _gemini_messages(folder)
    begin = {"sessionId": "ef937a63-814d", "projectHash": "kiln", "kind": "main"}
    begin |= {"startTime": "2026-01-01T10:00:00.000Z", "lastUpdated": "2026-01-01T10:00:00.000Z"}
    wrong = {**asked, "id": "m9", "content": "Never mind."}
    events = [
        begin,
        first,
        asked,
        {**calling, "toolCalls": []},
        calling,
        {"$set": {"lastUpdated": "2026-01-01T10:00:05.000Z"}},
        wrong,
        {"$rewindTo": "m9"},
        decided,
    ]
    project = home / ".gemini" / "tmp" / "kiln"
    written(home / ".gemini" / "projects.json", json.dumps({"projects": {str(folder): "kiln"}}))
    return written(project / "chats" / "session-2026-01-01T10-00-ef937a63.jsonl", lines(events))


def _open_code(folder: Path) -> tuple[dict[str, Any], list[tuple[dict[str, Any], list[Any]]]]:
    def tool(call: str, name: str, given: Any, output: str, **metadata: Any) -> dict[str, Any]:
        state = {"status": "completed", "input": given, "output": output, "title": name}
        state |= {"metadata": metadata, "time": {"start": MS + 2000, "end": MS + 3000}}
        return {"type": "tool", "callID": call, "tool": name, "state": state}

    def text(words: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": words, **more}

    session = {"id": "ses_1", "slug": "kiln", "projectID": "p1", "directory": str(folder)}
    session |= {"title": "Kiln build", "version": "1.2.0", "time": {"created": MS, "updated": MS}}
    edit = {"filePath": f"{folder}/pyproject.toml", "oldString": "setuptools"}
    running = {"type": "tool", "callID": "call_9", "tool": "bash", "state": {"status": "running"}}
    messages = [
        (
            {"id": "msg_1", "sessionID": "ses_1", "role": "user", "time": {"created": MS}},
            [text(ASKED), text("Called the Read tool", synthetic=True)],
        ),
        (
            {
                "id": "msg_2",
                "sessionID": "ses_1",
                "role": "assistant",
                "time": {"created": MS + 1000, "completed": MS + 9000},
            },
            [
                {"type": "step-start"},
                {"type": "reasoning", "text": "Hmm.", "time": {"start": MS}},
                tool("call_1", "bash", {"command": COMMAND}, FAILED, exit=1),
                tool("call_2", "edit", {**edit, "newString": "setuptools<81"}, "ok", diff="..."),
                tool("call_3", "bash", {"command": COMMAND}, "wheel built", exit=0),
                running,
                text(DECIDED),
                {"type": "step-finish", "cost": 0},
            ],
        ),
    ]
    return session, messages


def open_code(home: Path, folder: Path) -> Path:
    """The folder of OpenCode 1.1."""
    session, messages = _open_code(folder)
    storage = home / ".local" / "share" / "opencode" / "storage"
    written(storage / "session" / "p1" / "ses_1.json", json.dumps(session))
    for message, parts in messages:
        name = message["id"]
        written(storage / "message" / "ses_1" / f"{name}.json", json.dumps(message))
        for number, part in enumerate(parts):
            own = {"id": f"prt_{number}", "messageID": name, "sessionID": "ses_1", **part}
            written(storage / "part" / name / f"prt_{number}.json", json.dumps(own))
    return storage


def open_code_database(home: Path, folder: Path) -> Path:
    """The database of OpenCode 1.2."""
    session, messages = _open_code(folder)
    path = home / ".local" / "share" / "opencode" / "opencode.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            """CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text,
                slug text, directory text, title text, version text,
                time_created integer, time_updated integer);
            CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer,
                time_updated integer, data text);
            CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text,
                time_created integer, time_updated integer, data text);"""
        )
        database.execute(
            "INSERT INTO session VALUES (?, 'p1', NULL, 'kiln', ?, ?, '1.2.0', ?, ?)",
            ("ses_1", session["directory"], session["title"], MS, MS),
        )
        for message, parts in messages:
            name, created = message["id"], message["time"]["created"]
            data = {key: value for key, value in message.items() if key not in ("id", "sessionID")}
            row = (name, "ses_1", created, created, json.dumps(data))
            database.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)
            for number, part in enumerate(parts):
                row = (f"prt_{name}_{number}", name, "ses_1", created, created, json.dumps(part))
                database.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", row)
    return path


def cursor(home: Path, folder: Path) -> Path:
    """The databases of Cursor 2: conversations in one, the folder that they are of in another."""
    user = home / ".config" / "Cursor" / "User"

    def called(name: str, given: Any, result: Any, **more: Any) -> dict[str, Any]:
        data = {"name": name, "rawArgs": json.dumps(given), "result": json.dumps(result)}
        return {"toolFormerData": {**data, "status": "completed", **more}}

    run = {"command": COMMAND, "is_background": False}
    edit = {"target_file": "pyproject.toml", "code_edit": "setuptools<81"}
    failed, done = {"output": FAILED, "exitCodeV2": 1}, {"output": "wheel built", "exitCodeV2": 0}
    bubbles: list[dict[str, Any]] = [
        {"type": 1, "text": ASKED},
        {"type": 2, "text": "", "thinking": {"text": "Hmm."}},
        {"type": 2, "text": "", **called("run_terminal_cmd", run, failed, toolCallId="t1")},
        {"type": 2, "text": "", **called("edit_file", edit, {"diff": {}}, toolCallId="t2")},
        {"type": 2, "text": "", **called("run_terminal_cmd", run, done, toolCallId="t3")},
        {"type": 2, "text": DECIDED},
    ]
    composer = {
        "_v": 10,
        "composerId": "c1",
        "name": "Kiln build",
        "createdAt": MS,
        "blobEncryptionKey": "never read this",
        "fullConversationHeadersOnly": [
            {"bubbleId": f"b{number}", "type": bubble["type"]}
            for number, bubble in enumerate(bubbles)
        ],
    }
    rows = {"composerData:c1": composer}
    for number, bubble in enumerate(bubbles):
        stamp = f"2026-01-01T10:00:{number:02}.000Z"
        rows[f"bubbleId:c1:b{number}"] = {"_v": 3, "createdAt": stamp, **bubble}
    path = _keys_and_values(user / "globalStorage" / "state.vscdb", "cursorDiskKV", rows)
    workspace = user / "workspaceStorage" / "0a1b"
    composers = {"composer.composerData": {"allComposers": [{"composerId": "c1"}]}}
    _keys_and_values(workspace / "state.vscdb", "ItemTable", composers)
    written(workspace / "workspace.json", json.dumps({"folder": folder.as_uri()}))
    return path


def _keys_and_values(path: Path, table: str, rows: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        for name in ("ItemTable", "cursorDiskKV"):
            database.execute(
                f"CREATE TABLE {name} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)"
            )
        database.execute("INSERT INTO ItemTable VALUES ('cursorAuth/accessToken', 'never read')")
        values = [(key, json.dumps(value)) for key, value in rows.items()]
        database.executemany(f"INSERT INTO {table} VALUES (?, ?)", values)
    return path


def _copilot(folder: Path) -> dict[str, Any]:
    def terminal(call: str, code: int, output: str) -> dict[str, Any]:
        data = {"kind": "terminal", "commandLine": {"original": COMMAND}, "language": "sh"}
        data |= {"terminalCommandState": {"exitCode": code, "timestamp": MS}}
        data |= {"terminalCommandOutput": {"text": output}}
        return {
            "kind": "toolInvocationSerialized",
            "toolId": "run_in_terminal",
            "toolCallId": call,
            "invocationMessage": {"value": f"Running `{COMMAND}`"},
            "isComplete": True,
            "toolSpecificData": data,
        }

    uri = {"$mid": 1, "fsPath": f"{folder}/pyproject.toml", "path": f"{folder}/pyproject.toml"}
    sentence, rest = DECIDED.split("setuptools")
    response = [
        {"kind": "mcpServersStarting", "didStartServerIds": []},
        {"kind": "thinking", "value": "Hmm."},
        terminal("call_1", 1, FAILED),
        {"kind": "codeblockUri", "uri": uri},
        {"kind": "textEditGroup", "uri": uri, "edits": [[{"text": "setuptools<81"}]], "done": True},
        terminal("call_3", 0, "wheel built"),
        {"value": sentence, "supportThemeIcons": False},
        {"kind": "inlineReference", "name": "setuptools", "inlineReference": uri},
        {"value": rest},
    ]
    request = {
        "requestId": "request_1",
        "message": {"text": ASKED, "parts": []},
        "variableData": {"variables": []},
        "response": response,
        "result": {"metadata": {}},
        "timestamp": MS,
        "modelId": "copilot/gpt-5",
    }
    return {
        "version": 3,
        "requesterUsername": "ana",
        "responderUsername": "GitHub Copilot",
        "initialLocation": "panel",
        "sessionId": "0f-1",
        "creationDate": MS,
        "customTitle": "Kiln build",
        "requests": [request],
    }


def _workspace(home: Path, folder: Path) -> Path:
    workspace = home / ".config" / "Code" / "User" / "workspaceStorage" / "9f8e"
    written(workspace / "workspace.json", json.dumps({"folder": folder.as_uri()}))
    return workspace / "chatSessions"


def copilot(home: Path, folder: Path) -> Path:
    """A chat of VS Code 1.106."""
    return written(_workspace(home, folder) / "0f-1.json", json.dumps(_copilot(folder), indent=2))


def copilot_journal(home: Path, folder: Path) -> Path:
    """A chat of VS Code 1.109: the session as it was, and what changed since."""
    session = _copilot(folder)
    [request] = session["requests"]
    response = request["response"]
    events = [
        {"kind": 0, "v": {**session, "requests": []}},
        {"kind": 2, "k": ["requests"], "v": [{**request, "response": response[:3]}]},
        {"kind": 2, "k": ["requests", 0, "response"], "v": response[2:], "i": 2},
        {"kind": 1, "k": ["customTitle"], "v": "Kiln build"},
    ]
    return written(_workspace(home, folder) / "0f-1.jsonl", lines(events))


ALL = {
    "claude-code": claude_code,
    "codex": codex,
    "gemini-cli": gemini_cli,
    "gemini-cli journal": gemini_cli_journal,
    "opencode": open_code,
    "opencode database": open_code_database,
    "cursor": cursor,
    "vscode": copilot,
    "vscode journal": copilot_journal,
}
"""Writers of a session, by the agent and its layout."""
