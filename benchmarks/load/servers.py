"""The processes that are put under load."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Server", "remem_server", "running", "upstream_server"]

_REMEM = ("-c", "import sys; from memory.cli import main; sys.exit(main())")


@dataclass
class Server:
    """A server in a process of its own.

    Attributes:
        command: What starts it, after the name of the interpreter.
        url: Where it listens.
    """

    command: Sequence[str]
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            RuntimeError: it ended instead.
        """
        self.process = subprocess.Popen(
            [sys.executable, *self.command], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.wait()}")
        self.url = json.loads(told)["url"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait for its end."""
        assert self.process
        with self.process as process:  # which also closes the pipe
            process.send_signal(number)


def upstream_server() -> Server:
    """The model that answers at once."""
    return Server(("-m", "benchmarks.load.upstream"))


def remem_server(store: Path, namespace: str, upstream: str, port: int = 0) -> Server:
    """``remem serve`` over a store, as the command line starts it."""
    where = ("--store", str(store), "--namespace", namespace, "--json")
    limits = ("--generations", "64", "--quiet")
    return Server(
        (*_REMEM, *where, "serve", "--upstream", f"{upstream}/v1", "--port", str(port), *limits)
    )


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server from its start to its end."""
    server.start()
    try:
        yield server
    finally:
        server.stop()
