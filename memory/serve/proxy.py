"""The proxy: chat completions in the form of OpenAI, with memory.

A request goes on as it came but for the block of memories in front of the user's last message,
and the answer comes back as it is. The end of an answer is held back until the exchange is stored:
a client that saw it can rely on that, and one that did not asks again, which stores nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Request, Response

from remem.attach.attachment import Attachment, Exchange
from remem.attach.tasks import task_of
from remem.serve.access import Caller, NamespaceHeader, caller
from remem.serve.backend import Backend, CompletionRequest
from remem.serve.dependencies import refuse_other_types
from remem.serve.errors import ApiError
from remem.serve.keys import Permission
from remem.serve.requests import parsed_chat
from remem.serve.responses import refusals
from remem.serve.settings import ServeSettings
from remem.serve.streaming import Forwarded, Remembering, collected
from remem.store.validation import check_name

router = APIRouter(tags=["OpenAI"])

_Caller = Annotated[Caller, Depends(caller)]
_Session = Annotated[
    str | None,
    Header(
        alias="X-Remem-Session",
        description="The conversation, percent-encoded; by default named after how it begins.",
    ),
]
_Use = Annotated[
    Literal["on", "read", "off"] | None,
    Header(
        alias="X-Remem-Memory",
        description="`on`: recall and remember; `read`: only recall; `off`: neither. By default "
        "`on`, and `off` for what a front end asks for itself, such as a title.",
    ),
]

_BODY = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "messages": {"type": "array", "items": {"type": "object"}},
        "user": {
            "type": ["string", "null"],
            "description": "Whose memory. With a key for `bot/*`, `anna` has the namespace "
            "`bot/anna`, and `/` and `%` in a name are percent-encoded, so that no two share one.",
        },
    },
    "example": {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Where did I leave the spare key?"}],
        "stream": False,
    },
}
_COMPLETION = {
    "content": {
        kind: {"schema": {"description": "As OpenAI describes it."}}
        for kind in ("application/json", "text/event-stream")
    }
}
_OTHER: dict[int | str, dict[str, Any]] = {
    "default": {"description": "As whoever answers says it."}
}
_MODELS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}},
    **refusals(400, 401, 403, 429),
    **_OTHER,
}


@router.post(
    "/v1/chat/completions",
    summary="Answer with memory",
    response_class=Response,
    responses={
        200: _COMPLETION,
        **refusals(400, 401, 403, 408, 413, 415, 422, 429, 503),
        **_OTHER,
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}
    },
)
async def chat_completions(
    request: Request,
    who: _Caller,
    session: _Session = None,
    named: NamespaceHeader = None,
    use: _Use = None,
) -> Response:
    """A chat completion as OpenAI describes it, streamed or not; unknown fields are passed on.

    Memory is that of ``user``; ``X-Remem-Namespace`` names another namespace, whatever the user.

    The reply has the keys of the memories that were recalled in ``X-Remem-Recalled``, the
    conversation in ``X-Remem-Session``, in ``X-Remem-Repeated-Tokens`` about how many tokens of the
    prompt the upstream has read before, and in ``X-Remem-Problem`` why memory failed, if it did, or
    what of the question was left out. Why a stream was not remembered is in the log.
    """
    who.require(Permission.WRITE)
    refuse_other_types(request, "application/json")
    state = request.app.state
    settings: ServeSettings = state.settings
    backend: Backend = state.backend
    raw = await request.body()
    body = _completion(raw, settings.max_messages)
    user = _user(body)
    granted = who.granted(named) if named else who.granted_to(user)
    attachment = Attachment(
        granted.memory,
        settings.budget,
        settings.k,
        settings.floor,
        backend.count_tokens,
        settings.placement,
        state.replays,
    )
    conversation = check_name(unquote(session), "session") if session else None
    headers = _headers(request)
    messages = body["messages"]
    if use is None and not settings.remembers_tasks and (task := task_of(messages)):
        state.metrics.tasks.labels(task).inc()
        use = "off"

    def recall() -> Exchange:
        if use == "off":
            return attachment.passed_by(messages)
        exchange = attachment.recall(messages, conversation)
        return exchange.only_read() if use == "read" else exchange

    remembering = Remembering(
        recall=recall,
        complete=lambda exchange: backend.complete(CompletionRequest(body, raw, headers, exchange)),
        readers=state.readers,
        writers=state.writers,
        metrics=state.metrics,
        max_bytes=settings.max_reply_bytes,
    )
    return Forwarded(remembering, state.generations)


@router.get("/v1/models", summary="List the models", response_class=Response, responses=_MODELS)
async def models(request: Request, who: _Caller) -> Response:
    """The models that can be asked, as whoever answers lists them."""
    return await _models(request, who, None)


@router.get(
    "/v1/models/{name:path}",
    summary="Describe a model",
    response_class=Response,
    responses=_MODELS,
)
async def model(request: Request, who: _Caller, name: str) -> Response:
    """One model, as whoever answers describes it."""
    if not set(name.split("/")).isdisjoint(("", ".", "..")):
        raise ApiError(404, "model_not_found", "that is no name of a model; /v1/models lists them")
    return await _models(request, who, name)


async def _models(request: Request, who: Caller, name: str | None) -> Response:
    who.require(Permission.READ)
    backend: Backend = request.app.state.backend
    async with backend.models(name, _headers(request)) as answering:
        body = await collected(answering.pieces, request.app.state.settings.max_reply_bytes)
    return Response(body, answering.status, answering.headers)


def _completion(raw: bytes, max_messages: int) -> Mapping[str, Any]:
    """The request, as far as remem has to understand it."""
    body = parsed_chat(raw)
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_request", "the body must be a JSON object with messages")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise ApiError(400, "invalid_request", "messages must be a list of objects with a role")
    if len(messages) > max_messages:
        raise ApiError(
            400,
            "too_many_messages",
            f"there are {len(messages):,} messages and at most {max_messages:,} go into one "
            "request; leave out the oldest, they are remembered",
        )
    return body


def _user(body: Mapping[str, Any]) -> str | None:
    user = body.get("user")
    if user is not None and not isinstance(user, str):
        raise ApiError(400, "invalid_request", "user must be a string: whose memory it is")
    return user or None


def _headers(request: Request) -> dict[str, str]:
    return {**request.headers, "x-request-id": request.state.request_id}
