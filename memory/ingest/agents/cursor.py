"""Conversations of Cursor: ``User/globalStorage/state.vscdb``, a database of keys and values.

``composerData:ID`` is a conversation, and lists its bubbles; each is ``bubbleId:ID:BUBBLE``, or,
before 2025, stands in the list itself. Which folder it was in, the editor notes beside it, in
``User/workspaceStorage``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from remem.ingest.agents.calls import Call, text_in, turn_of
from remem.ingest.agents.copilot import folder_of
from remem.ingest.databases import Sessions, has_tables, json_of, opened
from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.ingest.turns import Turn

_ROLES = {1: "user", 2: "assistant"}
_COMPOSERS = "composerData:"


class CursorReader(Sessions):
    """A source is a conversation, a record what was said or called in one of its bubbles."""

    name = "Cursor conversations"
    prefix = "cursor"

    def detect(self, path: Path) -> bool:
        """True if the file is the editor's database."""
        return path.is_file() and has_tables(path, "cursorDiskKV")

    def sessions(self, path: Path) -> Sequence[str]:
        """Names of the conversations, in the order in which they were begun."""
        with opened(path) as connection:
            # A range, which the index of the keys answers: such a database may have gigabytes.
            rows = connection.execute(
                "SELECT key FROM cursorDiskKV WHERE key >= ? AND key < ? ORDER BY rowid",
                (_COMPOSERS, _COMPOSERS[:-1] + ";"),
            )
            return [key.removeprefix(_COMPOSERS) for (key,) in rows]

    def turns(self, path: Path, session: str) -> Iterator[Turn]:
        """Words and calls, bubble by bubble."""
        with opened(path) as connection:
            composer = json_of(_value(connection, f"{_COMPOSERS}{session}"))
            if composer is None:
                return
            composer = as_object(composer, "it")
            begun = as_time(composer.get("createdAt"))
            folder = _folder(composer) or _folders(path.parent.parent).get(session)
            known = {"project": folder, "title": composer.get("name")}
            for bubble in _bubbles(connection, session, composer):
                moment = as_time(bubble.get("createdAt")) or begun
                yield from _said(bubble, session, moment, known)


def _value(connection: sqlite3.Connection, key: str) -> Any:
    row = connection.execute("SELECT value FROM cursorDiskKV WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def _bubbles(
    connection: sqlite3.Connection, session: str, composer: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    headers = as_list(composer.get("fullConversationHeadersOnly"), "its headers")
    for header in headers:
        key = f"bubbleId:{session}:{header.get('bubbleId')}"
        bubble = json_of(_value(connection, key))
        if isinstance(bubble, dict):
            yield {"bubbleId": header.get("bubbleId"), "type": header.get("type"), **bubble}
    for bubble in as_list(composer.get("conversation"), "it") if not headers else ():
        if isinstance(bubble, dict):
            yield bubble


def _said(
    bubble: Mapping[str, Any], session: str, moment: Any, known: Mapping[str, Any]
) -> Iterator[Turn]:
    identity = as_text(bubble.get("bubbleId"), "the id of a bubble")
    yield Turn(
        text=as_text(bubble.get("text"), "its text"),
        role=_ROLES.get(bubble.get("type", 0), ""),
        said_at=moment,
        identity=identity,
        session=session,
        metadata=known,
    )
    called = bubble.get("toolFormerData")
    if isinstance(called, dict) and called.get("name"):
        output, code = _output(called.get("result"))
        yield turn_of(
            Call(
                as_text(called.get("toolCallId"), "the id of a call") or f"{identity}-call",
                as_text(called.get("name"), "its tool"),
                called.get("rawArgs") or called.get("params"),
                output,
                exit_code=code,
                failed=called.get("status") == "error",
                said_at=moment,
                session=session,
                metadata=known,
            )
        )


def _output(result: Any) -> tuple[str, int | None]:
    """The words of a result, which is JSON with one of several fields, and its exit code."""
    data = result
    if isinstance(result, str):
        try:
            data = json_of(result)
        except ValueError:
            return result, None
    if not isinstance(data, dict):
        return text_in(data), None
    names = ("output", "contents", "content", "text", "result", "error", "diff")
    words = next((data[name] for name in names if data.get(name)), "")
    code = data.get("exitCodeV2", data.get("exitCode"))
    return text_in(words), code if isinstance(code, int) else None


def _folder(composer: Mapping[str, Any]) -> str | None:
    """The folder that a conversation notes itself, in some versions."""
    identifier = composer.get("workspaceIdentifier")
    uri = identifier.get("uri") if isinstance(identifier, dict) else None
    path = (uri.get("fsPath") or uri.get("path")) if isinstance(uri, dict) else None
    return path if isinstance(path, str) else None


@lru_cache(maxsize=4)
def _folders(user: Path) -> Mapping[str, str]:
    """The folders of conversations, by what each workspace says are its own."""
    found: dict[str, str] = {}
    for database in sorted((user / "workspaceStorage").glob("*/state.vscdb")):
        folder = folder_of(database.parent)
        if folder is None:
            continue
        try:
            with opened(database) as connection:
                row = connection.execute(
                    "SELECT value FROM ItemTable WHERE key = 'composer.composerData'"
                ).fetchone()
            data = as_object(json_of(row[0]) if row else {}, "it")
            for each in as_list(data.get("allComposers"), "it"):
                found[str(each.get("composerId"))] = folder
        except (sqlite3.Error, ValueError, AttributeError):
            continue
    return found
