"""Servers of models that are found on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from remem.generators.servers import USUAL_PORTS, servers_here


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[tuple[int, list[str]]]:
    """A server that gives one answer to all; yields its port and the requests that it got."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def models(*names: object) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()


def test_a_server_is_found_with_its_models_and_asked_for_nothing_else() -> None:
    with answering(models("nomic-embed-text", "qwen3:4b", "llama3")) as (port, asked):
        [found] = servers_here({"Ollama": port})
    assert found.spec == f"http://127.0.0.1:{port}/v1#qwen3:4b"
    assert (found.program, found.models) == ("Ollama", ["qwen3:4b", "llama3"])
    assert asked == ["GET /v1/models"]


def test_what_is_no_server_of_models_is_none() -> None:
    for body, status in ((b"<html>", 200), (models("x"), 500), (models(), 200), (b"[]", 200)):
        with answering(body, status) as (port, _):
            assert servers_here({"vLLM": port}) == []
    assert servers_here({"vLLM": port}) == []  # nobody listens any more
    assert servers_here({}) == []


def test_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(models("x")) as (proxy, asked), answering(models("qwen3")) as (port, _):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        assert servers_here({"vLLM": port})[0].models == ["qwen3"]
    assert asked == []


def test_the_usual_ports_are_those_of_four_programs() -> None:
    assert set(USUAL_PORTS) == {"Ollama", "llama.cpp", "vLLM", "LM Studio"}
    assert len(set(USUAL_PORTS.values())) == 4
