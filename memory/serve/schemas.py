"""The bodies of requests. Unknown fields are refused, so that a misspelt one is not overlooked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from memory.recall.relevance import FLOOR
from memory.serve.fields import (
    Document,
    Key,
    Metadata,
    Moment,
    Most,
    Name,
    Position,
    Share,
    Whole,
    Words,
)
from memory.serve.paging import MARK
from memory.serve.where import Where
from store import InvalidInput

__all__ = [
    "Ask",
    "Context",
    "Forget",
    "List",
    "Messages",
    "NewDocument",
    "Note",
    "Update",
    "Why",
    "most",
]


Mark = Annotated[StrictStr, Field(pattern=MARK, max_length=2048)]


def _body(**example: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


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
    """What somebody said, in the form of OpenAI. Other fields of that form are ignored."""

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
        None, description="Key of a memory that should be found; the answer tells why it is not."
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

    expect: Key = Field(description="Key of the memory.")


class List(BaseModel):
    """Which memories to list, and from where on."""

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


class Forget(BaseModel):
    """What to wipe out."""

    model_config = _body(where={"source": "knee"})

    where: Where
