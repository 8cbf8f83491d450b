"""The command line in the process of a test: arguments in, text and an exit code out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from remem.cli import main

__all__ = ["Outcome", "Remem", "command_line"]


@dataclass(frozen=True)
class Outcome:
    """The exit code of a command, and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents of an output in JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Remem = Callable[..., Outcome]


def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Remem:
    """Runs ``remem ARGUMENTS...``, with text to read where ``stdin`` gives some."""

    def run(*arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", StringIO(stdin))
        capsys.readouterr()
        code = main(arguments)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run
