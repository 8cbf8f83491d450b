"""Sessions of OpenCode: its database ``opencode.db``, or its folder ``storage`` of before 2026.

A session has messages, a message has parts: words, calls of tools, and notes of the program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from remem.ingest.agents.calls import Call, text_in, turn_of
from remem.ingest.databases import Sessions, has_tables, json_of, opened
from remem.ingest.parsing import as_object, as_text, as_time
from remem.ingest.turns import Turn

_DONE = ("completed", "error")


class OpenCodeReader(Sessions):
    """A source is a session, a record a message's words or a call."""

    name = "OpenCode sessions"
    prefix = "opencode"

    def detect(self, path: Path) -> bool:
        """True if it is the program's database, or its folder of messages and their parts."""
        if path.is_dir():
            return all((path / name).is_dir() for name in ("session", "message", "part"))
        return has_tables(path, "session", "message", "part")

    def sessions(self, path: Path) -> Sequence[str]:
        """Ids of the sessions."""
        if path.is_dir():
            return sorted(file.stem for file in path.glob("session/*/*.json"))
        with opened(path) as connection:
            rows = connection.execute("SELECT id FROM session ORDER BY time_created, id")
            return [name for (name,) in rows]

    def turns(self, path: Path, session: str) -> Iterator[Turn]:
        """Words and calls, message by message."""
        facts, messages = (_of_folder if path.is_dir() else _of_database)(path, session)
        known = {"project": facts.get("directory"), "title": facts.get("title")}
        for message, parts in messages:
            yield from _message(message, parts, session, known)


_Messages = Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]


def _of_folder(path: Path, session: str) -> tuple[Mapping[str, Any], _Messages]:
    found = next(path.glob(f"session/*/{session}.json"))

    def messages() -> _Messages:
        for file in _sorted(path / "message" / session):
            parts = [_json(part) for part in _sorted(path / "part" / file.stem)]
            yield _json(file), parts

    return _json(found), messages()


def _sorted(folder: Path) -> list[Path]:
    """The files of a folder; their names are made of their times."""
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _json(file: Path) -> Mapping[str, Any]:
    return as_object(json.loads(file.read_text("utf-8")), file.name)


def _of_database(path: Path, session: str) -> tuple[Mapping[str, Any], _Messages]:
    with opened(path) as connection:
        directory, title = connection.execute(
            "SELECT directory, title FROM session WHERE id = ?", (session,)
        ).fetchone()
        rows = connection.execute(
            "SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id",
            (session,),
        ).fetchall()

    def messages() -> _Messages:
        with opened(path) as connection:
            for name, data in rows:
                parts = connection.execute(
                    "SELECT id, data FROM part WHERE message_id = ? ORDER BY id", (name,)
                ).fetchall()
                yield _named(name, data), [_named(*part) for part in parts]

    return {"directory": directory, "title": title}, messages()


def _named(name: str, data: Any) -> Mapping[str, Any]:
    return {**as_object(json_of(data), name), "id": name}


def _message(
    message: Mapping[str, Any],
    parts: Sequence[Mapping[str, Any]],
    session: str,
    known: Mapping[str, Any],
) -> Iterator[Turn]:
    role = as_text(message.get("role"), "its role")
    if role not in ("user", "assistant"):
        return
    begun = as_time(as_object(message.get("time") or {}, "its time").get("created"))
    identity = as_text(message.get("id"), "its id")
    words = [
        text_in([part])
        for part in parts
        # What the program puts into a user's message is none of their words.
        if part.get("type") == "text" and not (part.get("synthetic") or part.get("ignored"))
    ]
    said = Turn(
        text="\n".join(filter(str.strip, words)),
        role=role,
        said_at=begun,
        identity=identity,
        session=session,
        metadata=known,
    )
    if role == "user":
        yield said
    for number, part in enumerate(parts):
        if part.get("type") == "tool":
            yield from _call(part, f"{identity}-{number}", begun, session, known)
    if role == "assistant":
        yield said


def _call(
    part: Mapping[str, Any], identity: str, begun: Any, session: str, known: Mapping[str, Any]
) -> Iterator[Turn]:
    state = as_object(part.get("state") or {}, "the state of a call")
    if state.get("status") not in _DONE:
        return
    told = as_object(state.get("metadata") or {}, "what is known of a call")
    code = told.get("exit")
    yield turn_of(
        Call(
            as_text(part.get("callID"), "the id of a call") or identity,
            as_text(part.get("tool"), "its tool") or "tool",
            state.get("input"),
            text_in(state.get("output")) or text_in(state.get("error")),
            exit_code=code if isinstance(code, int) else None,
            failed=state.get("status") == "error",
            said_at=as_time(as_object(state.get("time") or {}, "its time").get("end")) or begun,
            session=session,
            metadata=known,
        )
    )
