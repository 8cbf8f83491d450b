"""The programs that remem can be put into, and what each has documented as its place for that.

A coding agent gets two hooks, one at the start of a session and one at its end, where it has them;
and all get the memory as a server of MCP, which a model asks when it needs to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = "remem"
"""Name of the entry in lists of servers."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An entry in a file of settings.

    Attributes:
        kind: "value" at a path of objects, "default" where there is none yet, "item" of the list
            at one, or "table" of TOML.
        path: Names of the objects that it is in.
        value: What it is.
    """

    kind: str
    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Change:
    """The entries that go into one file, in this order."""

    file: Path
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that the places of settings depend on.

    Attributes:
        home: The user's folder.
        command: The command line that starts remem, word by word.
        options: Options of every command that are to hold there, such as ``--store``.
        environment: Variables by which programs are told to keep their files elsewhere.
        platform: As ``sys.platform`` has it.
    """

    home: Path
    command: tuple[str, ...]
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    platform: str = sys.platform

    def mcp(self, *options: str) -> tuple[str, list[str]]:
        """Program and arguments that serve the memory."""
        first, *rest = self.command
        return first, [*rest, "mcp", *options, *self.options]

    def hook(self, event: str, client: str) -> str:
        """The command line of a hook, for a shell."""
        words = [*self.command, "hook", event, "--client", client, *self.options]
        return " ".join(map(_quoted, words))

    def folder(self, variable: str, *otherwise: str) -> Path:
        """The folder that a variable names, else one below the user's."""
        return Path(self.environment.get(variable) or self.home.joinpath(*otherwise))

    @property
    def programs(self) -> Path:
        """The folder of what editors and desktop programs keep."""
        if self.platform == "win32":
            return self.folder("APPDATA", "AppData", "Roaming")
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        return self.folder("XDG_CONFIG_HOME", ".config")


def _quoted(word: str) -> str:
    """A word that a shell, of Windows too, reads as one."""
    plain = word and all(sign.isalnum() or sign in "-_./:=@+,\\" for sign in word)
    return word if plain else '"' + word.replace('"', '\\"') + '"'


_PROJECT = "--project"


def _claude_code(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp(_PROJECT)
    moved = machine.environment.get("CLAUDE_CONFIG_DIR")
    server = {"type": "stdio", "command": command, "args": arguments}
    return (
        Change(
            machine.folder("CLAUDE_CONFIG_DIR", ".claude") / "settings.json",
            _nested_hooks(machine, "claude-code", {"SessionStart": 10, "SessionEnd": 10}),
        ),
        Change(
            (Path(moved) if moved else machine.home) / ".claude.json",
            (Edit("value", ("mcpServers", SERVER), server),),
        ),
    )


def _codex(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp(_PROJECT)
    home = machine.folder("CODEX_HOME", ".codex")
    table = {"command": command, "args": arguments}
    return (
        # It tells no hook that a session is over: the next one finds those that are.
        Change(home / "hooks.json", _nested_hooks(machine, "codex", {"SessionStart": 10})),
        Change(home / "config.toml", (Edit("table", ("mcp_servers", SERVER), table),)),
    )


def _gemini_cli(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp(_PROJECT)
    server = {"command": command, "args": arguments}
    hooks = _nested_hooks(machine, "gemini-cli", {"SessionStart": 10_000, "SessionEnd": 10_000})
    settings = machine.home / ".gemini" / "settings.json"
    return (Change(settings, (*hooks, Edit("value", ("mcpServers", SERVER), server))),)


def _open_code(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp(_PROJECT)
    server = {"type": "local", "command": [command, *arguments], "enabled": True}
    folder = machine.folder("XDG_CONFIG_HOME", ".config") / "opencode"
    with_comments = folder / "opencode.jsonc"
    settings = with_comments if with_comments.exists() else folder / "opencode.json"
    return (Change(settings, (Edit("value", ("mcp", SERVER), server),)),)


def _cursor(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp(_PROJECT)
    folder = machine.home / ".cursor"
    hooks = folder / "hooks.json"
    items = tuple(
        Edit("item", ("hooks", event), {"command": machine.hook(name, "cursor")})
        for event, name in (("sessionStart", "session-start"), ("sessionEnd", "session-end"))
    )
    server = {"command": command, "args": arguments}
    return (
        Change(hooks, (Edit("default", ("version",), 1), *items)),
        Change(folder / "mcp.json", (Edit("value", ("mcpServers", SERVER), server),)),
    )


def _claude_desktop(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp()
    settings = machine.programs / "Claude" / "claude_desktop_config.json"
    server = {"command": command, "args": arguments}
    return (Change(settings, (Edit("value", ("mcpServers", SERVER), server),)),)


def _vscode(machine: Machine) -> Sequence[Change]:
    command, arguments = machine.mcp()
    server = {"type": "stdio", "command": command, "args": arguments}
    settings = machine.programs / "Code" / "User" / "mcp.json"
    return (Change(settings, (Edit("value", ("servers", SERVER), server),)),)


def _nested_hooks(machine: Machine, client: str, timeouts: Mapping[str, int]) -> tuple[Edit, ...]:
    """Hooks as Claude Code has them, and others after it; each with the time that it may take."""
    events = {"SessionStart": "session-start", "SessionEnd": "session-end"}
    return tuple(
        Edit(
            "item",
            ("hooks", event),
            {
                "hooks": [
                    {
                        "type": "command",
                        "command": machine.hook(events[event], client),
                        "timeout": timeout,
                    }
                ]
            },
        )
        for event, timeout in timeouts.items()
    )


CLIENTS: Mapping[str, Callable[[Machine], Sequence[Change]]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "gemini-cli": _gemini_cli,
    "opencode": _open_code,
    "cursor": _cursor,
    "claude-desktop": _claude_desktop,
    "vscode": _vscode,
}
"""The programs by the names that people give them."""
