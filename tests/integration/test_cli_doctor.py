"""``remem doctor``: its findings, its advice, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from remem import doctor as examination
from remem.cli import main


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("REMEM_GENERATOR", raising=False)


def told(capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, list[dict[str, Any]]]:
    capsys.readouterr()
    assert main(["doctor", "--json"]) == code
    findings: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(capsys.readouterr().out):
        findings.setdefault(each["about"], []).append(each)
    return findings


def test_all_parts_are_looked_at_and_a_new_user_is_told_how_to_begin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = told(capsys)
    parts = {"versions", "extras", "program", "store", "disk", "encoder", "speed", "generator"}
    assert set(found) == parts
    assert found["store"][0]["advice"] == "remem import FILE makes one"
    assert "short texts a second" in found["speed"][0]["found"]
    assert found["encoder"][0]["found"] == "hash, 64 dimensions"


def test_a_store_is_compared_with_its_indexes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["add", "The kiln broke."])
    found = told(capsys)
    assert "1 memories, namespaces: default" in found["store"][0]["found"]
    assert found["indexes"][0]["found"] == "1 memories compared, no problem"


def test_damage_is_found_and_the_exit_code_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", "The kiln broke."])
    (tmp_path / "store" / "records.sqlite3").write_bytes(b"no database at all" * 100)
    assert not all(each["ok"] for each in told(capsys, code=1)["store"])


def test_a_full_disk_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "_LEAST_FREE", 10**18)
    [disk] = told(capsys, code=1)["disk"]
    assert "make room" in disk["advice"]


def test_people_get_a_line_for_each_and_the_advice_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEM_GENERATOR", "echo")
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("versions   remem ") for line in lines)
    assert "generator  echo" in lines
    assert any(line.strip() == "→ remem import FILE makes one" for line in lines)
