"""Commands that look after a store: verify, rebuild, reindex; and shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class
from rich.progress import MofNCompleteColumn
from rich.text import Text

from remem.cli.options import command
from remem.cli.screen import Verbatim, counted, print_result, progress_bar, safe, working
from remem.configuration import Settings


@command("verify", "remem verify", "remem verify --store backup/remem --json")
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check the records, and every index against them.

    The exit code is 1 if something is wrong.
    """
    settings: Settings = ctx.obj
    with working("Comparing records and indexes"), settings.look() as memory:
        found = memory.verify()
    print_result(
        settings.as_json,
        {"ok": found.ok, "records": found.records, "problems": found.problems},
        f"{counted(found.records, 'record')} checked; {counted(len(found.problems), 'problem')}.",
        *(Text(f"- {safe(problem)}", "red") for problem in found.problems),
    )
    ctx.exit(0 if found.ok else 1)


@command("rebuild", "remem rebuild")
@click.pass_obj
def rebuild(settings: Settings) -> None:
    """Make all indexes again from the records."""
    with working("Making the indexes"), settings.look() as memory:
        memory.rebuild()
        records = sum(memory.stats().records.values())
    print_result(
        settings.as_json,
        {"records": records},
        f"Indexes rebuilt from {counted(records, 'record')}.",
    )


@command("reindex", "remem reindex BAAI/bge-small-en-v1.5", "remem reindex ./my-model")
@click.argument("model", required=False)
@click.pass_obj
def reindex(settings: Settings, model: str | None) -> None:
    """Encode everything again with MODEL and switch to it.

    Without MODEL, with the encoder of --encoder or REMEM_ENCODER, else with the one that remem
    brings along. Interrupted, it goes on where it was.
    """
    from remem.encoders.opening import open_encoder

    name = model or settings.encoder or settings.usual_encoder
    encoder = open_encoder(name)
    with settings.look() as memory, progress_bar("Encoding", MofNCompleteColumn()) as move:
        memory.reindex(encoder, lambda done, total: move(completed=done, total=total))
        space = memory.stats().space
    print_result(
        settings.as_json,
        {"fingerprint": space and space.fingerprint, "dim": space and space.dim},
        Text(f"All memories are encoded by {safe(name or 'the bundled encoder')} now."),
    )


@command("completion", 'eval "$(remem completion bash)"', "remem completion fish | source")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands."""
    settings: Settings = ctx.obj
    complete = get_completion_class(shell)
    assert complete is not None, "click knows every shell of the choice"
    script = complete(ctx.find_root().command, {}, "remem", "_REMEM_COMPLETE").source()
    print_result(settings.as_json, {"shell": shell, "script": script}, Verbatim(script))
