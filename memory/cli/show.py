"""Commands that look at what is stored: sources, show, stats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType
from rich.text import Text

from remem.cli.options import command, number_option
from remem.cli.screen import (
    Paragraph,
    Verbatim,
    in_one_line,
    print_result,
    readable_bytes,
    safe,
    table,
    with_key,
    working,
)
from remem.configuration import Settings, known_namespace
from remem.dates import readable
from remem.lookup import key_of
from remem.recall.names import shown, shown_key, title_of, who
from remem.recall.order.truth import Supersession
from remem.store import F, SourceInfo
from remem.store.types import Record
from remem.transfer import record_json
from remem.uses.gaps import InVain, Share, Stale

if TYPE_CHECKING:
    from remem.memory import Memory


@command("sources", "remem sources", "remem sources --namespace work --json")
@click.pass_obj
def sources(settings: Settings) -> None:
    """List the sessions and documents of a namespace."""
    with working("Reading"), known_namespace(settings.look()) as memory:
        found = [_with_title(memory, each) for each in memory.sources()]
    rows = [
        (_named(each, title), each.records, each.first_said_at, each.last_said_at)
        for each, title in found
    ]
    print_result(
        settings.as_json,
        [{**asdict(each), "title": title} for each, title in found],
        table(("Source", "Records", "From", "To"), rows),
    )


def _named(source: SourceInfo, title: str) -> str:
    """The name of a source, below its title if it has one."""
    return "\n".join(filter(None, (title, shown(source.source))))


@command("show", "remem show KEY", "remem show KEY --radius 5")
@click.argument("key")
@number_option("--radius", default=2, least=0, help="How many records before and after it")
@click.pass_obj
def show(settings: Settings, key: str, radius: int) -> None:
    """Show a memory whole, with what was said around it.

    Every field, its earlier versions, and its neighbours in the same session or document.
    """
    with known_namespace(settings.look()) as memory:
        advice = f" in the namespace {memory.namespace!r}; 'remem search' shows the keys"
        key = key_of(memory, key, advice)
        around = memory.neighbors(key, radius)
        versions = memory.history(key)
        record = next(each for each in versions if each.key == key)
    print_result(
        settings.as_json,
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


@command("history", "remem history", "remem history KEY")
@click.argument("key", required=False)
@click.pass_obj
def history(settings: Settings, key: str | None) -> None:
    """List what newer statements supersede, and since when.

    'remem undo' takes it back. With a KEY: what it supersedes and what supersedes it, and its
    earlier versions.
    """
    with working("Reading"), known_namespace(settings.look()) as memory:
        found = memory.supersessions()
        versions: list[Record] = []
        if key is not None:
            key = key_of(memory, key, f" in the namespace {memory.namespace!r}")
            found = [one for one in found if one.involves(key)]
            versions = memory.history(key)
    rows = [
        (one.about, with_key(one.older.text, one.older.key), one.since, one.newer.text)
        for one in found
    ]
    print_result(
        settings.as_json,
        {
            "supersessions": [_supersession_json(one) for one in found],
            "versions": [record_json(each) for each in versions],
        },
        table(("About", "Was", "Until", "Since then"), rows)
        if rows
        else Text("Nothing is superseded."),
        *_section("Versions", versions if len(versions) > 1 else [], key or ""),
    )


def _supersession_json(one: Supersession) -> dict[str, Any]:
    """A supersession for programs."""
    return {
        "about": one.about,
        "until": one.since,
        "older": record_json(one.older),
        "newer": record_json(one.newer),
    }


@command(
    "stats",
    "remem stats",
    "remem stats --json",
    "remem stats --gaps --namespace nora",
    "remem stats --gaps --keep-questions",
)
@click.option("--gaps", is_flag=True, help="What the memory of the namespace lacks, instead")
@click.option(
    "--keep-questions/--forget-questions",
    "keep",
    default=None,
    help="From now on keep questions that find nothing, on this machine only; or no more, and "
    "remove those that were kept (--gaps)",
)
@click.pass_obj
def stats(settings: Settings, gaps: bool, keep: bool | None) -> None:
    """Count records by namespace, and bytes.

    With --gaps: of whom, from where and of which months there is little or much; facts that were
    stated more than a year ago and never since; and, once you agreed with --keep-questions, what
    was asked and found nothing, then and now.
    """
    if keep is not None and not gaps:
        raise click.UsageError("questions are kept for --gaps; give it, too")
    if gaps:
        _show_gaps(settings, keep)
    else:
        _show_stats(settings)


def _show_stats(settings: Settings) -> None:
    from remem.encoders.opening import encoder_label

    with settings.look() as memory:
        found = memory.stats()
    space = found.space
    vectors = f"{space.dim} dimensions, {encoder_label(space)}" if space else "none yet"
    print_result(
        settings.as_json,
        asdict(found),
        Text(f"Store    {safe(found.url)}"),
        Text(f"Vectors  {safe(vectors)}"),
        Text(f"On disk  {readable_bytes(found.bytes_on_disk)}\n"),
        table(
            ("Namespace", "Records"),
            [(shown(name), count) for name, count in sorted(found.records.items())],
        ),
    )


def _with_title(memory: Memory, source: SourceInfo) -> tuple[SourceInfo, str]:
    """A source with its times at the clock of whoever said them, as a search shows them, and its
    title."""
    first = next(memory.scan(F("source") == source.source), None)
    last = next(iter(memory.last(source.source, 1)), None)
    title = title_of(last) if last else ""
    zones = [one.said_at.tzinfo for one in (first, last) if one and one.said_at]
    if not zones or source.first_said_at is None or source.last_said_at is None:
        return source, title
    at_its_clock = replace(
        source,
        first_said_at=source.first_said_at.astimezone(zones[0]),
        last_said_at=source.last_said_at.astimezone(zones[-1]),
    )
    return at_its_clock, title


def _show_gaps(settings: Settings, keep: bool | None) -> None:
    if keep is not None:
        (settings.unanswered.agree if keep else settings.unanswered.forget)()
    with settings.recall() as memory:
        found = memory.gaps()
    agreed = settings.unanswered.is_agreed
    print_result(
        settings.as_json,
        {
            "people": [*map(asdict, found.people)],
            "origins": [*map(asdict, found.origins)],
            "sources": [*map(asdict, found.sources)],
            "silent_months": found.silent_months,
            "stale": [
                {"about": one.about, "days": one.days, "record": record_json(one.record)}
                for one in found.stale
            ],
            "questions_kept": agreed,
            "in_vain": [*map(asdict, found.in_vain)],
        },
        *_share_table("Who speaks", found.people),
        *_share_table("Where it comes from", found.origins),
        *_share_table("Sessions and documents", found.sources),
        *_titled(
            "Nothing is remembered of",
            [Text(", ".join(found.silent_months))] if found.silent_months else [],
        ),
        *_titled(
            "Stated more than a year ago, and never since",
            [table(("About", "Statement", "Said"), list(map(_stale_row, found.stale)))]
            if found.stale
            else [],
        ),
        *_titled("Asked, and never answered", _in_vain(found.in_vain, agreed)),
    )


_SHOWN = 10


def _share_table(title: str, shares: Sequence[Share]) -> list[RenderableType]:
    rows = [
        (shown(one.name), one.records, f"{one.share:.1%}", _here(one.last), one.standing)
        for one in shares[:_SHOWN]
    ]
    return _titled(title, [table(("", "Records", "Share", "Last", ""), rows)] if rows else [])


def _stale_row(one: Stale) -> tuple[Any, ...]:
    record = one.record
    speaker = who(record)
    return (
        f"{one.about} ({speaker})" if speaker else one.about,
        with_key(record.text[:_MOST_SHOWN], record.key),
        record.said_at,
    )


_MOST_SHOWN = 200
"""Characters of a statement; 'remem show' has all."""


def _in_vain(asked: Sequence[InVain], agreed: bool) -> list[RenderableType]:
    if not agreed:
        how = "Questions are not kept; --keep-questions keeps those that find nothing."
        return [Paragraph(how)]
    rows = [(one.question, one.times, _here(one.last)) for one in asked]
    nothing = Text("Nothing, since questions are kept.")
    return [table(("Question", "Times", "Last"), rows) if rows else nothing]


def _titled(title: str, parts: list[RenderableType]) -> list[RenderableType]:
    return [Text(title, "bold"), *parts, Text()] if parts else []


def _here(moment: datetime | None) -> datetime | None:
    """A moment at the clock of this machine: a source has none of its own."""
    return moment and moment.astimezone()


def _fields(record: Record) -> Text:
    """The fields but the text that have a value, one a line."""
    named = {
        "Key": shown_key(record.key),
        "Source": f"{shown(record.source)}, position {record.position}",
        "Kind": shown(record.kind),
        "Who": " / ".join(shown(name) for name in (record.speaker, record.role) if name),
        "Origin": record.origin and shown(record.origin),
        "Said": record.said_at and f"{readable(record.said_at)} {record.said_at:%z}",
        "Stored": record.stored_at and f"{readable(record.stored_at)} {record.stored_at:%z}",
        "Expires": record.expires_at and f"{readable(record.expires_at)} {record.expires_at:%z}",
        "Replaced": record.valid_to and f"{readable(record.valid_to)} by {_successor(record)}",
        # Under the name that a filter has, and not under one of the fields above.
        **{f"metadata.{shown(name)}": str(value) for name, value in record.metadata.items()},
    }
    result = Text()
    for name, value in named.items():
        if value:
            result.append(f"{name:<9} ", "dim").append(in_one_line(value) + "\n")
    return result


def _successor(record: Record) -> str:
    return shown_key(record.superseded_by or "")


def _section(title: str, records: list[Record], key: str) -> list[RenderableType]:
    lines = [
        Verbatim(
            f"{'>' if each.key == key else ' '} {readable(each.said_at)}  "
            f"{who(each) or shown(each.kind)}: {each.text}".replace("\n", "\n      "),
            "" if each.key == key else "dim",
        )
        for each in records
    ]
    return [Text(title, "bold"), *lines, Text()] if lines else []
