"""What goes on the command line: what stays away from imports, what is asked, what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
