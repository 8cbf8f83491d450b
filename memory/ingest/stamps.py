"""Times as they stand on a page or in a table, in any language, understood together.

``Stamps`` is given all of a file before one is asked for, for the reasons that ``dialects`` has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone, tzinfo

from remem.ingest.dialects import Dialect, Survey
from remem.ingest.headers import Header, clean_marks, parse_header
from remem.ingest.parsing import as_time, localize

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d?:\d\d.*)?|\d{9,19}(?:\.\d+)?")
_HAS_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d|UTC|GMT)$")
_WEEKDAY = re.compile(r"[^\W\d_]{2,}\.?, (?=\D{0,30}\d)")
_ZONE = re.compile(r"\s+(?:(?:GMT|UTC)([+-]\d{1,2}):?(\d{2})?|([A-Z]{3,5}|Z))$")
_HOURS = {
    **dict.fromkeys(("UTC", "GMT", "WET", "Z"), 0),
    **dict.fromkeys(("CET", "WEST", "BST"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "JST": 9,
    "KST": 9,
    "AEST": 10,
    "AEDT": 11,
}
"""Hours by which a zone is ahead; of those that mean one zone."""

_WITHOUT_TIME = re.compile(r"(?<!\d)\d{1,2}[:.]\d{2}")


class Stamps:
    """Times of one file.

    Args:
        written: All of them, or as many as decide how days and months are written.
    """

    def __init__(self, written: Iterable[str]) -> None:
        survey = Survey()
        for each in written:
            if (header := _header(each)) and not _ISO.fullmatch(each.strip()):
                survey.add(header)
        self._dialect: Dialect = survey.dialect()
        self._refusal = survey.refusal(self._dialect)

    @property
    def doubt(self) -> str:
        """Doubt of the order in which they were read, for people; empty if there is none."""
        if self._dialect.is_certain:
            return ""
        return (
            f"nothing in the file tells days from months; dates were read {self._dialect.words}: "
            "if that is wrong, change the dates in the file before you import it"
        )

    @property
    def refusal(self) -> str:
        """Reason not to read the file at all, for people; empty if there is none."""
        return self._refusal

    def time(self, written: str) -> datetime:
        """The moment; one without an offset is of this machine's zone.

        Raises:
            ValueError: it is no time, or in no language that fits the others.
        """
        return localize(self.naive(written), _zone(written))

    def naive(self, written: str) -> datetime:
        """The same, without a zone if none is written; raises ``ValueError``."""
        plain = clean_marks(written).strip()
        if _ISO.fullmatch(plain) and (moment := as_time(plain)):
            has_offset = _HAS_OFFSET.search(plain) or plain.replace(".", "").isdecimal()
            return moment if has_offset else moment.replace(tzinfo=None)
        header = _header(plain)
        if header is None or not self._dialect.knows(header):
            raise ValueError(f"{written!r} is not a time")
        return self._dialect.time(header)


def _header(written: str) -> Header | None:
    """The time as the header of a line; midnight, if it is a day alone."""
    plain = _WEEKDAY.sub("", clean_marks(written).strip(), count=1)
    plain = _ZONE.sub(_without_zone, plain)
    clock = "" if _WITHOUT_TIME.search(plain) else " 00:00"
    return parse_header(f"{plain}{clock} - x: y")


def _without_zone(match: re.Match[str]) -> str:
    return "" if match[1] or match[3] in _HOURS else match[0]


def _zone(written: str) -> tzinfo | None:
    """The zone at the end of a time, None if there is none that is known."""
    match = _ZONE.search(clean_marks(written).strip())
    if match and match[1]:
        hours = int(match[1])
        minutes = int(match[2] or 0) * (-1 if match[1].startswith("-") else 1)
        return timezone(timedelta(hours=hours, minutes=minutes)) if abs(hours) < 24 else None
    return timezone(timedelta(hours=_HOURS[match[3]])) if match and match[3] in _HOURS else None
