"""The ``remem`` command as a process, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remem import Memory
from remem.testing import HashEncoder

__all__ = ["PROGRAM", "REMEM", "SECRET", "Remem", "remem_serving"]

PROGRAM = "import sys; from remem.cli import main; sys.exit(main())"
REMEM = [sys.executable, "-c", PROGRAM]
SECRET = "sk-of-the-upstream"


class Remem:
    """The command, with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "REMEM_STORE": str(self.store),
            "REMEM_ENCODER": "hash",
            "REMEM_UPSTREAM_KEY": SECRET,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*REMEM, *arguments], env=self.environment, capture_output=True, text=True, timeout=60
        )

    def told(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serving(
        self, *arguments: str, files: int | None = None
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A server that is stopped at the end; yields the process and its URL.

        It may have so many ``files`` open, if that is given.
        """
        command = [*REMEM, "serve", "--port", "0", "--json", *arguments]
        if files is not None:
            command = ["sh", "-c", f'ulimit -n {files} && exec "$0" "$@"', *command]
        with (
            self.log.open("a") as log,
            subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            ) as process,
        ):
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, self.log.read_text()
            try:
                yield process, json.loads(line)["url"]
            finally:
                process.terminate()
                assert process.wait(timeout=60) in (0, -signal.SIGKILL)

    def remembered(self) -> list[str]:
        with Memory(self.store, encoder=HashEncoder()) as memory:
            return [record.text for record in memory.scan()]


@contextmanager
def remem_serving(folder: Path, *arguments: str) -> Iterator[str]:
    """``remem serve`` with a store in the folder, to its orderly end; yields its URL."""
    with Remem(folder).serving(*arguments) as (process, url):
        yield url
        process.terminate()
        assert process.wait(timeout=60) == 0
