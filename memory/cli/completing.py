"""Names that a shell completes: of namespaces, speakers, sources and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from remem.configuration import Settings
from remem.recall.names import shown

if TYPE_CHECKING:
    from remem.memory import Memory

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_MOST = 50
_EVER = tuple(datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1, 9999))

KINDS = ("turn", "passage", "note", "call")
ORIGINS = ("person", "assistant", "tool", "document", "web")


def completed(names: Callable[[Memory], Iterable[str]]) -> Complete:
    """A completion by names that a memory has; without a store, or with one that cannot be read,
    there are none."""

    def complete(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        settings = ctx.obj if isinstance(ctx.obj, Settings) else Settings()
        try:
            with settings.look() as memory:
                return _beginning(begun, names(memory))
        except Exception:  # a shell shows no errors, and a user who types needs none
            return []

    return complete


def among(names: Iterable[str]) -> Complete:
    """A completion by names that are known."""
    known = tuple(names)
    return lambda _ctx, _param, begun: _beginning(begun, known)


def _beginning(begun: str, names: Iterable[str]) -> list[CompletionItem]:
    fitting = sorted({name for name in map(shown, names) if name.startswith(begun)})
    return [CompletionItem(name) for name in fitting[:_MOST]]


namespaces = completed(lambda memory: memory.namespaces())
sources = completed(lambda memory: (each.source for each in memory.sources()))
speakers = completed(lambda memory: filter(None, memory.tally(_EVER)))
kinds = among(KINDS)
origins = among(ORIGINS)
