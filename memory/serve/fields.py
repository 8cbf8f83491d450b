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
    "Document",
    "Key",
    "Metadata",
    "Moment",
    "Name",
    "Number",
    "Position",
    "Share",
    "Told",
    "Words",
]

_VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
_PRINTED = r"[^\x00-\x1f\x7f-\x9f]"

Words = Annotated[StrictStr, Field(pattern=_VISIBLE, max_length=1_000_000)]
"""A text with something to read in it; kept as it is, control characters included."""

Document = Annotated[StrictStr, Field(pattern=_VISIBLE, max_length=10_000_000)]
"""A whole document."""

# A key is made of a source and what stands behind its "#": names are shorter, to leave room.
Name = Annotated[
    StrictStr, Field(pattern=f"^{_PRINTED}*{_VISIBLE}{_PRINTED}*$", min_length=1, max_length=512)
]
"""A name in one line: no control characters, not only spaces."""

Key = Annotated[StrictStr, Field(min_length=1, max_length=1024)]
"""The key of a record, as an answer told it."""

Number = Annotated[StrictInt, Field(ge=-(2**63), le=2**63 - 1)]
"""An integer of 64 bits."""

Position = Annotated[StrictInt, Field(ge=0, le=2**53)]
"""A place in a source."""

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
