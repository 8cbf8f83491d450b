"""A server that listens, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from remem.memory import Memory
from remem.serve.app import create_app
from remem.serve.keys import KeyRing
from remem.serve.middleware import request_id
from remem.serve.protocol import GuardedServer
from remem.serve.settings import Limits, ServeSettings
from remem.serve.upstream_backend import is_loopback
from remem.store import InvalidInput


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


# Files that a process may have open: connections are some of them, and must leave some over.

_FEWEST = 8


def room_for(connections: int) -> int:
    """The connections that the process can hold: as many as are wanted, if the system permits.

    The limit of the process is raised as far as it takes. Half of what is free then stays free:
    for the store and the upstream, and for those who come faster than others are turned away.

    Raises:
        InvalidInput: so few files may be open that nobody could be served.
    """
    if sys.platform == "win32":
        return connections
    import resource

    used = len(list(Path("/dev/fd").iterdir()))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = used + 2 * connections
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    room = min(connections, (soft - used) // 2)
    if room < _FEWEST:
        raise InvalidInput(
            f"this process may have {soft} files open and needs more; allow them, as with "
            "'ulimit -n 1024'"
        )
    return room
