"""Arguments of the MCP server's tools, in the many ways in which models write them.

A model passes ``null`` or ``""`` for what it leaves out, a list as a string of JSON, one key where
several may stand, a number in quotes, and content in parts: what it means is clear, so it is done.
What is not clear is refused in a sentence that a model can act on.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from remem.messages import words
from remem.store.types import ASSISTANT

NOTES = "notes"
CHAT = "chat"

_LEFT_OUT = frozenset({"", "[]", "{}", "null", "None", "undefined"})
_CALLED = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant"}


class Arguments(BaseModel):
    """Arguments of a tool; optional ones that say nothing count as left out."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields
        return {
            name: value
            for name, value in given.items()
            if name not in fields or fields[name].is_required() or not _says_nothing(value)
        }

    @field_validator("*", mode="after")
    @classmethod
    def _with_words(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise PydanticCustomError("blank", "it is empty")
        return value


def _says_nothing(value: Any) -> bool:
    return value in (None, [], {}) or (isinstance(value, str) and value.strip() in _LEFT_OUT)


def _listed(value: Any) -> Any:
    """A list, also if it comes as a string of JSON, or as the one thing that is in it."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError):
            value = json.loads(value)
    return value if isinstance(value, list) else [value]


def _keys(value: Any) -> Any:
    """Keys, also where whole memories are passed as recall returns them."""
    return [each.get("key") if isinstance(each, dict) else each for each in _listed(value)]


def _key(value: Any) -> Any:
    keys = _keys(value)
    return keys[0] if len(keys) == 1 else value


def _words(content: Any) -> Any:
    """The words of a content, which may come in parts; none of a call of tools or an image."""
    return words(content) if content is None or isinstance(content, (list, dict)) else content


def _role(value: Any) -> Any:
    role = value.strip().casefold() if isinstance(value, str) else value
    return _CALLED.get(role, role) if isinstance(role, str) else role


_Name = Annotated[str, Field(min_length=1, max_length=1024)]
_Text = Annotated[str, Field(min_length=1, max_length=100_000)]
_Role = Annotated[
    Literal["user", "assistant", "system", "developer", "tool", "function"],
    BeforeValidator(_role),
    WithJsonSchema({"type": "string", "enum": ["user", "assistant"]}),
]


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    role: _Role
    content: Annotated[str, BeforeValidator(_words)] = Field(
        max_length=100_000, description="What was said, word for word"
    )
    name: _Name | None = Field(None, description="Who said it")
    time: str | None = Field(
        None, description="When: 2024-05-01T09:30, local time if it has no offset, or yesterday"
    )

    @field_validator("name", "time", mode="before")
    @classmethod
    def _left_out(cls, value: Any) -> Any:
        return None if _says_nothing(value) else value


class RememberArguments(Arguments):
    """Either a text or messages."""

    text: _Text | None = Field(None, description="A fact or note, word for word")
    messages: Annotated[list[Message] | None, BeforeValidator(_listed)] = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Or what was said in a conversation, oldest first; what a session holds "
        "already is not stored twice",
    )
    session: _Name | None = Field(
        None,
        description=f"The conversation or collection it belongs to; by default '{NOTES}' for a "
        f"text and '{CHAT}' for messages",
    )
    speaker: _Name | None = Field(None, description="Who says the text")
    origin: _Name = Field(
        ASSISTANT, description="Whose words: 'assistant' (you), 'person', 'tool', 'document', 'web'"
    )


class Filters(Arguments):
    """Conditions that narrow a search down."""

    speaker: _Name | None = Field(None, description="Only what this person said")
    source: _Name | None = Field(
        None, description="Only from this session or document, by its name or title"
    )
    origin: _Name | None = Field(
        None, description="Only of a 'person', 'assistant', 'tool', 'document' or 'web'"
    )
    since: str | None = Field(
        None,
        description="Only what was said on or after this date: 2024-05-01, 2024-05, last week",
    )
    until: str | None = Field(None, description="Only what was said on or before this date")


class RecallArguments(Filters):
    """A question, and how many answers."""

    question: _Text = Field(description="What to look for, in plain words; whole questions do best")
    k: int = Field(5, ge=1, le=100, description="Most memories")


class ContextArguments(Filters):
    """A message, and how long the block may be."""

    message: _Text = Field(description="The message that is to be answered, as it was written")
    budget: int = Field(1000, ge=50, le=32_000, description="Most tokens of the block")


class SummarizeArguments(Filters):
    """A length."""

    words: int = Field(300, ge=1, le=5000, description="Most words of all sentences together")


class TranslateArguments(Arguments):
    """A sentence and a language."""

    text: _Text = Field(description="One sentence, as it was written")
    to: _Name = Field(description="The language to translate into: es, pt-BR")


class LabelsArguments(Filters):
    """The name of labels."""

    name: _Name | None = Field(
        None, description="Only labels of this name, by month or day too: mood"
    )


class ClassifyArguments(Arguments):
    """A text, and the name of labels."""

    name: _Name = Field(description="What is labelled: mood")
    text: _Text = Field(description="The words to classify")


class LabelArguments(Arguments):
    """A label for memories."""

    name: _Name = Field(description="What is labelled: mood")
    label: _Name = Field(description="The label: good")
    keys: Annotated[list[_Name], BeforeValidator(_keys)] = Field(
        min_length=1, max_length=100, description="Keys of memories, as recall shows them"
    )


class CorrectArguments(Arguments):
    """A key and new words."""

    key: Annotated[_Name, BeforeValidator(_key)] = Field(
        description="The key of the memory, as recall shows it"
    )
    text: _Text = Field(description="All that the memory shall say from now on")


class HistoryArguments(Arguments):
    """A key, and how many changes."""

    key: Annotated[_Name | None, BeforeValidator(_key)] = Field(
        None, description="Only what this memory supersedes or is superseded by"
    )
    limit: int = Field(50, ge=1, le=500, description="Most changes")


class UndoArguments(Arguments):
    """A key."""

    key: Annotated[_Name, BeforeValidator(_key)] = Field(
        description="The key of the older memory, as history shows it"
    )


class ForgetArguments(Arguments):
    """Either keys or a source."""

    keys: Annotated[list[_Name] | None, BeforeValidator(_keys)] = Field(
        None, min_length=1, max_length=100, description="Keys of memories, as recall shows them"
    )
    source: _Name | None = Field(None, description="Or a whole session or document")


class ListSourcesArguments(Arguments):
    """A part of a name, and how many sources."""

    contains: str | None = Field(None, description="Only those with this in their name or title")
    limit: int = Field(50, ge=1, le=500, description="Most sources")


def refusal(tool: str, arguments: type[Arguments], error: ValidationError) -> str:
    """One sentence for a model: what is wrong with its arguments, and what to pass instead."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = [part for part in first["loc"] if isinstance(part, (str, int))]
    name = ".".join(map(str, place))
    takes = ", ".join(arguments.model_fields)
    match first["type"]:
        case "extra_forbidden":
            return f"{tool} has no argument {name}: call it again with {takes}"
        case "missing":
            return f"the argument {name} is missing: {tool} takes {takes}"
        case "string_too_short" | "blank":
            return f"the argument {name} is empty: pass words"
        case "string_too_long":
            return f"the argument {name} is too long: pass it in parts"
        case "model_type" | "model_attributes_type":
            return f"the argument {name} is no message: pass an object with role and content"
        case _:
            reason = first["msg"].removeprefix("Input should be ")
            return f"the argument {name} is refused: pass {reason}"
