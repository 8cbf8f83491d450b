"""Clients that mean no good: what they do to a server on this machine, for a while.

``python -m remem.benchmarks.load.attacks NAME PORT SECONDS`` runs one in a process of its own, so
that it shares no lock with the clients whose searches are timed.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_FLOODERS = 8
_CONNECTIONS = 2000
_PIECE = 2**18
_LINES = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 50) for number in range(4000))
_BEGIN = b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\n"
_BODY = _BEGIN + b"Content-Type: application/json\r\n"


def headers(port: int, until: float) -> None:
    """Requests whose headers never end, as fast as they are taken: a long value, or many lines."""
    endless = [_BEGIN + b"X: ", _BEGIN]
    pieces = [b"x" * _PIECE, _LINES]
    _flood(port, until, lambda number: (endless[number % 2], pieces[number % 2]))


def chunks(port: int, until: float) -> None:
    """Bodies in chunks of a byte, as fast as they are taken."""
    begin = _BODY + b"Transfer-Encoding: chunked\r\n\r\n"
    _flood(port, until, lambda _: (begin, b"1\r\n \r\n" * (_PIECE // 6)))


def pipelines(port: int, until: float) -> None:
    """Requests one behind the other, without a look at the answers."""
    request = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
    _flood(port, until, lambda _: (request, request * (_PIECE // len(request))))


def connections(port: int, until: float) -> None:
    """As many connections as there may be, each with half a request and now and then a line more;
    another for each that is closed."""
    _hold(port, until, _BEGIN, b"X: y\r\n", every=5.0)


def bodies(port: int, until: float) -> None:
    """The same, with the headers complete and the body begun."""
    _hold(port, until, _BODY + b"Content-Length: 1000\r\n\r\n{", b" ", every=5.0)


def silence(port: int, until: float) -> None:
    """The same, with nothing said at all."""
    _hold(port, until, b"", b"", every=5.0)


def churn(port: int, until: float) -> None:
    """Connections that are begun and dropped, as fast as they are taken."""
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(_BEGIN)


ATTACKS: dict[str, Callable[[int, float], None]] = {
    each.__name__: each
    for each in (headers, chunks, pipelines, connections, bodies, silence, churn)
}


@contextmanager
def attacking(name: str, port: int, seconds: float) -> Iterator[None]:
    """An attack on a port of this machine, in a process that ends with the block, or in time."""
    command = [sys.executable, "-m", __name__, name, str(port), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # it has begun
        try:
            yield
        finally:
            process.terminate()


def _flood(port: int, until: float, says: Callable[[int], tuple[bytes, bytes]]) -> None:
    """Send pieces without an end on some connections; begin anew where one is closed."""
    with selectors.DefaultSelector() as waiting:
        opened = 0

        def begin() -> None:
            nonlocal opened
            with suppress(OSError):
                client = socket.create_connection(("127.0.0.1", port), timeout=1)
                start, piece = says(opened)
                opened += 1
                client.sendall(start)
                client.setblocking(False)
                waiting.register(client, selectors.EVENT_WRITE, piece)

        while time.monotonic() < until:
            while len(waiting.get_map()) < _FLOODERS and time.monotonic() < until:
                begin()
            for key, _ in waiting.select(0.1):
                try:
                    key.fileobj.send(key.data)  # type: ignore[union-attr]
                except BlockingIOError:
                    pass
                except OSError:
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]


def _hold(port: int, until: float, begin: bytes, more: bytes, every: float) -> None:
    """Keep so many connections open, and say a little on each."""
    with selectors.DefaultSelector() as held:
        later = time.monotonic() + every
        while time.monotonic() < until:
            for _ in range(min(50, _CONNECTIONS - len(held.get_map()))):
                with suppress(OSError):
                    client = socket.create_connection(("127.0.0.1", port), timeout=1)
                    client.sendall(begin)
                    client.setblocking(False)
                    held.register(client, selectors.EVENT_READ)
            speaks, later = time.monotonic() >= later, max(later, time.monotonic())
            if speaks:
                later += every
                for key in list(held.get_map().values()):
                    with suppress(OSError):
                        key.fileobj.send(more)  # type: ignore[union-attr]
            for key, _ in held.select(0.05):
                held.unregister(key.fileobj)  # something to read is a refusal, or the end
                key.fileobj.close()  # type: ignore[union-attr]


if __name__ == "__main__":
    kind, at, lasting = sys.argv[1:]
    print("begun", flush=True)
    ATTACKS[kind](int(at), time.monotonic() + float(lasting))
