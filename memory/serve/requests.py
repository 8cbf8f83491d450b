"""The bodies of requests. Unknown fields are refused, so that a misspelt one is not overlooked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from remem.recall.relevance import FLOOR
from remem.serve.errors import ApiError
from remem.serve.fields import (
    MARK,
    Document,
    Key,
    Metadata,
    Moment,
    Most,
    Name,
    Position,
    Share,
    Where,
    Whole,
    Words,
)
from remem.store import InvalidInput
from remem.store.rows import is_text

Mark = Annotated[StrictStr, Field(pattern=MARK, max_length=2048)]


def _body(**example: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


_KEYS = ["night shift#0"]


def most(asked: int, allowed: int, what: str) -> int:
    """A number that is within the limit that the server was started with.

    Raises:
        InvalidInput: it is not.
    """
    if asked > allowed:
        raise InvalidInput(f"{what} is {asked}; this server allows {allowed} at most")
    return asked


class Note(BaseModel):
    """One text to remember."""

    model_config = _body(
        text="The spare key is at the bakery, in the tin with the rooster on it.",
        speaker="Nora",
        said_at="2024-07-21T18:30:00+02:00",
        metadata={"topic": "keys"},
    )

    text: Words
    source: Name = Field("notes", description="The session or document that it belongs to.")
    kind: Name = "note"
    speaker: Name | None = None
    role: Name | None = None
    said_at: Moment | None = Field(None, description="When it was said; by default now.")
    expires_at: Moment | None = Field(None, description="From then on it is no longer found.")
    metadata: Metadata = {}
    key: Name | None = Field(None, description="Its identity; by default made from what it says.")
    origin: Name | None = Field(
        None,
        description="Where the words come from: `person`, `assistant`, `tool`, `document`, `web`, "
        "or another; by default what kind and role say.",
    )


class Part(BaseModel):
    """A part of a message; only text is remembered."""

    model_config = ConfigDict(extra="allow")

    type: StrictStr = "text"
    text: Annotated[StrictStr, Field(max_length=1_000_000)] | None = None


class Message(BaseModel):
    """An utterance, in the form of OpenAI. Other fields of that form are ignored."""

    model_config = ConfigDict(extra="ignore")

    role: Name
    content: Annotated[StrictStr, Field(max_length=1_000_000)] | list[Part] | None = None
    name: Name | None = Field(None, description="Who said it.")
    time: Moment | None = Field(None, description="When; by default now.")
    id: Annotated[Name, Field(max_length=256)] | None = Field(
        None, description="Makes the key `session#id`; by default the position does."
    )
    metadata: Metadata = {}


class Messages(BaseModel):
    """Messages of a conversation, oldest first."""

    model_config = _body(
        session="night shift",
        messages=[
            {"role": "user", "content": "Cashews in the curry again, so I had toast."},
            {"role": "assistant", "content": "Then I will keep your allergy in mind."},
        ],
    )

    messages: list[Message] = Field(max_length=2000)
    session: Name = Field("chat", description="The conversation that they belong to.")
    start: Position | None = Field(
        None,
        description="Position of the first one in the session. By default they continue it, and "
        "what they repeat of its end is recognised.",
    )


class NewDocument(BaseModel):
    """The text of a document, plain or Markdown, remembered passage by passage."""

    model_config = _body(
        source="lease.md",
        text="# Lease\n\nThe rent is due on the third working day of each month.\n",
        metadata={"year": 2024},
    )

    text: Document
    source: Name | None = Field(
        None,
        description="What to call it; by default a digest of the text. Passages that it had "
        "before and has no longer are superseded.",
    )
    metadata: Metadata = {}
    origin: Name = Field("document", description="`web` for the text of a web page.")


class _Query(BaseModel):
    query: Annotated[Words, Field(max_length=100_000)]
    where: Where | None = Field(None, description="Only these.")
    now: Moment | None = Field(
        None, description="When it is asked, which decides what 'last week' means; by default now."
    )


class Ask(_Query):
    """A question, and how many memories to answer it with."""

    model_config = _body(
        query="Where is the spare key?", k=3, where={"speaker": ["Nora", "Ravi"]}, explain=True
    )

    k: Most = Field(10, description="Most memories, best first.")
    explain: StrictBool = Field(False, description="Tell what the score is made of.")
    expect: Key | None = Field(
        None,
        description="Key of a memory that should be found, or some of its words in a row; the "
        "answer tells why it is not.",
    )


class Context(_Query):
    """A message, and how much a model may be given to read with it."""

    model_config = _body(
        query="Which curry can I eat?",
        budget=300,
        where={"said_at": {"gte": "2024-01-01T00:00:00Z"}},
    )

    k: Most = Field(50, description="Most memories.")
    budget: Annotated[StrictInt, Whole] = Field(
        1000, ge=0, le=1_000_000, description="Most tokens of the block, by an estimate."
    )
    floor: Share = Field(FLOOR, description="The least relevance of a memory.")


class Why(Context):
    """A message, and a memory that the block for it should show."""

    model_config = _body(query="Which curry can I eat?", expect="night shift#0", budget=300)

    expect: Key = Field(description="Key of the memory, or some of its words in a row.")


class List(BaseModel):
    """A choice of memories to list, and the place to begin."""

    model_config = _body(where={"source": "night shift"}, limit=20)

    where: Where | None = None
    limit: Most = Field(100, description="Most records of a page.")
    after: Mark | None = Field(
        None, description="The `next` of the page before; by default, from the beginning."
    )
    past: StrictBool = Field(False, description="Also versions that were replaced, and expired.")


class Update(BaseModel):
    """Another text for a memory; the old one stays in its history."""

    model_config = _body(text="The spare key is with Álvaro's daughter now.")

    text: Words
    said_at: Moment | None = Field(None, description="When it was said; by default, when the old.")


class Summary(BaseModel):
    """A choice of memories, and how much to say of them."""

    model_config = _body(words=300, where={"speaker": "Nora"})

    words: Annotated[StrictInt, Field(ge=1, le=20_000)] = Field(
        300, description="Most words of all lines together."
    )
    where: Where | None = None


class Label(BaseModel):
    """A label for memories."""

    model_config = _body(name="mood", label="good", keys=_KEYS)

    name: Name = Field(description="What is labelled; the field of the metadata.")
    label: Name
    keys: list[Key] = Field(max_length=1000)


class Labels(BaseModel):
    """Labels of a name, and a choice of memories."""

    model_config = _body(name="mood", where={"speaker": "Nora"})

    name: Name
    where: Where | None = None


class Classify(BaseModel):
    """A text to label."""

    model_config = _body(name="mood", text="What a splendid day.")

    name: Name = Field(description="What is labelled, as in `/labels`.")
    text: Words


class Translate(BaseModel):
    """A sentence to translate."""

    model_config = _body(text="Enter a valid number.", to="es", glossary={"number": "número"})

    text: Annotated[Words, Field(max_length=20_000)]
    to: Name = Field(description="The language, such as `es` or `pt-BR`.")
    glossary: dict[Name, Name] = Field({}, description="Terms and the translations they must have.")


class Forget(BaseModel):
    """A choice of memories to wipe out."""

    model_config = _body(where={"source": "knee"})

    where: Where


# The JSON of requests, read by the same strict rules at every endpoint.
#
# What one reader takes for one thing and another reader for another is refused, because a request
# is read here and again by whoever answers it: names that stand twice in an object, NaN, numbers
# beyond what a float holds. What is kept here must be Unicode in UTF-8, whole characters only; a
# chat goes on to somebody else and may be in any form of Unicode.

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
        ApiError: 400 ``invalid_json``.
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
        ApiError: 400 ``invalid_json``.
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


def _invalid(what: str, why: str) -> ApiError:
    return ApiError(400, "invalid_json", f"{what} is not valid JSON ({why}); check how it is made")


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
