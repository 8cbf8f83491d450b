"""Real servers on loopback, in threads and as processes, for tests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

__all__ = ["remem_serving", "served"]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def remem_serving(folder: Path, *arguments: str) -> Iterator[str]:
    """``remem serve`` as a process, with a store in the folder; yields its URL."""
    program = "import sys; from memory.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--json", *arguments]
    environment = {**os.environ, "REMEM_STORE": str(folder / "store"), "REMEM_ENCODER": "hash"}
    with (
        (folder / "log").open("a") as log,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        try:
            yield json.loads(line)["url"]
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0
