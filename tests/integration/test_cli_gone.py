"""Deletions on the command line: imports leave away what is gone, and a way back is offered."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from remem.cli import main
from tests.command_line import Remem, command_line

CHAT = "20/07/2024, 12:00 - Ana: the pot is blue\n20/07/2024, 12:07 - Ben: the lid is red\n"


@pytest.fixture
def remem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Remem:
    """Runs ``remem ARGUMENTS...`` on a store with a chat, without a model."""
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    run = command_line(monkeypatch, capsys)
    assert run("import", chat(tmp_path)).code == 0
    return run


def chat(folder: Path) -> str:
    path = folder / "WhatsApp Chat with Ana.txt"
    path.write_text(CHAT)
    return str(path)


def test_an_import_says_what_stays_away_and_how_it_comes_back(remem: Remem, tmp_path: Path) -> None:
    remem("forget", "--speaker", "Ben", "--yes")
    again = remem("import", chat(tmp_path))
    assert "1 record deleted or forgotten here stayed away; --bring-back" in again.err
    assert json.loads(remem("import", chat(tmp_path), "--json").out)["files"][0]["stayed_away"] == {
        "default": 1
    }
    back = remem("import", chat(tmp_path), "--bring-back")
    assert "stayed away" not in back.err
    assert "the lid is red" in remem("search", "lid").out


def test_what_expires_is_hidden_until_it_is_taken_back(remem: Remem) -> None:
    remem("add", "The gate code is 4417.", "--key", "gate")
    told = remem("expire", "gate").out
    assert told == "gate is no longer found; 'remem undo' takes that back.\n"
    assert "4417" not in remem("search", "gate", "code").out
    assert "4417" in remem("show", "gate").out
    assert remem("undo", "gate").out == "gate is found again.\n"
    assert "4417" in remem("search", "gate", "code").out


def test_what_expires_later_is_found_until_then(remem: Remem) -> None:
    remem("add", "The gate code is 4417.", "--key", "gate")
    assert "from 1 Jan 2999, 00:00 on" in remem("expire", "gate", "--at", "2999-01-01").out
    assert "4417" in remem("search", "gate", "code").out
    refused = remem("expire", "gate", "--at", "2001-01-01")
    assert (refused.code, "which is past already" in refused.err) == (2, True)


class Terminal(StringIO):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "is_left"), [("n\n", True), ("y\n", False)])
def test_who_sits_at_a_terminal_is_asked_before_something_is_gone_for_good(
    remem: Remem,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    is_left: bool,
) -> None:
    remem("add", "The gate code is 4417.", "--key", "gate")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    capsys.readouterr()
    code = main(["delete", "gate"])
    asked = capsys.readouterr().err
    assert "Delete gate for good?" in asked
    assert (code, "'remem expire' hides" in asked) == ((1, True) if is_left else (0, False))
    assert (remem("show", "gate").code == 0) is is_left


def test_a_script_is_not_asked(remem: Remem) -> None:
    remem("add", "The gate code is 4417.", "--key", "gate")
    assert remem("delete", "gate").out == "1 record deleted.\n"
