"""A model that answers at once, for measuring what stands in front of it.

``python -m remem.benchmarks.load.upstream`` prints its address and serves chat completions, whole
and streamed, until it is killed. The answer to a message is always the same, as a client that tries
again expects.
"""

from __future__ import annotations

import json
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

app = FastAPI()


def answer_to(message: str) -> str:
    """The model's answer to a message."""
    return f"Noted: {message}"


@app.post("/v1/chat/completions")
async def complete(request: Request) -> Response:
    """An answer to the last line of the last message, which is what the user typed."""
    body = await request.json()
    answer = answer_to(body["messages"][-1]["content"].splitlines()[-1])
    if not body.get("stream"):
        message = {"role": "assistant", "content": answer}
        return JSONResponse(_completion("chat.completion", message=message, finish_reason="stop"))
    words = [f"{word} " for word in answer.split(" ")]
    pieces = [{"content": word} for word in (*words[:-1], words[-1].rstrip())]
    events = [_completion("chat.completion.chunk", delta=piece) for piece in pieces]
    events.append(_completion("chat.completion.chunk", delta={}, finish_reason="stop"))
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


def _completion(kind: str, **choice: Any) -> dict[str, Any]:
    choices = [{"index": 0, "finish_reason": None, **choice}]
    return {"id": "stub", "object": kind, "created": 0, "model": "stub", "choices": choices}


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
