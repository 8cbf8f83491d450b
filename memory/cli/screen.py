"""Output for a terminal: safe text, tables that fit, colour only where someone sees it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import IO, Any

import click
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from remem.dates import readable
from remem.recall.names import shown_key

Moves = Callable[..., None]
"""A function that moves a bar: takes ``completed``, ``total`` and fields of the columns."""

# Whoever wrote a memory must not steer the terminal of whoever reads it: no escape sequences, no
# control characters but tab and newline, no marks that turn the direction of writing around.
# What is not a whole sequence loses its control character only, so that no words vanish with it.
_SEQUENCES = re.compile(r"\x1b(?:\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PIPED_WIDTH = 100


class Verbatim:
    """A text of its own lines that is printed as it is, tabs and indentation included."""

    def __init__(self, text: str, style: str = "") -> None:
        self._text = safe(text)
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield Segment(self._text + "\n", console.get_style(self._style))


class Paragraph:
    """A text that is wrapped to the width of the screen.

    Args:
        indent: Columns in front of all its lines.
        label: Words in these columns of the first line.
    """

    def __init__(self, text: str, style: str = "", indent: int = 0, label: str = "") -> None:
        self._text = Text(safe(text), style)
        self._indent = indent
        self._label = label

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for place, line in enumerate(self._text.wrap(console, options.max_width - self._indent)):
            line.rstrip()
            before = "" if place else self._label
            yield Text(f"{before:<{self._indent}}", self._text.style).append_text(line)


def safe(text: str) -> str:
    """``text`` without anything that a terminal would obey instead of show."""
    return _CONTROLS.sub("", _SEQUENCES.sub("", text))


def in_one_line(text: str) -> str:
    """The same, with a space for each run of white space."""
    return " ".join(safe(text).split())


def output() -> Console:
    """The console of standard output."""
    return _console(sys.stdout)


def errors() -> Console:
    """The console of standard error: progress, problems, questions."""
    return _console(sys.stderr)


def _console(stream: IO[str]) -> Console:
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def print_out(*parts: RenderableType) -> None:
    """Print for people, to standard output."""
    console = output()
    for part in parts:
        # Text keeps its own lines, so that what is piped on is what was remembered.
        console.print(part, soft_wrap=isinstance(part, (str, Text, Verbatim)))


def complain(message: str) -> None:
    """Say one thing on standard error, in one line."""
    click.echo(f"remem: {' '.join(safe(message).splitlines())}", err=True)


def counted(count: int, noun: str) -> str:
    """A number with what it counts: "1 record", "1,200 records"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def readable_bytes(count: int) -> str:
    """A number of bytes in three digits or so."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def confirmed(question: str) -> bool:
    """Ask on standard error; no, if nobody is there to answer."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        return False


@contextmanager
def progress_bar(
    title: str, *columns: ProgressColumn, total: float | None = None, **fields: Any
) -> Iterator[Moves]:
    """A bar on standard error, where someone sees it; yields what moves it.

    Args:
        columns: What to show between the bar and the time that remains.
        total: Steps until it is done; None: not known yet.
        fields: First values of what the columns show.
    """
    console = errors()
    described = TextColumn("{task.description}", markup=False)  # a file may be called [/b]
    # What turns shows that it works, also while a model is loaded and nothing is counted.
    shown = (SpinnerColumn(), described, BarColumn(), *columns, TimeRemainingColumn())
    with Progress(
        *shown, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(safe(title), total=total, **fields)
        yield partial(progress.update, task)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on standard error, where someone sees it, for as long as the block takes."""
    with errors().status(f"{what} ..."):
        yield


def begun(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of an answer, with a sign of life until the first one comes."""
    stream = iter(pieces)
    with working("The model is answering"):
        first = next(stream, None)
    if first is not None:
        yield first
        yield from stream


def print_json(data: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(data, indent=2, default=_jsonable))


def write_json_line(data: Any) -> None:
    """Print one line of JSON Lines, at once."""
    click.echo(json.dumps(data, default=_jsonable))
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Rows under headings; numbers stand to the right, dates are written for people."""
    rows = list(rows)
    result = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for index, heading in enumerate(columns):
        numbers = bool(rows) and isinstance(rows[0][index], int)
        result.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        result.add_row(*map(_cell, row))
    return result


def with_key(words: str, key: str) -> Text:
    """Words, and below them the key that they have: whole, where a column of its own would be so
    narrow that a key is broken, and nobody could copy it."""
    return Text(in_one_line(words)).append(f"\n{shown_key(key)}", "dim")


def _cell(value: Any) -> RenderableType:
    if isinstance(value, Text):
        return value
    if isinstance(value, datetime):
        return Text(readable(value))
    if isinstance(value, int):
        return f"{value:,}"
    # A second line would look like a row of its own.
    return Text("" if value is None else in_one_line(str(value)))


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if hasattr(value, "keys") else list(value)


def print_result(as_json: bool, data: Any, *parts: RenderableType) -> None:
    """Print one JSON document, or the same for people."""
    if as_json:
        print_json(data)
    else:
        print_out(*parts)
