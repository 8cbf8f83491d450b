"""Milvus Lite as a server, so that several processes reach one engine over Milvus's protocol; and
one that fails on demand, in front of the same engine.

One request at a time: the engine takes no concurrent writers.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import MilvusLite
from pymilvus import MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

__all__ = [
    "Answer",
    "Faults",
    "faulty_server",
    "free_port",
    "make_database",
    "milvus_server",
    "unavailable",
]

_PROGRAM = """
import sys
from milvus_lite.adapter.grpc.server import run_server
run_server(sys.argv[1], "127.0.0.1", int(sys.argv[2]), max_workers=1)
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def make_database(server: str, name: str) -> str:
    """The url of a new database on a server."""
    client = MilvusClient(server.replace("milvus", "http", 1), dedicated=True)
    client.create_database(name)
    client.close()
    return f"{server}/{name}"


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """The url of a server in a process of its own that keeps its data in a folder."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", _PROGRAM, str(folder), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        yield f"milvus://127.0.0.1:{port}"
        process.kill()


Answer = Callable[[], Any]


def unavailable(answer: Answer, context: Any) -> Any:
    """What the client tries again by itself."""
    context.abort(grpc.StatusCode.UNAVAILABLE, "the node is restarting")


class Faults(MilvusServicer):  # type: ignore[misc]
    """The engine's own service; what it is asked for may be changed request by request.

    Attributes:
        on: Name of a request -> called with what would answer it, instead of answering.
        version: What the server says that it is.
        partitions: How many were asked for, of each collection that was made.
        expressions: What rows were asked for, in order.
    """

    def __init__(self, database: MilvusLite) -> None:
        super().__init__(database)
        self.on: dict[str, Callable[[Answer, Any], Any]] = {}
        self.version: str | None = None
        self.partitions: list[int] = []
        self.expressions: list[str] = []

    def CreateCollection(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.partitions.append(request.num_partitions)
        return super().CreateCollection(request, context)

    def Upsert(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer("Upsert", request, context)

    def Query(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.expressions.append(request.expr)
        return self._answer("Query", request, context)

    def Connect(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer("Connect", request, context)

    def GetVersion(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self.version is None:
            return super().GetVersion(request, context)
        return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version=self.version)

    def _answer(self, name: str, request: Any, context: Any) -> Any:
        def answer() -> Any:
            return getattr(MilvusServicer, name)(self, request, context)

        return self.on[name](answer, context) if name in self.on else answer()


@contextmanager
def faulty_server(folder: Path) -> Iterator[tuple[str, Faults]]:
    """The url of a server in this process, and its faults."""
    database = MilvusLite(str(folder))
    server = grpc.server(ThreadPoolExecutor(1))
    faults = Faults(database)
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(faults, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"milvus://127.0.0.1:{port}", faults
    finally:
        server.stop(grace=None).wait()
        database.close()
