"""Belongings of remem on a machine, and its settings: listed, set, removed without a trace."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from remem.belongings import without_password
from remem.folders import (
    cache_folder,
    config_file,
    default_store,
    history_file,
    pending_folder,
    unanswered_file,
)
from remem.handshake import announced
from remem.preferences import NAMES
from tests.command_line import Remem, command_line


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, and no settings."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in NAMES:
        monkeypatch.delenv(f"REMEM_{name.upper()}", raising=False)
    for name in ("REMEM_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def remem(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Remem:
    return command_line(monkeypatch, capsys)


def files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def fill(home: Path, remem: Remem) -> None:
    """Something of each kind, and what is not remem's."""
    assert remem("add", "hello", "--encoder", "hash").code == 0
    assert remem("add", "bye", "--encoder", "hash", "--key", "bye").code == 0
    assert remem("delete", "bye", "--encoder", "hash").code == 0
    assert remem("stats", "--gaps", "--keep-questions", "--encoder", "hash").code == 0
    assert remem("config", "set", "namespace", "nora").code == 0
    assert remem("install", "cursor", "--yes").code == 0
    history_file().write_text("what I typed\n")
    (cache_folder() / "models" / "x").mkdir(parents=True)
    (cache_folder() / "models" / "x" / "weights").write_text("w")
    pending_folder().mkdir()
    (pending_folder() / "session.json").write_text("{}")
    (home / ".local" / "share" / "remem" / "letter.txt").write_text("mine")


def test_where_lists_what_is_kept_and_nothing_else(home: Path, remem: Remem) -> None:
    assert remem("where", "--json").json == []
    fill(home, remem)
    told = {each["what"]: each for each in remem("where", "--json").json}
    assert {"memories", "settings", "what was typed in 'remem chat'"} <= set(told)
    assert told["questions that found nothing"]["where"] == str(unanswered_file())
    assert told["memories"]["where"] == str(home / ".local" / "share" / "remem")
    assert told["memories"]["bytes"] > 1000
    shown = remem("where").out
    assert str(history_file()) in shown
    assert "remem uninstall --everything" in shown


def test_everything_goes_but_what_is_not_remem_s(home: Path, remem: Remem) -> None:
    fill(home, remem)
    removed = remem("uninstall", "--everything", "--yes", "--json").json
    assert removed["clients"] == ["cursor"]
    assert files(home) == {".local/share/remem/letter.txt"}
    assert not cache_folder().exists()
    assert not config_file().parent.exists()
    assert remem("uninstall", "--everything").out == "There is nothing to remove.\n"


def test_nothing_goes_unless_the_user_says_yes(home: Path, remem: Remem) -> None:
    fill(home, remem)
    before = files(home)
    for typed in ("n\n", ""):
        declined = remem("uninstall", "--everything", stdin=typed)
        assert declined.code == 1
        assert "beyond recovery?" in declined.err
        assert str(history_file()) in declined.err
        assert files(home) == before


@pytest.mark.parametrize("arguments", [(), ("cursor", "--everything")])
def test_what_is_to_be_taken_out_must_be_said(remem: Remem, arguments: tuple[str, ...]) -> None:
    assert remem("uninstall", *arguments).code == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ana:s3:cret@db:5432/m", "postgresql://ana@db:5432/m"),
        ("postgresql://db/m?user=ana&password=s3cret", "postgresql://db/m?user=ana&"),
        ("milvus://host:19530", "milvus://host:19530"),
        ("./a:b@c", "./a:b@c"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_what_is_on_a_server_is_named_and_left_to_its_owner(remem: Remem) -> None:
    remem("config", "set", "store", "postgresql://ana:s3cret@db/m")
    told = remem("uninstall", "--everything", "--yes")
    assert "What is at postgresql://ana@db/m stays" in told.out
    assert "s3cret" not in told.out + told.err


# Settings ----------------------------------------------------------------------------------------


def test_a_setting_of_the_file_holds_for_every_command(home: Path, remem: Remem) -> None:
    remem("config", "set", "store", str(home / "friends"))
    remem("config", "set", "encoder", "hash")
    remem("config", "set", "generator", "echo")
    remem("add", "The kiln broke.")
    assert (home / "friends" / "records.sqlite3").exists()
    assert "The kiln broke." in remem("ask", "what broke").out
    assert "user:" in remem("ask", "what broke").out  # the echo of a prompt, and no quote
    remem("config", "unset", "generator")
    assert remem("ask", "what broke").out.startswith("“The kiln broke.”")


def test_each_setting_tells_where_it_is_from(
    home: Path, remem: Remem, monkeypatch: pytest.MonkeyPatch
) -> None:
    remem("config", "set", "namespace", "nora")
    monkeypatch.setenv("REMEM_SECRETS", "redact")
    told = remem("config", "--json").json
    assert told["file"] == str(config_file())
    assert told["settings"]["namespace"] == {"value": "nora", "from": str(config_file())}
    assert told["settings"]["secrets"] == {"value": "redact", "from": "REMEM_SECRETS"}
    assert told["settings"]["encoder"] == {"value": "", "from": "default"}
    assert "REMEM_SECRETS goes before it." in remem("config", "set", "secrets", "allow").out


def test_the_file_of_settings_is_its_user_s_alone_and_keeps_permissions(remem: Remem) -> None:
    remem("config", "set", "store", "postgresql://ana:s3cret@db/m")
    assert config_file().stat().st_mode & 0o777 == 0o600
    config_file().chmod(0o640)
    remem("config", "set", "namespace", "nora")
    assert config_file().stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_file_of_settings_stays_a_link(home: Path, remem: Remem) -> None:
    kept = home / "dotfiles.toml"
    kept.write_text('namespace = "nora"\n')
    config_file().parent.mkdir(parents=True)
    config_file().symlink_to(kept)
    remem("config", "set", "namespace", "ravi")
    assert config_file().is_symlink()
    assert kept.read_text() == 'namespace = "ravi"\n'


def test_a_file_that_is_not_understood_is_named_in_one_sentence(remem: Remem) -> None:
    remem("config", "set", "namespace", "nora")
    config_file().write_text("namespace = nora")
    refused = remem("stats")
    assert refused.code == 1
    assert refused.err.startswith(f"remem: the configuration {config_file()} is not understood")


def test_a_setting_that_there_is_not_is_wrong_usage(remem: Remem) -> None:
    refused = remem("config", "set", "stoer", "x")
    assert refused.code == 2
    assert "store" in refused.err


def test_a_store_goes_on_with_its_own_encoder_whatever_is_set(
    remem: Remem, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remem("add", "The kiln broke.", "--encoder", "hash").code == 0
    told = remem("config", "set", "encoder", "bundled").out
    assert (
        "goes on with its own encoder, hash; 'remem reindex bundled' encodes it anew."
        in " ".join(told.split())
    )
    assert "The kiln broke." in remem("search", "kiln").out
    monkeypatch.setenv("REMEM_ENCODER", "multilingual")
    assert "The kiln broke." in remem("search", "kiln").out
    refused = remem("search", "kiln", "--encoder", "bundled")
    assert (refused.code, "name no encoder" in refused.err) == (1, True)


def test_a_new_store_is_made_with_the_encoder_that_is_set(remem: Remem) -> None:
    assert "goes on" not in remem("config", "set", "encoder", "hash").out
    assert remem("add", "The kiln broke.").code == 0
    assert "hash" in remem("stats").out


def test_who_removes_everything_is_told_of_a_server_that_still_runs(
    home: Path, remem: Remem
) -> None:
    fill(home, remem)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with announced(default_store(), port, "token"):
            told = remem("uninstall", "--everything")
    assert f"a server uses these memories at http://127.0.0.1:{port}: end it first" in told.err
    assert "a server uses" not in remem("uninstall", "--everything").err
