"""Commands that look at what is stored: sources, show, stats."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click
from rich.console import RenderableType
from rich.text import Text

from memory.cli.options import command
from memory.cli.screen import Verbatim, record_json, safe, table
from memory.cli.settings import Settings, known_namespace
from memory.dates import readable
from store.errors import InvalidInput
from store.types import Record

__all__ = ["show", "sources", "stats"]


@command("sources", "remem sources", "remem sources --namespace work --json")
@click.pass_obj
def sources(settings: Settings) -> None:
    """List the sessions and documents of a namespace."""
    with known_namespace(settings.look()) as memory:
        found = memory.sources()
    rows = [
        (each.source, each.records, _here(each.first_said_at), _here(each.last_said_at))
        for each in found
    ]
    settings.show(
        [asdict(each) for each in found], table(("Source", "Records", "From", "To"), rows)
    )


@command("show", "remem show KEY", "remem show KEY --radius 5")
@click.argument("key")
@click.option(
    "--radius",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="How many records before and after it",
)
@click.pass_obj
def show(settings: Settings, key: str, radius: int) -> None:
    """Show a memory whole, with what was said around it.

    Every field, its earlier versions, and its neighbours in the same session or document.
    """
    with known_namespace(settings.look()) as memory:
        record = memory.get(key)
        if record is None:
            raise InvalidInput(
                f"there is no record {key!r} in the namespace {memory.namespace!r}; "
                "'remem search' shows the keys"
            )
        versions = memory.history(key)
        around = memory.neighbors(key, radius)
    settings.show(
        {
            "record": record_json(record),
            "history": [record_json(each) for each in versions],
            "neighbors": [record_json(each) for each in around],
        },
        _fields(record),
        Verbatim(record.text + "\n", "bold"),
        *_section("Versions", versions if len(versions) > 1 else [], key),
        *_section("Around it", around, key),
    )


@command("stats", "remem stats", "remem stats --json")
@click.pass_obj
def stats(settings: Settings) -> None:
    """Count records by namespace, and bytes."""
    with settings.look() as memory:
        found = memory.stats()
    space = found.space
    vectors = f"{space.dim} dimensions, {space.fingerprint:.40}" if space else "none yet"
    settings.show(
        asdict(found),
        Text(f"Store    {safe(found.url)}"),
        Text(f"Vectors  {safe(vectors)}"),
        Text(f"On disk  {_bytes(found.bytes_on_disk)}\n"),
        table(("Namespace", "Records"), sorted(found.records.items())),
    )


def _here(moment: datetime | None) -> datetime | None:
    """A moment at the clock of this machine: a source has none of its own."""
    return moment and moment.astimezone()


def _fields(record: Record) -> Text:
    """The fields but the text that have a value, one a line."""
    named = {
        "Key": record.key,
        "Source": f"{record.source}, position {record.position}",
        "Kind": record.kind,
        "Who": " / ".join(filter(None, (record.speaker, record.role))),
        "Origin": record.origin,
        "Said": record.said_at and f"{readable(record.said_at)} {record.said_at:%z}",
        "Stored": record.stored_at and f"{readable(record.stored_at)} {record.stored_at:%z}",
        "Expires": record.expires_at and f"{readable(record.expires_at)} {record.expires_at:%z}",
        "Replaced": record.valid_to and f"{readable(record.valid_to)} by {record.superseded_by}",
        **{name: str(value) for name, value in record.metadata.items()},
    }
    result = Text()
    for name, value in named.items():
        if value:
            result.append(f"{safe(name):10}", "dim").append(safe(value) + "\n")
    return result


def _section(title: str, records: list[Record], key: str) -> list[RenderableType]:
    lines = [
        Verbatim(
            f"{'>' if each.key == key else ' '} {readable(each.said_at)}  "
            f"{each.speaker or each.role or each.kind}: {each.text}",
            "" if each.key == key else "dim",
        )
        for each in records
    ]
    return [Text(title, "bold"), *lines, Text()] if lines else []


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
