"""A server on loopback that speaks chat completions and responses, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Call", "Upstream", "running_upstream"]


@dataclass(frozen=True)
class Call:
    """An answer that is a call of a tool, with what the model says before it."""

    preamble: str = ""


class Upstream(ThreadingHTTPServer):
    """Gives its ``answers`` one after the other, the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: deque[str | Call] = deque(["Understood."])
        self.status = 200
        self.breaks_off = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""

    def next_answer(self) -> str | Call:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may_go_on.set()
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.paths.append(self.path)
        number = len(self.server.asked)
        if self.server.status != 200:
            self.reply(self.server.status, {"error": {"message": "no", "type": "t", "code": None}})
            return
        answer = self.server.next_answer()
        protocol = _chat if self.path.endswith("/chat/completions") else _responses
        whole, events = protocol(answer, number, body)
        if body.get("stream"):
            self.stream(events)
        else:
            self.reply(200, whole)

    def reply(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = len(events) // 2
        for event in events[:half]:
            self.event(json.dumps(event))
        if self.server.breaks_off:
            self.close_connection = True
            return
        self.server.may_go_on.wait(timeout=30)
        for event in events[half:]:
            self.event(json.dumps(event))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Not on the screen of the tests."""


_TOOL = {"name": "weather", "arguments": "{}"}


def _chat(
    answer: str | Call, number: int, body: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    base = {"id": f"chatcmpl-{number}", "created": 0, "model": "stub"}
    text = answer.preamble if isinstance(answer, Call) else answer
    reason = "tool_calls" if isinstance(answer, Call) else "stop"
    call = {"id": "call_1", "type": "function", "function": _TOOL}
    calls = {"tool_calls": [call]} if isinstance(answer, Call) else {}
    message = {"role": "assistant", "content": text or None, **calls}
    others = [
        {
            "index": index,
            "message": {"role": "assistant", "content": f"Choice {index}"},
            "finish_reason": "stop",
        }
        for index in range(1, body.get("n") or 1)
    ]
    first = {"index": 0, "message": message, "finish_reason": reason}
    # Not in order: a server may say the choices as it likes.
    whole = {**base, "object": "chat.completion", "choices": [*others, first]}

    def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return {**base, "object": "chat.completion.chunk", "choices": [choice]}

    deltas = [chunk({"content": word}) for word in _words(text)]
    for other in others:
        deltas.append(chunk({"content": other["message"]["content"]}, "stop", other["index"]))
    if calls:
        deltas.append(chunk({"tool_calls": [{"index": 0, **call}]}))
    usage = {**base, "object": "chat.completion.chunk", "choices": [], "usage": None}
    return whole, [chunk({"role": "assistant"}), *deltas, chunk({}, reason), usage]


def _responses(
    answer: str | Call, number: int, body: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    text = answer.preamble if isinstance(answer, Call) else answer
    message = {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    call = {"type": "function_call", "id": f"fc_{number}", "call_id": "call_1", **_TOOL}
    output = [message] if text else []
    if isinstance(answer, Call):
        output.append(call)
    whole = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "model": "stub",
        "status": "completed",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    started = {**whole, "status": "in_progress", "output": []}
    place = {"item_id": f"msg_{number}", "output_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    opening = {**message, "status": "in_progress", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": opening},
        {"type": "response.content_part.added", **place, "content_index": 0, "part": part},
        *(
            {"type": "response.output_text.delta", **place, "content_index": 0, "delta": word}
            for word in _words(text)
        ),
        {"type": "response.completed", "response": whole},
    ]
    return whole, [{**event, "sequence_number": n} for n, event in enumerate(events)]


def _words(text: str) -> list[str]:
    return [word + " " for word in text.split()[:-1]] + text.split()[-1:]
