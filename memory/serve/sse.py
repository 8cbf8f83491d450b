"""Server-sent events, told apart while they pass by. Pure."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["Events", "begins_a_stream", "fields_of"]

# Also where a server mixes line ends, which the standard allows.
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LONGEST_END = 4
_MARK = b"\xef\xbb\xbf"  # of a byte order, which may stand in front of a stream
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


class Events:
    """Bytes as they come to events as they were sent; nothing is changed on the way.

    One that never ends costs no more for each piece than one that does.
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """The beginning of an event that is not complete."""
        return bytes(self._rest)

    @property
    def waiting(self) -> int:
        """Bytes of it."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete, each with the blank line behind it."""
        start = max(0, len(self._rest) - _LONGEST_END)
        self._rest += data
        ends = [end.end() for end in _END.finditer(self._rest, start)]
        events = [bytes(self._rest[done:end]) for done, end in pairwise([0, *ends])]
        del self._rest[: ends[-1] if ends else 0]
        return events


def fields_of(event: bytes) -> tuple[str, str]:
    """The name of an event, empty if it has none, and its data."""
    values: dict[bytes, list[bytes]] = {b"event": [], b"data": []}
    for line in event.removeprefix(_MARK).splitlines():
        field, _, value = line.partition(b":")
        if field in values:
            values[field].append(value.removeprefix(b" "))
    name, data = b"".join(values[b"event"][-1:]), b"\n".join(values[b"data"])
    return name.decode("utf-8", "replace"), data.decode("utf-8", "replace")


def begins_a_stream(body: bytes) -> bool:
    """True for a body that begins as a stream of events does, whatever it is called."""
    return _BEGINNING.match(body) is not None
