"""Expressions of time in a question, resolved against when it is asked."""

from remem.recall.reading.dates.spans import Span, time_spans

__all__ = ["Span", "time_spans"]
