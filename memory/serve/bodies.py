"""The JSON of requests, read by the same strict rules at every endpoint.

What one reader takes for one thing and another reader for another is refused, because a request is
read here and again by whoever answers it: names that stand twice in an object, NaN, numbers beyond
what a float holds. What is kept here must be Unicode in UTF-8, whole characters only; a chat goes
on to somebody else and may be in any form of Unicode.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from memory.serve.problems import Refusal
from store.rows import is_text

__all__ = ["MAX_DEPTH", "MAX_VALUES", "JsonRoute", "parsed", "parsed_chat"]

MAX_DEPTH = 200
"""Most levels of nested lists and objects; Python's own limits begin near 1,000."""

MAX_VALUES = 50_000
"""Most values in a body. What is small in bytes may be millions of them, and nothing else
is done while they are read: 32 MB of empty objects took 6 s, as many unknown names minutes."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character as it is written; most are followed by the other half."""


def parsed(raw: bytes, what: str = "the body") -> Any:
    """The value that bytes stand for in JSON.

    Args:
        raw: In UTF-8, without a byte order mark.
        what: To call them in a message.

    Raises:
        Refusal: 400 ``invalid_json``.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeError:
        raise _invalid(what, "its bytes are not UTF-8") from None
    value = _value(text, what)
    # Looked through only if there is something to find: this takes as long as the parser.
    if _HALF.search(text) and not all(map(is_text, _texts(value))):
        raise _invalid(what, "a text holds half of a character, a lone surrogate")
    return value


def parsed_chat(raw: bytes) -> Any:
    """The value of the body of a chat: in UTF-16 or UTF-32, too, and with half characters, such as
    front ends send that cut an emoji in two.

    Raises:
        Refusal: 400 ``invalid_json``.
    """
    try:
        text = raw.decode(json.detect_encoding(raw))
    except UnicodeError:
        raise _invalid("the body", "its bytes are not Unicode") from None
    return _value(text, "the body")


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


def _value(text: str, what: str) -> Any:
    if _holds_many(text):
        raise _invalid(what, f"it holds more than {MAX_VALUES:,} values")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repetition,
        )
        if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            raise RecursionError
    except RecursionError:
        raise _invalid(what, f"it is nested more than {MAX_DEPTH} levels deep") from None
    except json.JSONDecodeError as error:
        raise _invalid(what, f"it breaks at character {error.pos:,}") from None
    except ValueError as error:
        raise _invalid(what, str(error)) from None
    return value


def _holds_many(text: str) -> bool:
    """True if JSON has too many values, each of which stands behind a comma or a bracket.

    Only where there are as many of these signs is it looked at which of them stand in strings.
    """
    if _begun(text) <= MAX_VALUES:
        return False
    bare = text.replace("\\\\", "").replace('\\"', "")
    # Each string has two quotes, and is a value or the name of one.
    if bare.count('"') > 4 * MAX_VALUES:
        return True
    return sum(map(_begun, bare.split('"')[::2])) > MAX_VALUES


def _begun(text: str) -> int:
    return text.count(",") + text.count("[") + text.count("{")


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


def _depth(value: Any) -> int:
    """The number of levels of nested lists and objects."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, (dict, list))]:
        deepest += 1
        level = [item for each in level for item in _items(each)]
    return deepest


def _texts(value: Any) -> Iterator[str]:
    """All strings in a value, names too."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            left += (item for pair in each.items() for item in pair)
        elif isinstance(each, list):
            left += each


def _items(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
