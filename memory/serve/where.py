"""The JSON form of a filter, described so that clients can write it (see ``store.parse_filter``).

::

    {"speaker": "Nora", "said_at": {"gte": "2024-05-01T00:00:00Z"}, "metadata.year": [2023, 2024]}
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictFloat,
    StrictStr,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from memory.serve.fields import Moment, Number
from store import Filter, parse_filter

__all__ = ["Where"]

T = TypeVar("T")

_METADATA = r"^metadata\.."
_UNSET: Any = None
"""The default of parts that may be left out; it is never looked at."""


def _as_written(schema: dict[str, Any]) -> None:
    """The schema of an object in which at least one part is given, and parts have no defaults."""
    schema["minProperties"] = 1
    for part in schema["properties"].values():
        part.pop("default", None)
    if rest := schema["additionalProperties"]:
        schema["patternProperties"] = {_METADATA: rest}
        schema["additionalProperties"] = False


class _Parts(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_as_written)

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a filter is empty; leave it out, or say what is meant")
        return self


class _Condition(_Parts, Generic[T]):
    eq: T | None = Field(_UNSET, description="This value; null: the field has none.")
    one_of: list[T] = Field(_UNSET, alias="in", max_length=1000, description="One of these.")
    gte: T = Field(_UNSET, description="This or more.")
    lte: T = Field(_UNSET, description="This or less.")
    exists: StrictBool = Field(_UNSET, description="Whether it has a value.")


_Value = StrictStr | StrictBool | Number | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class TextCondition(_Condition[StrictStr]):
    """What a text must be; all parts must hold."""


class NumberCondition(_Condition[Number]):
    """What a number must be; all parts must hold."""


class TimeCondition(_Condition[Moment]):
    """What a time must be; all parts must hold."""


class ValueCondition(_Condition[_Value]):
    """What a value of the metadata must be; all parts must hold."""


_Text = StrictStr | list[StrictStr] | TextCondition | None
_Time = Moment | list[Moment] | TimeCondition | None


class Where(_Parts):
    """Which memories are meant.

    All parts must hold. A value stands for equality, a list for one of its items, null for "has no
    value". What the metadata hold is named ``metadata.NAME``.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[
        Annotated[str, Field(pattern=_METADATA)],
        _Value | list[_Value] | ValueCondition | None,
    ]

    all_of: list[Where] = Field(_UNSET, alias="and", min_length=1, max_length=100)
    any_of: list[Where] = Field(_UNSET, alias="or", min_length=1, max_length=100)
    none_of: Where = Field(_UNSET, alias="not")
    key: _Text = _UNSET
    source: _Text = _UNSET
    kind: _Text = _UNSET
    role: _Text = _UNSET
    speaker: _Text = _UNSET
    origin: _Text = _UNSET
    position: Number | list[Number] | NumberCondition | None = _UNSET
    said_at: _Time = _UNSET
    stored_at: _Time = _UNSET

    def filter(self) -> Filter:
        """As the store takes it.

        Raises:
            InvalidInput: it is nested too deeply.
        """
        return parse_filter(self.model_dump(by_alias=True, exclude_unset=True))

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_sentence(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError:
            parse_filter(value)  # what the store has to say about it is easier to read
            raise
