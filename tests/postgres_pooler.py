"""A pooler in transaction mode, as small as it can be: each transaction of a client runs on another
connection to the server. It can also be told to break a connection at the worst moment."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
from collections.abc import Iterator

from tests.postgres_server import PostgresServer

__all__ = ["Pooler", "pooling"]

_ANSWERED = (b"Q", b"S", b"c", b"f")  # query, sync, end of a COPY, in order or not
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


class Pooler:
    """Listens on a port of this machine.

    Attributes:
        lose_request: Break the next connection that says COMMIT, before the server hears it.
        lose_reply: Break it after the server has committed, before the client hears of it.
    """

    def __init__(self, server: PostgresServer, size: int) -> None:
        self._server = server
        self._idle: queue.Queue[_Wire] = queue.Queue()
        self.lose_request = threading.Event()
        self.lose_reply = threading.Event()
        for _ in range(size):
            self._idle.put(self._connected())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}/postgres"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more clients, and leave the server."""
        self._listener.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _connected(self) -> _Wire:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self._server.folder / ".s.PGSQL.5432"))
        wire = _Wire(connection)
        wire.startup(b"user\0postgres\0database\0postgres\0\0")
        while wire.receive()[0] != b"Z":
            pass
        return wire

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(_Wire(client),), daemon=True).start()

    def _serve(self, client: _Wire) -> None:
        with contextlib.suppress(OSError, EOFError), contextlib.closing(client):
            while client.receive_startup() in (_SSL_REQUEST, _GSS_REQUEST):
                client.send_bytes(b"N")
            client.send(b"R", struct.pack("!i", 0))
            client.send(b"S", b"client_encoding\0UTF8\0")
            client.send(b"Z", b"I")
            while self._transaction(client):
                pass

    def _transaction(self, client: _Wire) -> bool:
        """Pass one transaction on; whether the client goes on after it."""
        message = client.receive()
        if message[0] == b"X":
            return False
        server = self._idle.get()
        try:
            while True:
                kind, body = message
                commits = kind == b"Q" and body == b"COMMIT\0"
                if commits and self.lose_request.is_set():
                    self.lose_request.clear()
                    server.close()
                    server = self._connected()
                    return False
                server.send(kind, body)
                if kind in _ANSWERED:
                    status = self._replies(server, None if commits and self._loses() else client)
                    if status is None:
                        return False
                    if status == b"I":
                        return True
                message = client.receive()
        finally:
            self._idle.put(server)

    def _loses(self) -> bool:
        lost = self.lose_reply.is_set()
        self.lose_reply.clear()
        return lost

    def _replies(self, server: _Wire, client: _Wire | None) -> bytes | None:
        """Pass the server's replies on until it waits for the client; the transaction's status."""
        while True:
            kind, body = server.receive()
            if client is not None:
                client.send(kind, body)
            if kind == b"G":  # COPY: now the client talks
                return b"T"
            if kind == b"Z":
                return body if client is not None else None


class _Wire:
    """Messages of PostgreSQL's protocol, in either direction."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def startup(self, body: bytes) -> None:
        self.send_bytes(struct.pack("!ii", len(body) + 8, 196608) + body)

    def receive_startup(self) -> int:
        length, code = struct.unpack("!ii", self._read(8))
        self._read(length - 8)
        return int(code)

    def receive(self) -> tuple[bytes, bytes]:
        kind = self._read(1)
        (length,) = struct.unpack("!i", self._read(4))
        return kind, self._read(length - 4)

    def send(self, kind: bytes, body: bytes) -> None:
        self.send_bytes(kind + struct.pack("!i", len(body) + 4) + body)

    def send_bytes(self, data: bytes) -> None:
        self._connection.sendall(data)

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data


@contextlib.contextmanager
def pooling(server: PostgresServer, size: int = 3) -> Iterator[Pooler]:
    """A pooler in front of a server."""
    pooler = Pooler(server, size)
    try:
        yield pooler
    finally:
        pooler.close()
