"""``remem hook EVENT``: what agents call, with a session as JSON on standard input.

An agent waits for it, so nothing is imported here that takes a moment: where ``remem serve`` runs
on the same store, it answers, and otherwise the store is read, without a model. Whatever fails
costs the agent nothing: the session begins without memories, and the next one says why.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from remem import handshake, preferences
from remem.folders import default_store
from remem.hooks import pending

_USAGE = "usage: remem hook session-start|session-end --client CLIENT [--store STORE] ..."
_LONGEST_INPUT = 1 << 20
_CONNECT_SECONDS = 0.2
_ANSWER_SECONDS = 2.0
_KNOWN_ALREADY = ("resume", "compact")
"""Beginnings of a session in which the model still has what it was told at the first."""


def main(arguments: Sequence[str]) -> int:
    """Carry out a hook and return the exit code: 0, whatever becomes of it, but for wrong usage."""
    event, options = _parsed(arguments)
    if event == "store":
        from remem.hooks.storing import store_pending

        return store_pending()
    if event not in ("session-start", "session-end"):
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        options = _completed(options)
        session = _session()
        if event == "session-end":
            pending.note(session.get("transcript_path"), options, is_over=True)
        else:
            _begin(session, options)
        pending.start()
    except Exception as error:  # an agent is not to fail because of its memory
        print(f"remem: {type(error).__name__}: {error}", file=sys.stderr)
    return 0


def _parsed(arguments: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    event, *rest = arguments or [""]
    names = (name.removeprefix("--") for name in rest[::2])
    options = dict(zip(names, rest[1::2], strict=False))
    return event, options


def _completed(options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, and what the user set for all commands."""
    given = {name: setting.value for name, setting in preferences.given().items()}
    kept = ("store", "namespace", "encoder", "secrets")
    return {**{name: given[name] for name in kept if name in given}, **options}


def _session() -> Mapping[str, Any]:
    """The session that the agent tells of; an empty one where nobody tells."""
    if sys.stdin is None or sys.stdin.isatty():
        return {}
    try:
        told = json.loads(sys.stdin.read(_LONGEST_INPUT))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _begin(session: Mapping[str, Any], options: Mapping[str, str]) -> None:
    if session.get("source") in _KNOWN_ALREADY:
        return
    folder = _folder(session)
    told = _from_server(folder, options)
    if told is None:
        from remem.hooks.briefing import from_store

        told = from_store(folder, options)
    print(_answer(options.get("client", ""), told, pending.problem()))
    if options.get("client") == "codex":
        # It tells nobody when a session is over: a later one finds those that are.
        pending.note(session.get("transcript_path"), options, is_over=False)


def _folder(session: Mapping[str, Any]) -> str:
    roots = session.get("workspace_roots")
    first = roots[0] if isinstance(roots, list) and roots else None
    return str(session.get("cwd") or first or os.getcwd())  # noqa: PTH109


def _answer(client: str, told: str, problem: str) -> str:
    """The context for the agent, in its own form."""
    if client == "cursor":
        return json.dumps({"additional_context": told} if told else {})
    answer: dict[str, Any] = {"systemMessage": problem} if problem else {}
    if told:
        context = {"hookEventName": "SessionStart", "additionalContext": told}
        answer["hookSpecificOutput"] = context
    return json.dumps(answer)


def _from_server(folder: str, options: Mapping[str, str]) -> str | None:
    """The briefing by the server of the store; None if there is none."""
    for port, token in handshake.noted(options.get("store") or default_store()):
        if (told := _from_server_at(port, token, folder, options)) is not None:
            return told
    return None


def _from_server_at(port: int, token: str, folder: str, options: Mapping[str, str]) -> str | None:
    nonce, namespace = os.urandom(16).hex(), options.get("namespace", "")
    asked = {"folder": folder, "namespace": namespace, "nonce": nonce}
    asked["proof"] = handshake.proof(token, "ask", nonce, folder, namespace)
    try:
        answer = json.loads(_get(port, f"{handshake.PATH}?{urlencode(asked)}"))
        text = str(answer["text"])
        return text if handshake.is_proof(answer["proof"], token, "tell", nonce, text) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _get(port: int, target: str) -> bytes:
    """The body of an answer. HTTP/1.0, for which no library is needed."""
    request = f"GET {target} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), _CONNECT_SECONDS) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.sendall(request)
        data = b""
        while chunk := connection.recv(1 << 16):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise ValueError("the server refuses")
    return body
