"""Real servers on loopback, in threads, for tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from remem.serve.server import guarded
from remem.serve.settings import Limits

__all__ = ["guarding", "served"]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application; yields its URL."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=5
    )
    with _running(uvicorn.Server(config)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def guarding(app: Any, limits: Limits) -> Iterator[tuple[int, uvicorn.Server]]:
    """Serve it as ``remem serve`` does, with limits of a test's own; yields its port, and it."""
    server = guarded(app, limits, grace_seconds=5)
    with _running(server) as port:
        yield port, server


@contextmanager
def _running(server: uvicorn.Server) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
