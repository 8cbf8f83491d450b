"""HTTP byte by byte, to this machine only: what no client that means well would send."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Reply", "connected", "replies", "told"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it came.

    Attributes:
        status: Of HTTP.
        head: The headers, as they were written.
        body: Of the length that was announced.
    """

    status: int
    head: str
    body: bytes


def connected(port: int) -> socket.socket:
    """A connection to a port of this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def told(port: int, *pieces: bytes) -> list[Reply]:
    """All that the server replies to some bytes, until it closes the connection.

    A server that closed it need not have taken them all.

    Raises:
        TimeoutError: it keeps the connection open.
    """
    with connected(port) as client:
        send(client, pieces)
        return replies(received(client))


def send(client: socket.socket, pieces: Iterable[bytes]) -> None:
    """Send as much as the server takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        for piece in pieces:
            client.sendall(piece)


def received(client: socket.socket) -> bytes:
    """All bytes that come, to the end of the connection."""
    data = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(2**16):
            data += piece
    return data


def replies(data: bytes) -> list[Reply]:
    """Replies that stand one behind the other, each with its length."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        headers = head.decode("latin-1").lower().split("\r\n")
        lengths = [line for line in headers if line.startswith("content-length:")]
        length = int(lengths[0].split(":")[1]) if lengths else 0
        found.append(Reply(status, "\n".join(headers), data[:length]))
        data = data[length:]
    return found
