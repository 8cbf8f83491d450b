"""``remem import --agents``: the transcripts on this machine go into the namespaces of projects."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.cli import main
from remem.testing import HashEncoder
from tests.agent_transcripts import (
    ALL,
    ASKED,
    DECIDED,
    SECRET,
    claude_code,
    codex,
    home_without_settings,
    repository,
)

pytest.importorskip("kingfisher_sdk")

KILN = "code/github.com/ana/kiln"
LAYOUTS = [name for name in ALL if name not in ("opencode", "gemini-cli", "vscode")]
"""One of each agent that can stand beside the others."""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = home_without_settings(tmp_path, monkeypatch)
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    return home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return repository(tmp_path / "work" / "kiln")


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


def opened(tmp_path: Path, namespace: str = KILN) -> Memory:
    return Memory(tmp_path / "store", namespace, encoder=HashEncoder())


def test_every_agents_sessions_go_into_the_namespace_of_their_repository(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    for agent in LAYOUTS:
        ALL[agent](home, folder)
    code, out, err = run("import", "--agents", "--yes")
    assert code == 0, err
    assert KILN in out
    assert all(agent.split()[0] in err for agent in LAYOUTS)
    with opened(tmp_path) as memory:
        assert memory.namespaces() == [KILN]
        assert len(memory.sources()) == len(LAYOUTS)
        assert {each.record.text for each in memory.search("setuptools pkg_resources", 20)} > {
            ASKED,
            DECIDED,
        }


def test_it_says_what_it_would_read_and_reads_nothing_without_an_answer(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    claude_code(home, folder)
    code, _, err = run("import", "--agents")
    assert code == 1
    assert "claude-code" in err
    assert "Read 1 transcript of these?" in err
    with opened(tmp_path) as memory:
        assert memory.namespaces() == []


def test_secrets_are_taken_out_without_being_asked(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    claude_code(home, folder)
    code, _, err = run("import", "--agents", "--yes")
    assert code == 0
    assert "GitHub token" in err
    everything = b"".join(
        file.read_bytes() for file in (tmp_path / "store").rglob("*") if file.is_file()
    )
    assert SECRET.encode() not in everything
    with opened(tmp_path) as memory:
        assert any("[secret removed: GitHub token]" in each.text for each in memory.scan())


def test_what_has_not_changed_is_not_read_again(
    home: Path, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude_code(home, folder)
    changed = codex(home, folder)
    assert run("import", "--agents", "--yes")[0] == 0
    changed.write_text(changed.read_text() + changed.read_text().splitlines()[-1] + "\n")
    read: list[Path] = []
    from remem.ingest.agents import importing

    whole = importing.import_path

    def watched(memory: Any, path: Path, **options: Any) -> Any:
        read.append(path)
        return whole(memory, path, **options)

    monkeypatch.setattr(importing, "import_path", watched)
    code, out, _ = run("import", "--agents", "--yes", "--json")
    assert code == 0
    assert read == [changed]
    assert json.loads(out)["added"] == 1


def test_a_store_that_was_made_anew_gets_everything_again(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    claude_code(home, folder)
    _, out, _ = run("import", "--agents", "--yes", "--json")
    shutil.rmtree(tmp_path / "store")
    _, again, _ = run("import", "--agents", "--yes", "--json")
    assert json.loads(again)["added"] == json.loads(out)["added"] > 0


def test_what_was_forgotten_does_not_come_back(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    claude_code(home, folder)
    codex(home, folder)
    run("import", "--agents", "--yes")
    with opened(tmp_path) as memory:
        gone = memory.forget({"source": "claude-code/5c7e0f3a-1b2c"})
    assert gone
    _, out, _ = run("import", "--agents", "--yes", "--json")
    assert json.loads(out)["added"] == 0


def test_one_namespace_takes_all_if_it_is_named(
    home: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    claude_code(home, folder)
    assert run("import", "--agents", "--yes", "--namespace", "work")[0] == 0
    with opened(tmp_path) as memory:
        assert memory.namespaces() == ["work"]


def test_files_or_agents_but_not_both(run: Run, tmp_path: Path) -> None:
    assert run("import")[0] == 2
    assert run("import", "--agents", str(tmp_path))[0] == 2


def test_a_damaged_ledger_means_that_all_is_looked_at_again(
    home: Path, folder: Path, run: Run
) -> None:
    claude_code(home, folder)
    run("import", "--agents", "--yes")
    [ledger] = (home / ".local" / "share").glob("remem-transcripts.json")
    ledger.write_text("{")
    code, out, _ = run("import", "--agents", "--yes", "--json")
    assert code == 0
    assert json.loads(out)["added"] == 0
    assert json.loads(out)["unchanged"] > 0
