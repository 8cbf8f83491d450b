"""Milvus Lite as a server of its own: what Milvus's protocol says between processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["free_port", "milvus_server"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """The url of a server that keeps its data in a folder."""
    port = free_port()
    command = [sys.executable, "-u", "-m", "milvus_lite", "server", "--host", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        yield f"milvus://127.0.0.1:{port}"
        process.kill()
