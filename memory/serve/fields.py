"""Types of the fields of requests: the rules of the store, told to clients in advance.

Each type accepts what its JSON Schema describes and nothing else, so that a client knows before
it asks whether a request is well-formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain, islice
from typing import Annotated, Any, Generic, TypeVar

from dateutil.parser import isoparse
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    PlainSerializer,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from typing_extensions import Self

from remem.memory import Memory
from remem.store import F, Filter, Record, parse_filter

_VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
_PRINTED = r"[^\x00-\x1f\x7f-\x9f]"
_NAME = f"^{_PRINTED}*{_VISIBLE}{_PRINTED}*$"

Words = Annotated[StrictStr, Field(pattern=_VISIBLE, max_length=1_000_000)]
"""A text with something to read in it; kept as it is, control characters included."""

Document = Annotated[StrictStr, Field(pattern=_VISIBLE, max_length=10_000_000)]
"""A whole document."""

# A key is made of a source and what stands behind its "#": names are shorter, to leave room.
Name = Annotated[StrictStr, Field(pattern=_NAME, min_length=1, max_length=512)]
"""A name in one line: no control characters, not only spaces."""

Namespace = Annotated[StrictStr, Field(pattern=_NAME, min_length=1, max_length=1024)]
"""The name of a namespace."""

AsciiNamespace = Annotated[
    StrictStr, Field(pattern="^[!-~]([ -~]*[!-~])?$", min_length=1, max_length=1024)
]
"""The same, as far as a header can hold it."""

Key = Annotated[StrictStr, Field(min_length=1, max_length=1024)]
"""The key of a record, as an answer told it."""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Behind the type of an integer: as in JSON Schema, 3.0 is one."""

Number = Annotated[StrictInt, Field(ge=-9 * 10**18, le=9 * 10**18), Whole]
"""An integer that 64 bits hold, with bounds that readers of JSON do not round."""

Position = Annotated[StrictInt, Field(ge=0, le=2**53), Whole]
"""A place in a source."""

Most = Annotated[StrictInt, Field(ge=1, le=1000), Whole]
"""A limit of results."""

Share = Annotated[StrictFloat, Field(ge=0, le=1, allow_inf_nan=False)]
"""From nothing to all."""

Metadata = dict[StrictStr, JsonValue]
"""Anything in JSON; can be filtered on."""


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is a string, such as 2024-05-01T09:30:00+02:00")
    try:
        moment = isoparse(value)
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("no offset")
        moment.astimezone(timezone.utc)  # what lies beyond the year 9999 there has no order
    except (ValueError, OverflowError):
        raise ValueError(
            f"{value[:40]!r} is not a time with its offset from UTC, "
            "such as 2024-05-01T09:30:00+02:00"
        ) from None
    return moment.replace(tzinfo=timezone(offset))


_AS_TIME = WithJsonSchema(
    {"type": "string", "format": "date-time", "examples": ["2024-05-01T09:30:00+02:00"]}
)

Moment = Annotated[datetime, BeforeValidator(_moment), _AS_TIME]
"""A time in ISO 8601 with its offset from UTC."""

Told = Annotated[datetime, PlainSerializer(datetime.isoformat), _AS_TIME]
"""A time in an answer."""


# The JSON form of a filter, described so that clients can write it (see
# ``remem.store.parse_filter``)::
#
#     {"speaker": "Nora", "said_at": {"gte": "2024-05-01T00:00:00Z"}, "metadata.year": [2023, 2024]}

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
    """Conditions on a text; all parts must hold."""


class NumberCondition(_Condition[Number]):
    """Conditions on a number; all parts must hold."""


class TimeCondition(_Condition[Moment]):
    """Conditions on a time; all parts must hold."""


class ValueCondition(_Condition[_Value]):
    """Conditions on a value of the metadata; all parts must hold."""


_Text = StrictStr | list[StrictStr] | TextCondition | None
_Time = Moment | list[Moment] | TimeCondition | None


class Where(_Parts):
    """A filter of memories.

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


# Lists in pages: a page begins behind the place where the one before it ended, whatever was added
# or deleted meanwhile.

MARK = r"^-?[0-9]{1,18}:[0-9]{1,4}:"
"""The beginning of every mark; whatever follows names a place too."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The place of a record among all, in the order in which a store lists them."""

    source: str
    position: int
    key: str

    @staticmethod
    def of(record: Record) -> Place:
        """The place of a record."""
        return Place(record.source, record.position, record.key)

    @staticmethod
    def read(mark: str) -> Place:
        """The place that a mark tells."""
        position, length, names = mark.split(":", 2)
        return Place(names[: int(length)], int(position), names[int(length) :])

    @property
    def mark(self) -> str:
        """The place as a text."""
        return f"{self.position}:{len(self.source)}:{self.source}{self.key}"


def page_of(
    memory: Memory, where: Filter | None, after: str | None, limit: int, at: datetime | None
) -> tuple[list[Record], str | None]:
    """Some records, and the mark of the last one if more follow.

    Args:
        where: Only these.
        after: The mark of the page before.
        limit: Most records.
        at: Only what is recalled at this time; None: also what was replaced or has expired.
    """
    found = (
        record for record in _behind(memory, where, after) if at is None or _is_current(record, at)
    )
    page = list(islice(found, limit))
    more = len(page) == limit and next(found, None) is not None
    return page, Place.of(page[-1]).mark if more else None


def _behind(memory: Memory, where: Filter | None, after: str | None) -> Iterator[Record]:
    if after is None:
        return memory.scan(where)
    place = Place.read(after)
    # Each of the two is one range of the store's order, which it finds without reading the rest.
    here = (F("source") == place.source) & (F("position") >= place.position)
    beyond = F("source") >= place.source + "\0"
    rest = (memory.scan(part if where is None else part & where) for part in (here, beyond))
    return (record for record in chain.from_iterable(rest) if Place.of(record) > place)


def _is_current(record: Record, at: datetime) -> bool:
    expired = record.expires_at is not None and record.expires_at <= at
    return record.superseded_by is None and not expired
