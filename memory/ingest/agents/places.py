"""Places where coding agents keep their transcripts on this machine, and what lies there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remem.ingest.agents.claudecode import CLAUDE_CODE
from remem.ingest.agents.codex import CODEX
from remem.ingest.agents.copilot import COPILOT
from remem.ingest.agents.cursor import CursorReader
from remem.ingest.agents.geminicli import GEMINI_CLI
from remem.ingest.agents.opencode import OpenCodeReader
from remem.ingest.base import Reader
from remem.ingest.turns import FormatReader

OPEN_CODE = OpenCodeReader()
"""It also knows a folder as a whole."""

AGENT_READERS: tuple[Reader, ...] = (
    *(FormatReader(each) for each in (CLAUDE_CODE, CODEX, *GEMINI_CLI, *COPILOT)),
    CursorReader(),
    OPEN_CODE,
)
"""Readers of the transcripts of all agents."""

_EDITORS = ("Code", "Code - Insiders", "VSCodium")


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of file that an agent keeps.

    Attributes:
        agent: The agent's name, as ``remem install`` takes it.
        root: A folder.
        patterns: Files or folders below it, as ``Path.glob`` has them.
    """

    agent: str
    root: Path
    patterns: tuple[str, ...]

    def paths(self) -> Iterator[Path]:
        """The files that lie there, in sorted order."""
        for pattern in self.patterns:
            yield from sorted(self.root.glob(pattern))


def places(home: Path, environment: Mapping[str, str] = os.environ) -> Sequence[Place]:
    """The places of all agents, whether there is anything or not.

    Args:
        home: The user's folder.
        environment: Variables by which agents are told to keep their files elsewhere.
    """

    def named(variable: str, otherwise: Path) -> Path:
        return Path(environment.get(variable) or otherwise)

    data = named("XDG_DATA_HOME", home / ".local" / "share") / "opencode"
    programs = _programs(home, environment)
    chats = (
        "workspaceStorage/*/chatSessions/*.json*",
        "globalStorage/emptyWindowChatSessions/*.json*",
    )
    return (
        Place(
            "claude-code",
            named("CLAUDE_CONFIG_DIR", home / ".claude"),
            ("projects/*/*.jsonl",),
        ),
        Place(
            "codex",
            named("CODEX_HOME", home / ".codex"),
            ("sessions/**/rollout-*.jsonl", "archived_sessions/**/rollout-*.jsonl"),
        ),
        Place("gemini-cli", home / ".gemini", ("tmp/*/chats/session-*.json*",)),
        Place("opencode", data, ("opencode.db",)),
        # Once there is a database, the folder has been copied into it.
        *((Place("opencode", data, ("storage",)),) if not (data / "opencode.db").exists() else ()),
        Place("cursor", programs / "Cursor" / "User", ("globalStorage/state.vscdb",)),
        *(Place("vscode", programs / editor / "User", chats) for editor in _EDITORS),
    )


def _programs(home: Path, environment: Mapping[str, str]) -> Path:
    """The folder in which editors keep what is their user's."""
    if sys.platform == "win32":
        return Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
