"""The program: its commands, and how every failure becomes one sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from memory.cli import (
    demo,
    keys,
    looking,
    mcp,
    recalling,
    serving,
    talking,
    transfer,
    upkeep,
    writing,
)
from memory.cli.options import shared_options
from memory.cli.plugins import plugin, plugin_names
from memory.cli.screen import complain
from memory.cli.settings import settings_from_environment
from store.errors import RememError

__all__ = ["program", "run"]

_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}


class _Program(click.Group):
    """Lists its commands in the order in which a user needs them, those of other packages last."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, as they were added."""
        return list(dict.fromkeys([*self.commands, *plugin_names()]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        return super().get_command(ctx, cmd_name) or plugin(cmd_name)


@click.group(
    "remem",
    cls=_Program,
    params=shared_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'remem demo'. 'remem COMMAND --help' shows examples. Exit codes: 0 done, "
    "1 failed, 2 wrong usage, 3 done but something was skipped, 130 interrupted.",
)
@click.version_option(package_name="remem", message="remem %(version)s")
def program() -> None:
    """Long-term memory for language models: what was said, word for word, found when it matters."""


for each in (
    demo.demo,
    transfer.import_,
    writing.add,
    recalling.search,
    recalling.context,
    recalling.why,
    talking.ask,
    talking.chat,
    mcp.mcp,
    serving.serve,
    keys.keys,
    looking.sources,
    looking.show,
    looking.stats,
    writing.update,
    writing.delete,
    writing.forget,
    transfer.export,
    transfer.migrate,
    upkeep.verify,
    upkeep.rebuild,
    upkeep.reindex,
    upkeep.completion,
):
    program.add_command(each)


def run(arguments: Sequence[str], command: click.Command = program) -> int:
    """Run ``remem``, or a command that can stand alone, and return the exit code.

    Raises:
        KeyboardInterrupt: the user stopped it.
    """
    debug = "--debug" in arguments
    _stand_in_for_closed_streams()
    _hush_libraries(debug)
    try:
        code = command.main(
            list(arguments), command.name, standalone_mode=False, obj=settings_from_environment()
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        # The reader of our output is gone, so Python must not try to flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        complain(_sentence(error))
        return 1


def _sentence(error: Exception) -> str:
    if isinstance(error, RememError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"{error.filename}: {reason}" if error.filename else reason
    if isinstance(error, UnicodeError):
        return f"what was read is not UTF-8 ({error}); convert it first"
    if isinstance(error, sqlite3.Error):
        return f"the store's database reports: {error}; 'remem verify' checks it"
    name = type(error).__name__
    return f"failed unexpectedly ({name}: {error}); --debug shows where, please report it"


def _stand_in_for_closed_streams() -> None:
    """Where a shell closed a stream (``>&-``), nothing is read or written, and no file of a store
    takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def _hush_libraries(debug: bool) -> None:
    """Keep what libraries say about themselves off the user's terminal; remem speaks for them."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    logging.basicConfig(format="remem: %(message)s", level=logging.ERROR)
    for name in ("memory", "store"):
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.WARNING)
    if not debug:
        warnings.simplefilter("ignore")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
