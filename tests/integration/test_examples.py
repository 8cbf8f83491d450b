"""The programs of ``remem example``, run as a user runs them, against real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.cli import main
from remem.cli.example import EXAMPLES
from remem.testing import HashEncoder
from tests.openai_upstream import upstream

pytest.importorskip("openai")


class Programs:
    """Writes examples to a folder and runs them, with a store that the command line shares."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.environment = {
            **{name: value for name, value in os.environ.items() if not _is_ours(name)},
            "REMEM_STORE": str(folder / "store"),
            "REMEM_ENCODER": "hash",
            "REMEM_CONFIG": str(folder / "config.toml"),
            "OPENAI_API_KEY": "of the examples",
        }

    def written(self, name: str) -> Path:
        self.capsys.readouterr()
        assert main(["example", name]) == 0
        path = self.folder / f"{name}.py"
        path.write_text(self.capsys.readouterr().out, "utf-8")
        return path

    def run(self, name: str, *arguments: str, typed: str = "", **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, str(self.written(name)), *arguments],
            env=self.environment | environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def texts(self, namespace: str = "default") -> list[str]:
        with Memory(self.folder / "store", namespace, encoder=HashEncoder()) as memory:
            return [record.text for record in memory.scan()]


def _is_ours(name: str) -> bool:
    return name.startswith(("REMEM_", "OPENAI_"))


@pytest.fixture
def programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Programs:
    return Programs(tmp_path, capsys)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_short_program_that_says_how_to_run_it(
    name: str, programs: Programs
) -> None:
    program = programs.written(name).read_text()
    assert 20 <= len(program.splitlines()) <= 40
    assert f"python {name}.py" in program.splitlines()[0]
    compile(program, name, "exec")


def test_the_chatbot_knows_what_was_said_in_another_run(programs: Programs) -> None:
    programs.run("chatbot", "one", typed="My bicycle is green.\n\n", REMEM_GENERATOR="echo")
    said = programs.run("chatbot", "two", typed="What is green?\n\n", REMEM_GENERATOR="echo")
    assert "My bicycle is green." in said
    assert "remembered of" in said
    assert "My bicycle is green." in programs.texts()


@pytest.mark.skipif(find_spec("fastapi") is None, reason="needs remem[serve]")
def test_through_the_proxy_one_conversation_knows_the_other(programs: Programs) -> None:
    with upstream() as model:
        model.goes_on.set()
        said = programs.run("proxy", model.url)
    last = [each for each in model.received if each.path == "/v1/chat/completions"][-1]
    assert "The spare key is at the bakery" in last.prompt
    assert said.count("you>") == 2


def test_the_agent_recalls_and_notes(programs: Programs) -> None:
    with Memory(programs.folder / "store", encoder=HashEncoder()) as memory:
        memory.add("The boiler is serviced in May.")
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "recall", "arguments": json.dumps({"text": "boiler"})},
    }
    note = {
        "id": "2",
        "type": "function",
        "function": {"name": "remember", "arguments": json.dumps({"text": "The tap drips."})},
    }

    def answer(request: Any) -> str:
        return " / ".join(each["content"] for each in request["messages"] if each["role"] == "tool")

    with upstream() as model:
        model.goes_on.set()
        model.calls = [call, note]
        model.answer = answer
        said = programs.run("agent", "When is the boiler serviced?", OPENAI_BASE_URL=model.url)
    assert "The boiler is serviced in May." in said
    assert "noted as" in said
    assert "The tap drips." in programs.texts()


def test_documents_are_quoted_and_a_model_answers_from_them(programs: Programs) -> None:
    folder = programs.folder / "papers"
    folder.mkdir()
    (folder / "lease.md").write_text("# Deposit\n\nThe deposit is 860 euros.\n")
    (folder / "empty.pdf").write_bytes(b"no PDF")
    said = programs.run("rag", str(folder), "What is the deposit?")
    assert "The deposit is 860 euros." in said
    assert "lease.md" in said
    answered = programs.run("rag", str(folder), "What is the deposit?", REMEM_GENERATOR="echo")
    assert "system: Answer from the notes only." in answered
