"""Whether the server lives, and whether it can be used. Neither takes a key nor tells anything."""

from __future__ import annotations

import logging
from importlib.metadata import version

from fastapi import APIRouter, Request

from memory.engine import Memory
from memory.serve.answers import PREFIX, StatusOut, refusals
from memory.serve.problems import Refusal

__all__ = ["router"]

logger = logging.getLogger("remem")

router = APIRouter(prefix=PREFIX, tags=["server"])


@router.get("/health")
async def health() -> StatusOut:
    """The server lives. Ask this to know whether it has to be started again."""
    return StatusOut(status="ok", version=version("remem"))


@router.get("/ready", responses=refusals(503))
async def ready(request: Request) -> StatusOut:
    """The store answers and the encoder is loaded. Ask this before you send requests."""
    state = request.app.state
    await state.readers.run(_check, state.memory)
    return StatusOut(status="ready", version=version("remem"))


def _check(memory: Memory) -> None:
    try:
        memory.namespaces()
    except Exception as error:
        raise _not_ready("the store does not answer", error) from error
    try:
        memory.encoder.encode_query("ready?")
    except Exception as error:
        raise _not_ready("the encoder cannot be loaded", error) from error


def _not_ready(what: str, error: Exception) -> Refusal:
    logger.error("not ready: %s", what, exc_info=error)
    return Refusal(503, "not_ready", f"{what}; the log of the server says why")
