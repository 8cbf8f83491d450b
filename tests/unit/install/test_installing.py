"""Entries in settings of others: what stood there stays, and all of it comes back to the byte."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remem.install import jsonc
from remem.install.clients import CLIENTS, Change, Edit, Machine
from remem.install.installing import Notes, Rewrite, installing, uninstalling, write
from remem.store import InvalidInput

tomllib = pytest.importorskip("tomllib")

every_client = pytest.mark.parametrize("client", CLIENTS)


def machine(home: Path) -> Machine:
    return Machine(home, ("/opt/remem bin/remem",), ("--store", "/data/m"), {}, "linux")


def all_files(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def put_in(client: str, home: Path, notes: Notes) -> list[Rewrite]:
    rewrites = installing(CLIENTS[client](machine(home)), notes.of(client))
    write(rewrites)
    notes.keep(client, rewrites)
    return rewrites


def take_out(client: str, notes: Notes) -> None:
    rewrites = uninstalling(notes.of(client))
    write(rewrites)
    notes.keep(client, rewrites)


# Settings as people have them: spacing, comments and line ends of all kinds around any values.

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(-1e4, 1e4, width=16)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc xé", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    [
        "mcpServers",
        "hooks",
        "servers",
        "mcp",
        "theme",
        "a",
        "",
        "remem x",
        "SessionStart",
        "version",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An object of settings, with those that remem writes into among its members."""
    value = draw(st.dictionaries(_NAMES, _VALUES, max_size=4))
    for name in ("mcpServers", "servers", "mcp"):
        if name in value:
            value[name] = draw(st.dictionaries(st.text("abc", min_size=1, max_size=3), _VALUES))
    if "hooks" in value:
        lists = st.lists(_VALUES, max_size=2)
        events = st.sampled_from(["SessionStart", "SessionEnd", "sessionStart", "Stop"])
        value["hooks"] = draw(st.dictionaries(events, lists, max_size=3))
    style = draw(st.sampled_from([None, 1, 2, 4, "\t"]))
    text = json.dumps(value, indent=style, ensure_ascii=draw(st.booleans()))
    if style is not None and draw(st.booleans()):
        comments = ["// mine, see [1] {x}", "/* mine */", "// trailing,"]
        comment = draw(st.sampled_from(comments))
        text = re.sub(
            r"(?m)([\[{,\d])$", lambda m: f"{m[1]} {comment}", text, count=draw(st.integers(0, 3))
        )
        if draw(st.booleans()):
            text = re.sub(r"(\d|null|true|\"|\]|\})(\n\s*[\]}])", r"\1,\2", text)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (
        draw(st.sampled_from(["", "\n", "\ufeff", "// first\n"]))
        + text
        + draw(st.sampled_from(["", "\n", "\n\n", "\r\n"]))
    )


@settings(max_examples=200, deadline=None)
@given(text=documents(), client=st.sampled_from(["claude-code", "gemini-cli", "cursor", "vscode"]))
def test_existing_settings_keep_their_values_and_come_back_to_the_byte(
    text: str, client: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    changes = CLIENTS[client](machine(home))
    for change in changes:
        change.file.parent.mkdir(parents=True, exist_ok=True)
        change.file.write_bytes(text.encode())
    try:
        rewrites = installing(changes, ())
    except InvalidInput:
        return  # What is there is no object, or no list, where the entry goes.
    for change, rewrite in zip(changes, rewrites, strict=True):
        told = (rewrite.after or b"").decode()
        kept = jsonc.parse(told).value
        for edit in change.edits:
            _take(kept, edit)
        assert _without_empty(kept) == _without_empty(_defaults(change) | jsonc.parse(text).value)
        # Nothing of what stood there is lost, comments included.
        assert [part for part in re.split(r"[\s,{}\[\]]+", text) if part not in told] == []
        rewrite.path.write_bytes(rewrite.after or b"")
    undone = uninstalling([each.note for each in rewrites if each.note])
    assert [each.after for each in undone] == [text.encode()] * len(changes)


def _defaults(change: Change) -> dict[str, Any]:
    return {edit.path[0]: edit.value for edit in change.edits if edit.kind == "default"}


def _take(value: Any, edit: Edit) -> None:
    for name in edit.path[:-1]:
        value = value[name]
    if edit.kind == "item":
        value[edit.path[-1]].remove(edit.value)
    elif edit.kind == "value":
        assert value.pop(edit.path[-1]) == edit.value


def _without_empty(value: Any) -> Any:
    """Objects and lists that were made for an entry are empty without it."""
    if isinstance(value, dict):
        inner = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each not in ({}, [])}
    return value


@every_client
def test_settings_that_were_not_there_are_gone_again_with_their_folders(
    client: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    notes = Notes(tmp_path / "notes.json")
    put_in(client, home, notes)
    assert all_files(home)
    take_out(client, notes)
    assert all_files(home) == {}
    assert notes.clients() == []


@every_client
def test_put_in_twice_it_is_there_once_and_still_comes_out_whole(
    client: str, tmp_path: Path
) -> None:
    notes = Notes(tmp_path / "notes.json")
    home = tmp_path / "home"
    home.mkdir()
    put_in(client, home, notes)
    once = all_files(home)
    assert not any(each.is_needed for each in put_in(client, home, notes))
    assert all_files(home) == once
    take_out(client, notes)
    assert all_files(home) == {}


@every_client
def test_the_diff_shows_every_line_that_is_written(client: str, tmp_path: Path) -> None:
    for each in installing(CLIENTS[client](machine(tmp_path)), ()):
        shown = each.diff()
        assert shown.startswith("--- /dev/null\n")
        for line in (each.after or b"").decode().splitlines():
            assert f"+{line}\n" in shown


@every_client
def test_the_entries_start_the_program_that_was_installed(client: str, tmp_path: Path) -> None:
    everything = b"".join(
        each.after or b"" for each in installing(CLIENTS[client](machine(tmp_path)), ())
    ).decode()
    assert "/opt/remem bin/remem" in everything
    assert "/data/m" in everything


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        (lambda text: text.replace('"dark"', '"light"'), '"light"'),
        (lambda text: text.replace("{\n", '{\n  // new\n  "new": 1,\n', 1), '"new": 1'),
    ],
)
def test_of_settings_that_were_changed_since_only_the_entries_go(
    changed: Any, left: str, tmp_path: Path
) -> None:
    path = tmp_path / ".gemini" / "settings.json"
    path.parent.mkdir()
    theirs = {"hooks": {"SessionStart": [{"hooks": [{"command": "theirs"}]}]}, "theme": "dark"}
    path.write_text(json.dumps(theirs, indent=2) + "\n")
    notes = Notes(tmp_path / "notes.json")
    put_in("gemini-cli", tmp_path, notes)
    path.write_text(changed(path.read_text()))
    take_out("gemini-cli", notes)
    text = path.read_text()
    assert "remem" not in text
    assert left in text
    assert jsonc.parse(text).value["hooks"] == theirs["hooks"]
    assert text == changed(json.dumps(theirs, indent=2) + "\n")


TOML = '# mine\nmodel = "gpt-5-codex"\n\n[mcp_servers.docs]\ncommand = "npx"\nargs = ["-y"] # why\n'


@pytest.mark.parametrize("text", [TOML, TOML.rstrip("\n"), TOML.replace("\n", "\r\n"), "", "\n"])
def test_toml_keeps_what_it_has_and_comes_back_to_the_byte(text: str, tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(text.encode())
    notes = Notes(tmp_path / "notes.json")
    put_in("codex", tmp_path, notes)
    now = tomllib.loads(path.read_bytes().decode())
    server = now["mcp_servers"].pop("remem")
    assert server["args"] == ["mcp", "--project", "--store", "/data/m"]
    before = tomllib.loads(text)
    assert now == before or now == {**before, "mcp_servers": {}}
    take_out("codex", notes)
    assert path.read_bytes() == text.encode()


def test_toml_that_was_changed_since_loses_only_the_table(tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text(TOML)
    notes = Notes(tmp_path / "notes.json")
    put_in("codex", tmp_path, notes)
    path.write_text("# newer\n" + path.read_text() + "[tui]\nnotifications = true\n")
    take_out("codex", notes)
    left = tomllib.loads(path.read_text())
    assert left == {**tomllib.loads(TOML), "tui": {"notifications": True}}
    assert "# newer" in path.read_text()


@pytest.mark.parametrize(
    ("client", "name", "text", "told"),
    [
        ("vscode", ".config/Code/User/mcp.json", '{"servers": {"remem": {}}}', "already"),
        ("vscode", ".config/Code/User/mcp.json", '{"servers": []}', "no object"),
        ("vscode", ".config/Code/User/mcp.json", '{"servers": ', "missing"),
        ("cursor", ".cursor/hooks.json", '{"hooks": {"sessionStart": {}}}', "no list"),
        ("codex", ".codex/config.toml", 'mcp_servers = { a = { command = "x" } }\n', "one line"),
        ("codex", ".codex/config.toml", "[mcp_servers.remem]\n", "already"),
    ],
)
def test_settings_that_cannot_take_the_entry_are_refused_and_stay(
    client: str, name: str, text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InvalidInput, match=told):
        installing(CLIENTS[client](machine(tmp_path)), ())
    assert path.read_text() == text


def test_settings_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_bytes(b'{"name": "Jos\xe9"}')
    with pytest.raises(InvalidInput, match="not UTF-8"):
        installing(CLIENTS["cursor"](machine(tmp_path)), ())


def test_a_link_stays_one_and_permissions_stay(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_text("{}\n")
    real.chmod(0o640)
    link = tmp_path / ".cursor" / "mcp.json"
    link.parent.mkdir()
    link.symlink_to(real)
    notes = Notes(tmp_path / "notes.json")
    put_in("cursor", tmp_path, notes)
    assert link.is_symlink()
    assert "remem" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    take_out("cursor", notes)
    assert real.read_text() == "{}\n"


def test_what_is_changed_between_the_diff_and_the_answer_is_not_overwritten(
    tmp_path: Path,
) -> None:
    rewrites = installing(CLIENTS["vscode"](machine(tmp_path)), ())
    [path] = [each.path for each in rewrites]
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(InvalidInput, match="changed just now"):
        write(rewrites)
    assert path.read_text() == "{}"


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mcp.json"
    path.write_text("{}")
    change = Change(path, (Edit("value", ("servers", "remem"), {}),))

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write(installing([change], ()))
    assert all_files(tmp_path) == {"mcp.json": b"{}"}


def test_nothing_secret_of_the_settings_is_noted(tmp_path: Path) -> None:
    path = tmp_path / ".gemini" / "settings.json"
    path.parent.mkdir()
    path.write_text('{\n  "mcpServers": {\n    "x": {"env": {"KEY": "hunter2"}}\n  }\n}\n')
    notes = Notes(tmp_path / "notes.json")
    put_in("gemini-cli", tmp_path, notes)
    assert "hunter2" not in (tmp_path / "notes.json").read_text()


def commands(rewrites: Sequence[Rewrite]) -> str:
    return " ".join((each.after or b"").decode() for each in rewrites)


def test_no_agent_is_asked_on_every_prompt(tmp_path: Path) -> None:
    for client in CLIENTS:
        text = commands(installing(CLIENTS[client](machine(tmp_path)), ()))
        assert "UserPromptSubmit" not in text
        assert "beforeSubmitPrompt" not in text
        assert "BeforeAgent" not in text
