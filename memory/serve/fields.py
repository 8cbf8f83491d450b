"""What the fields of requests may hold: the rules of the store, told to clients in advance.

Each type accepts what its JSON Schema describes and nothing else, so that a client knows before
it asks whether a request is well-formed.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any

from dateutil.parser import isoparse
from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

__all__ = [
    "AsciiNamespace",
    "Document",
    "Key",
    "Metadata",
    "Moment",
    "Most",
    "Name",
    "Namespace",
    "Number",
    "Position",
    "Share",
    "Told",
    "Whole",
    "Words",
]

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
"""Whose memory."""

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
"""How many at most."""

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
