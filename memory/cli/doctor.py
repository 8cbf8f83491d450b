"""``remem doctor``: an examination of the installation, and advice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from remem.cli.options import command
from remem.cli.screen import Paragraph, errors, print_json, print_out
from remem.configuration import Settings

if TYPE_CHECKING:
    from remem.doctor import Finding

_WIDTH = 11


@command("doctor", "remem doctor", "remem doctor --json")
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check whether all works and how fast, and say what to do.

    Looks at versions, store, indexes, disk, encoder and the models that could answer. Nothing is
    changed, and nothing leaves this machine. The exit code is 1 if something does not work.
    """
    settings: Settings = ctx.obj
    found = []
    with errors().status("Loading ...") as status:
        from remem.doctor import examined

        for finding in examined(settings):
            found.append(finding)
            if not settings.as_json:
                print_out(*_shown(finding))
            status.update(f"Looked at {finding.about} ...")
    if settings.as_json:
        print_json([asdict(each) for each in found])
    ctx.exit(0 if all(each.ok for each in found) else 1)


def _shown(finding: Finding) -> Iterator[RenderableType]:
    style = "" if finding.ok else "red"
    yield Paragraph(finding.found, style, indent=_WIDTH, label=finding.about)
    if finding.advice:
        yield Paragraph(f"→ {finding.advice}", "yellow", indent=_WIDTH)
