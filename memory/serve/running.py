"""A server that listens, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from memory.engine import Memory
from memory.serve.addresses import is_loopback
from memory.serve.app import create_app
from memory.serve.descriptors import room_for
from memory.serve.keys import KeyRing
from memory.serve.middleware import request_id
from memory.serve.protocol import GuardedServer
from memory.serve.settings import Limits, ServeSettings
from store import InvalidInput

__all__ = ["guarded", "log_to_stderr", "serve"]


def serve(
    memory: Memory, settings: ServeSettings, keys: KeyRing | None, started: Callable[[str], object]
) -> None:
    """Serve until SIGTERM or Ctrl-C; answers on their way get ``settings.grace_seconds``.

    Args:
        memory: What is served; everything that was remembered is stored when this returns.
        settings: How.
        keys: Who may use it.
        started: Called with the address once requests can be sent.

    Raises:
        InvalidInput: the address would be open to everybody, is taken, or is none; or
            so few files may be open that nobody could be served.
        SystemExit: 0, after SIGTERM.
        KeyboardInterrupt: after Ctrl-C.
    """
    _refuse_strangers(settings.host, keys)
    app = create_app(memory, settings, keys=keys)
    limits = replace(settings.limits, connections=room_for(settings.limits.connections))
    with (
        _listening(settings.host, settings.port, limits.connections) as listener,
        _sigterm_is_an_end(),
    ):
        started(_address(listener))
        guarded(app, limits, settings.grace_seconds).run(sockets=[listener])


def guarded(app: ASGIApp, limits: Limits, grace_seconds: int) -> GuardedServer:
    """The server of an application, not yet started."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        backlog=limits.connections,
        timeout_graceful_shutdown=grace_seconds,
    )
    return GuardedServer(config, limits)


def log_to_stderr(level: int) -> None:
    """Write what the server has to say, and which request it is about, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(request)s %(message)s"))
    handler.addFilter(_name_request)
    root = logging.getLogger("remem")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(level)


def _name_request(record: logging.LogRecord) -> bool:
    record.request = request_id.get()
    return True


def _refuse_strangers(host: str, keys: KeyRing | None) -> None:
    protected = keys is not None and any(key.revoked_at is None for key in keys.all())
    if not (protected or is_loopback(host)):
        raise InvalidInput(
            f"others could reach the memory at {host!r}: make a key with 'remem keys create' "
            "first, or serve at 127.0.0.1"
        )


@contextmanager
def _listening(host: str, port: int, backlog: int) -> Iterator[socket.socket]:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=backlog)
    except OSError as error:
        raise InvalidInput(
            f"the server cannot listen at {host}, port {port} ({error.strerror}); choose others "
            "with --host and --port"
        ) from error
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _sigterm_is_an_end() -> Iterator[None]:
    """uvicorn sends itself the signal again when it has stopped: an end like any other, so that
    the memory is closed, and not the end of the process in the middle of it."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(0)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
