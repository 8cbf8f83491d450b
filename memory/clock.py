"""What time it is, for what was said just now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from store import Record

__all__ = ["dated", "now"]


def now() -> datetime:
    """The present in the local zone, so that a memory shows the time that its owner's clock did."""
    return datetime.now().astimezone()


def dated(record: Record) -> Record:
    """The record, said now if nobody knows when."""
    return record if record.said_at else replace(record, said_at=now())
