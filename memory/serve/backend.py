"""What makes the answers: a server behind this one, or a model on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from memory.attach.attachment import Exchange

__all__ = ["Answering", "Asked", "Backend"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat completion that a client wants.

    Attributes:
        body: The request, as JSON.
        raw: The request, byte for byte.
        headers: Those of the request that are meant for whoever answers.
        exchange: The same conversation with its memories.
    """

    body: Mapping[str, Any]
    raw: bytes
    headers: Mapping[str, str]
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer that is on its way.

    Attributes:
        status: Of HTTP.
        headers: What a client should see of the headers.
        pieces: The body; ends with ``Refusal`` if it breaks off.
    """

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)

    @property
    def is_called_a_stream(self) -> bool:
        """True if the headers say that it is a stream of events."""
        media_type = self.headers.get("content-type", "").partition(";")[0]
        return media_type.strip().lower() == "text/event-stream"


class Backend(Protocol):
    """Answers in the form of the OpenAI chat completions protocol. Its errors are ``Refusal``s and
    ``RememError``s; leaving a context ends the work on an answer."""

    def count_tokens(self, text: str) -> int:
        """How many tokens its model makes of a text; may block."""

    def complete(self, asked: Asked) -> AbstractAsyncContextManager[Answering]:
        """Answer."""

    def models(
        self, name: str | None, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Answering]:
        """Describe a model, or list all."""

    async def close(self) -> None:
        """Release everything."""
