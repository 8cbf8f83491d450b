"""``OpenAIGenerator`` against a real HTTP server that speaks the chat completions protocol."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from remem.generators.opening import Message, OpenAIGenerator, Prompt
from remem.store import UpstreamError

pytest.importorskip("openai")


class StubServer(ThreadingHTTPServer):
    """Streams ``pieces``, or answers with the error ``status``; keeps the requests it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.pieces: list[str | None] = ["Bis", "cuit", None]
        self.breaks_off = False
        self.stalls = threading.Event()
        self.stalls.set()
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: StubServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append({"path": self.path, **json.loads(body)})
        self.server.stalls.wait(timeout=10)
        if self.server.status == 200:
            self.stream()
        else:
            self.refuse()

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if self.server.breaks_off:
            self.send_header("Content-Length", "100000")
        self.end_headers()
        for piece in self.server.pieces:
            self.event(choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        if not self.server.breaks_off:
            self.event(choices=[], usage=None)
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, **fields: Any) -> None:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", **fields}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def refuse(self) -> None:
        body = json.dumps({"error": {"message": "no", "type": "t", "code": None}}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not on the screen of the tests."""


@pytest.fixture
def server() -> Iterator[StubServer]:
    with StubServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.stalls.set()
        server.shutdown()
        thread.join()


def generator(server: StubServer, **options: Any) -> OpenAIGenerator:
    return OpenAIGenerator("some-model", server.url, "key", max_retries=0, **options)


def test_an_answer_is_streamed_piece_by_piece(server: StubServer) -> None:
    assert list(generator(server).stream(Prompt("Whose dog?"))) == ["Bis", "cuit"]


def test_an_answer_can_be_had_whole(server: StubServer) -> None:
    assert generator(server).generate(Prompt("Whose dog?")) == "Biscuit"


def test_the_server_gets_model_messages_and_limits(server: StubServer) -> None:
    prompt = Prompt("Whose dog?", earlier=(Message("user", "Hi"),), instructions="Be kind.")
    generator(server, max_tokens=9, temperature=0.0).generate(prompt)
    (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["model"] == "some-model"
    assert (request["max_tokens"], request["temperature"]) == (9, 0.0)
    assert request["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Whose dog?"},
    ]


def test_limits_that_are_not_given_are_left_to_the_server(server: StubServer) -> None:
    generator(server).generate(Prompt("Whose dog?"))
    assert not {"max_tokens", "temperature"} & server.requests[0].keys()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "refuses the key"),
        (404, "knows no model some-model"),
        (429, "takes no more requests"),
        (500, "failed"),
    ],
)
def test_a_refusal_is_one_sentence_that_says_what_to_do(
    server: StubServer, status: int, sentence: str
) -> None:
    server.status = status
    with pytest.raises(UpstreamError, match=sentence) as caught:
        generator(server).generate(Prompt("Whose dog?"))
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_answer_in_time_is_given_up(server: StubServer) -> None:
    server.stalls.clear()
    with pytest.raises(UpstreamError, match="did not answer in time"):
        generator(server, timeout=0.2).generate(Prompt("Whose dog?"))


def test_a_stream_that_breaks_off_is_an_error_and_not_a_short_answer(server: StubServer) -> None:
    server.breaks_off = True
    pieces = generator(server).stream(Prompt("Whose dog?"))
    assert next(pieces) == "Bis"
    with pytest.raises(UpstreamError):
        list(pieces)


def test_a_server_that_is_not_there_is_an_upstream_error() -> None:
    with StubServer() as gone:
        url = gone.url
    with pytest.raises(UpstreamError, match="cannot be reached"):
        OpenAIGenerator("m", url, max_retries=0).generate(Prompt("Whose dog?"))


def test_closing_the_stream_early_leaves_the_generator_usable(server: StubServer) -> None:
    answering = generator(server)
    pieces = answering.stream(Prompt("Whose dog?"))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert answering.generate(Prompt("Whose dog?")) == "Biscuit"
