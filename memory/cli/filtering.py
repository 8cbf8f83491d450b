"""The options that narrow a search down, and the filter that they mean together."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce, wraps
from typing import Any, TypeVar

import click

from memory.dates import earliest, latest
from store.errors import InvalidInput
from store.filters import And, F, Filter, Not, Or, Range, parse_filter

__all__ = ["filter_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--speaker", multiple=True, metavar="NAME", help="Said by NAME (repeat for more)"),
    click.option("--source", multiple=True, metavar="SOURCE", help="From this session or document"),
    click.option("--kind", multiple=True, metavar="KIND", help="turn, passage or note"),
    click.option(
        "--origin", multiple=True, metavar="ORIGIN", help="person, assistant, tool, document or web"
    ),
    click.option("--since", metavar="DATE", help="Said on or after, like 2024-03 or yesterday"),
    click.option("--until", metavar="DATE", help="Said on or before"),
    click.option("--where", metavar="JSON", help='A filter, like \'{"metadata.topic": "lease"}\''),
)


def filter_options(function: _Command) -> Callable[..., Any]:
    """Give a command the filter options; it receives the filter (or None) as ``where``."""

    @wraps(function)
    def narrowed(
        *args: Any,
        speaker: tuple[str, ...],
        source: tuple[str, ...],
        kind: tuple[str, ...],
        origin: tuple[str, ...],
        since: str | None,
        until: str | None,
        where: str | None,
        **options: Any,
    ) -> Any:
        named = {"speaker": speaker, "source": source, "kind": kind, "origin": origin}
        parts: list[Filter] = [F(name).in_(values) for name, values in named.items() if values]
        if since or until:
            low, high = since and earliest(since), until and latest(until)
            parts.append(Range("said_at", low or None, high or None))
        if where is not None:
            parts.append(_parse(where))
        return function(*args, where=And(tuple(parts)) if parts else None, **options)

    return reduce(lambda command, option: option(command), reversed(_OPTIONS), narrowed)


def _parse(where: str) -> Filter:
    try:
        parsed = parse_filter(json.loads(where))
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f'--where is not JSON ({error}); write it like \'{{"speaker": "Nora"}}\''
        ) from None
    # It would match everything, which nobody writes on purpose, least of all to forget it.
    if not _has_condition(parsed):
        raise InvalidInput(
            '--where has no condition; leave it out, or write it like \'{"speaker": "Nora"}\''
        )
    return parsed


def _has_condition(where: Filter) -> bool:
    if isinstance(where, (And, Or)):
        return any(map(_has_condition, where.parts))
    return _has_condition(where.part) if isinstance(where, Not) else True
