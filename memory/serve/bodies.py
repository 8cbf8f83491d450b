"""The JSON of requests, read by the same strict rules at every endpoint.

What one reader takes for one thing and another reader for another is refused, because a request is
read here and again by whoever answers it: names that stand twice in an object, NaN, numbers beyond
what a float holds, half characters, bytes that are not UTF-8.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from memory.serve.problems import Refusal

__all__ = ["MAX_DEPTH", "JsonRoute", "parsed"]

MAX_DEPTH = 200
"""How deep lists and objects may be nested; Python's own limits begin near 1,000."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How half a character is written; most are followed by the other half."""


def parsed(raw: bytes, what: str = "the body") -> Any:
    """What bytes say in JSON.

    Args:
        raw: In UTF-8, without a byte order mark.
        what: To call them in a message.

    Raises:
        Refusal: 400 ``invalid_json``.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repetition,
        )
        # Looked through only if there is something to find: this takes as long as the parser.
        if text.count("[") + text.count("{") > MAX_DEPTH or _HALF.search(text):
            _check_values(value)
    except UnicodeError:
        raise _invalid(what, "its bytes are not UTF-8") from None
    except RecursionError:
        raise _invalid(what, f"it is nested more than {MAX_DEPTH} levels deep") from None
    except json.JSONDecodeError as error:
        raise _invalid(what, f"it breaks at character {error.pos:,}") from None
    except ValueError as error:
        raise _invalid(what, str(error)) from None
    return value


class JsonRoute(APIRoute):
    """A route whose body is read by ``parsed``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI asks for it."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handler


class _StrictRequest(Request):
    async def body(self) -> bytes:
        raw = await super().body()
        # FastAPI does not ask for the JSON of a body that is empty, and says that a field is
        # missing.
        return raw or b" "

    async def json(self) -> Any:
        return parsed(await self.body())


def _invalid(what: str, why: str) -> Refusal:
    return Refusal(400, "invalid_json", f"{what} is not valid JSON ({why}); check how it is made")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):  # it could not be passed on
        raise ValueError("a number is too large")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _check_values(value: Any) -> None:
    """Look for what is nested too deeply, and for half characters."""
    left = [(value, 1)]
    while left:
        each, depth = left.pop()
        match each:
            case str():
                _check_characters(each)
            case dict():
                _check_depth(depth)
                left += ((item, depth + 1) for pair in each.items() for item in pair)
            case list():
                _check_depth(depth)
                left += ((item, depth + 1) for item in each)


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RecursionError


def _check_characters(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("a text holds half of a character, a lone surrogate") from None
