"""How an answer and what was recalled for it are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.text import Text

from memory.cli.recalling import NOTHING_RELEVANT, recollection_json
from memory.cli.screen import in_one_line, output, safe
from memory.dates import readable
from memory.recall.names import shown, who
from memory.recall.ranking import Recollection

__all__ = ["exchange_json", "show_recalled", "type_out"]


def exchange_json(question: str, recalled: Sequence[Recollection], answer: str) -> dict[str, Any]:
    """A question, what was recalled for it, and the answer, for programs."""
    memories = [recollection_json(each) for each in recalled]
    return {"question": question, "memories": memories, "answer": answer}


def show_recalled(recalled: Sequence[Recollection]) -> None:
    """One line for each memory that the model is given, cut to the width of the screen."""
    console = output()
    if not recalled:
        console.print(Text(f"  {NOTHING_RELEVANT}", "dim"))
    for recollection in recalled:
        record = recollection.record
        origin = who(record) or shown(record.source)
        line = in_one_line(f"{readable(record.said_at)} {origin}: {record.text}")
        console.print(Text(f"  {line}", "dim"), no_wrap=True, overflow="ellipsis")


def type_out(pieces: Iterable[str]) -> None:
    """Show an answer while it comes; the line ends also where the answer is broken off."""
    try:
        for piece in pieces:
            click.echo(safe(piece), nl=False)
    finally:
        click.echo()
