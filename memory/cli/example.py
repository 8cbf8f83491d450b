"""``remem example``: complete programs to begin with."""

from __future__ import annotations

from importlib.resources import files

import click

from remem.cli.options import command
from remem.cli.screen import Verbatim, print_result
from remem.configuration import Settings

EXAMPLES = ("chatbot", "proxy", "agent", "rag")


@command("example", "remem example chatbot > chatbot.py", "remem example rag > rag.py")
@click.argument("name", type=click.Choice(EXAMPLES))
@click.pass_obj
def example(settings: Settings, name: str) -> None:
    """Print a complete program to begin with.

    A chatbot, a proxy, an agent, or answers from documents. It uses the memories of the command
    line, and says what it needs.
    """
    program = files("remem.cli").joinpath(f"data/examples/{name}.py").read_text("utf-8")
    print_result(
        settings.as_json, {"name": name, "program": program}, Verbatim(program.rstrip("\n"))
    )
