"""A user with a damaged memory meets its name, what to do, and all others as ever."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from remem import Memory
from remem.folders import history_file
from remem.serve.app import create_app
from remem.serve.settings import ServeSettings
from remem.store import F
from remem.testing import HashEncoder
from tests.crash.traces import traces
from tests.integration.test_cli import Remem, remem
from tests.integration.test_mcp_tools import data
from tests.serving import served

__all__ = ["remem"]

SECRET = "qzxvtulip"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which programs keep what is their user's, in this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def filled(remem: Remem) -> Remem:
    for number, text in enumerate(("The kiln broke.", f"The password is {SECRET}.", "I fly.")):
        remem("add", text, "--key", f"k{number}", "--source", "diary")
    return remem


def damage(tmp_path: Path, change: str) -> None:
    with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as connection, connection:
        assert connection.execute(f"UPDATE records SET {change} WHERE key = 'k1'").rowcount == 1


CHANGES = {
    "flipped": "text = replace(text, 'password', 'passwort')",
    "not UTF-8": "text = CAST(x'717A7876FF' AS TEXT)",
    "no JSON": "metadata = '{'",
    "no time": "said_at = 9223372036854775807",
    "of no source": "source = x'00'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_damaged_memory_is_named_and_costs_no_other(
    filled: Remem, tmp_path: Path, change: str
) -> None:
    damage(tmp_path, change)
    verified = filled("verify")
    assert verified.code == 1
    assert "'k1'" in verified.out.replace("\n", " ")
    shown = filled("show", "k1")
    assert shown.code == 1
    assert "'k1'" in shown.err
    assert "remem delete KEY" in shown.err
    assert "unexpectedly" not in shown.err
    assert "The kiln broke." in filled("search", "kiln").out
    assert filled("sources").code == filled("stats").code == 0
    exported = filled("export")
    assert exported.code == 3
    assert [json.loads(line).get("key") for line in exported.out.splitlines()] == [None, "k0", "k2"]
    assert "'k1'" in exported.err
    for outcome in (verified, shown, exported):
        assert SECRET[:4] not in outcome.out + outcome.err
        assert "report" not in outcome.err
    assert filled("delete", "k1").out == "1 record deleted.\n"
    assert filled("verify").code == 0
    assert filled("export").code == 0


def test_an_export_to_a_file_tells_what_it_left_out(filled: Remem, tmp_path: Path) -> None:
    damage(tmp_path, CHANGES["flipped"])
    outcome = filled("export", "-o", str(tmp_path / "backup.jsonl"), "--json")
    assert outcome.code == 3
    assert outcome.json["records"] == 2
    [sentence] = outcome.json["damaged"]
    assert "'k1'" in sentence


@pytest.mark.parametrize("arguments", [["k1"], ["--source", "diary"], ["--all"]])
@pytest.mark.parametrize("change", ["flipped", "not UTF-8", "no JSON", "no time"])
def test_a_damaged_memory_can_be_forgotten(
    filled: Remem, tmp_path: Path, arguments: list[str], change: str
) -> None:
    filled("add", "Something else", "--key", "other")
    damage(tmp_path, CHANGES[change])
    assert filled("forget", *arguments, "--yes").code == 0
    assert traces(tmp_path, [SECRET, "password", "passwort"]) == set()
    assert filled("verify").code == 0


def test_a_damaged_memory_is_not_forgotten_for_what_it_seems_to_lack(
    filled: Remem, tmp_path: Path
) -> None:
    filled("add", "Keep me.", "--key", "kept", "--metadata", '{"keep": true}')
    with closing(sqlite3.connect(tmp_path / "store" / "records.sqlite3")) as connection, connection:
        connection.execute("UPDATE records SET said_at = 7 WHERE key = 'kept'")
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        assert memory.forget(~F("metadata.keep").exists()) == 3
        assert memory.count() == 1


def test_what_neighbours_quoted_of_a_damaged_turn_goes_with_it(
    remem: Remem, tmp_path: Path
) -> None:
    turns = [
        {"role": "user", "content": text, "id": f"m{i}"}
        for i, text in enumerate(("Hello", f"It is {SECRET}", "Thanks"))
    ]
    (tmp_path / "turns.json").write_text(json.dumps(turns))
    assert remem("import", str(tmp_path / "turns.json")).code == 0
    (tmp_path / "turns.json").unlink()
    path = tmp_path / "store" / "records.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        [[key]] = connection.execute("SELECT key FROM records WHERE text GLOB '*qzxv*'")
        connection.execute("UPDATE records SET metadata = '{' WHERE key = ?", [key])
    assert remem("forget", key, "--yes").code == 0
    assert traces(tmp_path, [SECRET]) == set()
    assert remem("verify").code == 0


def test_forgetting_leaves_the_words_in_no_file_of_ours(
    filled: Remem, tmp_path: Path, home: Path
) -> None:
    history = history_file()
    history.parent.mkdir(parents=True, exist_ok=True)
    history.write_text(f"Hello\nthe  password is {SECRET}\n/recall kiln\n")
    filled("search", SECRET)
    assert filled("update", "k1", "The password is a rose.").code == 0
    assert traces(tmp_path, [SECRET]) == {SECRET}
    outcome = filled("forget", "k1", "--yes")
    assert outcome.out == (
        "2 records forgotten. Exports, backups and run files that you made may still hold the "
        "words.\n1 line that you typed in 'remem chat' went with them.\n"
    )
    assert traces(tmp_path, [SECRET]) == set()
    assert history.read_text() == "Hello\n/recall kiln\n"


def test_a_lost_log_is_said_by_every_command(filled: Remem, tmp_path: Path) -> None:
    note = tmp_path / "store" / "acknowledged"
    older = tmp_path / "older"
    older.write_bytes((tmp_path / "store" / "records.sqlite3").read_bytes())
    filled("add", "Newer")
    (tmp_path / "store" / "records.sqlite3").write_bytes(older.read_bytes())
    for command in (["verify"], ["search", "kiln"], ["add", "Newest"], ["export"]):
        outcome = filled(*command)
        assert outcome.code == 1
        assert "an older copy stands in its place" in outcome.err
        assert str(note) in outcome.err
    note.unlink()
    assert filled("verify").code == 0


def test_a_damaged_memory_can_be_forgotten_by_a_language_model(
    filled: Remem, tmp_path: Path
) -> None:
    damage(tmp_path, CHANGES["flipped"])
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        assert data(memory, "forget", keys=["k1"]) == {"forgotten": 1}
    assert traces(tmp_path, [SECRET]) == set()


def test_a_damaged_memory_is_refused_and_can_be_deleted_over_http(
    filled: Remem, tmp_path: Path
) -> None:
    damage(tmp_path, CHANGES["not UTF-8"])
    with (
        Memory(tmp_path / "store", encoder=HashEncoder()) as memory,
        served(create_app(memory, ServeSettings())) as url,
        httpx.Client(base_url=f"{url}/api/v1") as client,
    ):
        refused = client.get("/record", params={"key": "k1"})
        assert refused.status_code == 503
        assert "'k1'" in refused.text
        assert SECRET[:4] not in refused.text
        assert len(client.get("/records").json()["records"]) == 2
        assert client.delete("/record", params={"key": "k1"}).json() == {"records": 1}
        assert client.get("/record", params={"key": "k1"}).status_code == 404
