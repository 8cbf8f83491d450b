"""``remem where``: a list of what is kept on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import click

from remem.belongings import Belonging, belongings
from remem.cli.options import command
from remem.cli.screen import Paragraph, Verbatim, print_result, readable_bytes
from remem.configuration import Settings


@command("where", "remem where", "remem where --store ./friends.remem --json")
@click.pass_obj
def where(settings: Settings) -> None:
    """List what remem keeps on this machine, and where.

    'remem export --all -o FILE' backs the memories up, 'remem uninstall --everything' removes all
    that is listed.
    """
    found = belongings(settings.url)
    print_result(
        settings.as_json,
        [belonging_json(each) for each in found],
        shown_belongings(found) if found else "Nothing is kept on this machine yet.",
        Paragraph("\nBack it up: remem export --all -o backup.jsonl", "dim"),
        Paragraph("Remove it: remem uninstall --everything", "dim"),
    )


def shown_belongings(found: Sequence[Belonging]) -> Verbatim:
    """A list for people; a path stands on a line of its own, to be copied."""
    return Verbatim(
        "\n".join(f"{_size(each):>11}  {each.what}\n{'':13}{each.place}" for each in found)
    )


def _size(belonging: Belonging) -> str:
    return "on a server" if belonging.is_elsewhere else readable_bytes(belonging.bytes)


def belonging_json(belonging: Belonging) -> dict[str, object]:
    """A belonging for programs."""
    return {
        "what": belonging.what,
        "where": belonging.place,
        "bytes": None if belonging.is_elsewhere else belonging.bytes,
    }
