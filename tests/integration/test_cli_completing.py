"""Names that a shell completes, asked as a shell asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from remem.cli import main


@pytest.fixture
def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The words that bash is offered behind a command line."""
    monkeypatch.setenv("REMEM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("REMEM_ENCODER", "hash")
    monkeypatch.setenv("REMEM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("REMEM_NAMESPACE", raising=False)

    def offered(line: str) -> list[str]:
        words = line.split(" ")
        with monkeypatch.context() as shell:
            shell.setenv("_REMEM_COMPLETE", "bash_complete")
            shell.setenv("COMP_WORDS", line)
            shell.setenv("COMP_CWORD", str(len(words) - 1))
            capsys.readouterr()
            with pytest.raises(SystemExit):
                main([])
        return [each.partition(",")[2] for each in capsys.readouterr().out.split()]

    return offered


def test_names_of_the_store_are_offered(complete) -> None:
    main(["add", "The kiln broke.", "--speaker", "Nora", "--source", "diary"])
    main(["add", "So it did.", "--speaker", "Ravi", "--namespace", "work", "--source", "desk"])
    assert complete("remem search --namespace ") == ["default", "work"]
    assert complete("remem search x --speaker N") == ["Nora"]
    assert complete("remem search x --source ") == ["diary"]
    assert complete("remem search x --namespace work --source ") == ["desk"]
    assert complete("remem search x --kind p") == ["passage"]
    assert complete("remem search x --origin w") == ["web"]


def test_without_a_store_nothing_is_offered_and_none_is_made(complete, tmp_path: Path) -> None:
    assert complete("remem search --namespace ") == []
    assert not (tmp_path / "store").exists()
